/* Options, configuration, then the master or a subcommand. */
#include <event2/event.h>
#include <getopt.h>
#include <openssl/crypto.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/count.h"
#include "proxy/config/config.h"
#include "proxy/process/master.h"
#include "proxy/process/master_load.h"
#include "proxy/process/master_try.h"
#include "tools/rewrite.h"
#include "tools/score.h"

#ifndef POPGATE_CONFIG
#define POPGATE_CONFIG "/etc/popgate/proxy.conf"
#endif

enum { EXIT_USAGE = 2 };

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} tools[] = {{"score", tool_score}, {"rewrite", tool_rewrite}};

static const char usage[] =
    "usage: popgate [-c FILE]                 run in the foreground with FILE (default " POPGATE_CONFIG ")\n"
    "       popgate -t [-c FILE]              test the configuration and all it names\n"
    "       popgate -V, --version             print the versions of popgate and its libraries\n"
    "       popgate -h, --help                print this\n"
    "       popgate score -r RULES FILE...    score messages as the spam-score filter would (--explain: and why)\n"
    "       popgate score -r RULES --lint     say what is wrong with the rules, and which do not run\n"
    "       popgate rewrite -r RULES FILE...  print messages as the header-rewrite filter would leave them\n"
    "See popgate(8) and popgate.conf(5).\n";

static int
print_usage(void)
{
    (void)fputs(usage, stderr);
    return EXIT_USAGE;
}

static int
print_version(void)
{
    char pcre[64];

    (void)pcre2_config(PCRE2_CONFIG_VERSION, pcre);
    (void)printf("popgate %s\n%s\nPCRE2 %s\nlibevent %s\n", POPGATE_VERSION, OpenSSL_version(OPENSSL_VERSION), pcre,
                 event_get_version());
    return EXIT_SUCCESS;
}

static int
run(const char *file, bool test)
{
    struct error   error = {0};
    struct config *config;
    int            status;

    if (tls_start() != 0) {
        (void)fputs("popgate: OpenSSL has no random numbers, or no AES\n", stderr);
        return EXIT_FAILURE;
    }
    config = master_load(file, &error);
    if (config == NULL) {
        (void)fputs(error_text(&error), stderr);
        error_free(&error);
        return EXIT_FAILURE;
    }
    error_free(&error);
    if (!test)
        return master_run(config, file);
    master_try(config, &error);
    if (config->notes.len > 0)
        (void)fputs(config->notes.data, stderr);
    (void)fputs(error_notes(&error), stderr);
    (void)fputs(error_text(&error), stderr);
    status = error.count > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (status == EXIT_SUCCESS)
        (void)printf("%s: the configuration is valid\n", file);
    error_free(&error);
    config_free(&config);
    return status;
}

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

int
main(int argc, char **argv)
{
    const char *file = POPGATE_CONFIG;
    bool        test = false;
    int         option;

    for (size_t i = 0; argc > 1 && i < COUNT_OF(tools); i++)
        if (strcmp(argv[1], tools[i].name) == 0)
            return tools[i].run(argc - 1, argv + 1);
    while ((option = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            file = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'V':
            return print_version();
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            return print_usage();
        }
    }
    return optind < argc ? print_usage() : run(file, test);
}
