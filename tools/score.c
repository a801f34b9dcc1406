/* Reads each file up to what the filter holds by default, scores it, prints a line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "rules/score.h"
#include "tools/score.h"

enum { TEXT_MAX = 512 * 1024, READ_SIZE = 64 * 1024 };

static int
usage(void)
{
    fputs("usage: popgate score -r RULES [-r RULES]... FILE...\n", stderr);
    return 2;
}

/* 0; or -1 with errno. */
static int
read_text(const char *path, struct bytes *text)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int   result;

    if (file == NULL)
        return -1;
    while (text->len < TEXT_MAX) {
        size_t got = fread(bytes_reserve(text, READ_SIZE), 1, READ_SIZE, file);

        if (got == 0)
            break;
        text->len += got;
    }
    result = ferror(file) ? -1 : 0;
    if (file != stdin)
        (void)fclose(file);
    return result;
}

/* Three decimals at most, one at least. */
static void
print_score(double score)
{
    char   text[64];
    size_t len = (size_t)snprintf(text, sizeof text, "%.3f", score);

    while (text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
    fputs(text, stdout);
}

static int
score_file(const struct score_rules *rules, const char *path)
{
    struct bytes        text   = {0};
    struct mail         mail   = {0};
    struct score_result result = {0};

    if (read_text(path, &text) != 0) {
        fprintf(stderr, "popgate: %s: %s\n", path, strerror(errno));
        bytes_free(&text);
        return 1;
    }
    mail_parse(&mail, score_mail_settings(rules), bytes_span(&text));
    score_run(rules, &mail, &result);
    printf("%s\t", path);
    print_score(result.score);
    printf("\t%.*s\n", SPAN_ARG(bytes_span(&result.rules)));
    score_result_free(&result);
    mail_free(&mail);
    bytes_free(&text);
    return 0;
}

static int
score_files(const char *const *paths, size_t count, char **files)
{
    struct error        error  = {0};
    struct score_rules *rules  = score_load(paths, count, &error);
    int                 status = rules == NULL;

    fputs(error_text(&error), stderr);
    for (; rules != NULL && *files != NULL; files++)
        status |= score_file(rules, *files);
    if (fflush(stdout) != 0)
        status = 1;
    score_rules_free(&rules);
    error_free(&error);
    return status;
}

int
tool_score(int argc, char **argv)
{
    const char **paths = memory_resize_array(NULL, (size_t)argc + 1, sizeof *paths);
    size_t       count = 0;
    int          option, status;

    optind = 1;
    while ((option = getopt(argc, argv, "r:")) == 'r')
        paths[count++] = optarg;
    if (option != -1 || count == 0 || optind == argc)
        status = usage();
    else
        status = score_files(paths, count, argv + optind);
    free(paths);
    return status;
}
