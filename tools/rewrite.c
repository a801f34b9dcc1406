/* Runs a chain of one header-rewrite filter over each file, as message.c would. Line ends stay as they are in the file.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "filters/chain.h"
#include "filters/header_rewrite.h"
#include "rules/postfix/header_checks.h"
#include "tools/rewrite.h"

static const char usage[] = "usage: popgate rewrite -r RULES [-r RULES...] FILE...\n";

static int
read_message(const char *file, struct bytes *message)
{
    FILE  *stream = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    size_t got;
    int    failure;

    if (stream == NULL)
        return errno;
    do {
        got = fread(bytes_reserve(message, BUFSIZ), 1, BUFSIZ, stream);
        message->len += got;
    } while (got > 0);
    failure = ferror(stream) ? errno : 0;
    if (stream != stdin)
        (void)fclose(stream);
    return failure;
}

/* Octets that do not print are not sent to a terminal. */
static void
print_log(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    const char *file = context;

    (void)filter, (void)level;
    fprintf(stderr, "%s: ", file);
    for (; *line != '\0'; line++)
        (void)fputc(isprint((unsigned char)*line) ? *line : ' ', stderr);
    (void)fputc('\n', stderr);
}

static void
print(struct span text)
{
    if (text.len > 0)
        (void)fwrite(text.data, 1, text.len, stdout);
}

static void
rewrite_message(const struct chain *chain, const char *file, struct span message)
{
    static const struct message_info info   = {0};
    struct chain_host                host   = {.log = print_log, .context = (void *)file};
    struct message_report            report = {0};
    struct header_list               list   = {0};
    struct chain_run                *run    = chain_open(chain, &info, &report, &host);
    struct bytes                     header = {0};
    size_t                           length = headers_parse(&list, message);

    (void)chain_headers(run, &list);
    headers_write(&list, &header);
    print(bytes_span(&header));
    print(span_tail(message, length));
    bytes_free(&header);
    headers_free(&list);
    chain_close(&run);
}

static int
rewrite_files(const struct header_rewrite *conf, char **files)
{
    struct chain_filter setup = {
        &header_rewrite_module, header_rewrite_module.name, (void *)conf, CHAIN_PASS, CHAIN_TIME_DEFAULT, 0};
    const struct chain_filter *filter  = &setup;
    struct chain               chain   = {&filter, 1};
    struct bytes               message = {0};
    int                        status  = 0;

    for (; *files != NULL; files++) {
        int failure;

        bytes_clear(&message);
        failure = read_message(*files, &message);
        if (failure == 0) {
            rewrite_message(&chain, *files, bytes_span(&message));
        } else {
            fprintf(stderr, "%s: %s\n", *files, strerror(failure));
            status = 1;
        }
    }
    bytes_free(&message);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "standard output: %s\n", strerror(errno));
        status = 1;
    }
    return status;
}

static int
load_and_rewrite(struct header_rewrite *conf, char **files)
{
    struct error error  = {0};
    int          status = 1;

    conf->checks = header_checks_load(conf->rules.items, conf->rules.count, &error);
    if (conf->checks != NULL)
        status = rewrite_files(conf, files);
    (void)fputs(error_text(&error), stderr);
    header_checks_free(&conf->checks);
    error_free(&error);
    return status;
}

int
tool_rewrite(int argc, char **argv)
{
    struct header_rewrite conf   = {0};
    int                   status = 2, option;

    conf.rules.items = memory_new((size_t)argc * sizeof(*conf.rules.items));
    optind           = 1;
    while ((option = getopt(argc, argv, "+r:")) == 'r')
        conf.rules.items[conf.rules.count++] = optarg;
    if (option != -1 || conf.rules.count == 0 || optind >= argc)
        (void)fputs(usage, stderr);
    else
        status = load_and_rewrite(&conf, argv + optind);
    free(conf.rules.items);
    return status;
}
