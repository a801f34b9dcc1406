/* The rules are loaded once; then each message is scored and a line printed as it comes. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "filters/chain.h"
#include "rules/spamassassin/score.h"
#include "tools/explain.h"
#include "tools/mail_files.h"
#include "tools/progress.h"
#include "tools/score.h"

struct options {
    const char **rules;
    size_t       rule_count;
    int          explain, subrules, lint; /* flags */
};

struct scorer {
    struct mail_files         files;
    const struct options     *options;
    const struct score_rules *rules;
    struct score_result       result;
    struct explain            explain;
    struct bytes              subrules; /* of the message at hand */
    struct progress           progress;
    int                       status; /* to exit with */
};

static const char usage[] = "usage: popgate score -r RULES [-r RULES]... [--explain] [--subrules] FILE...\n"
                            "       popgate score -r RULES [-r RULES]... --lint\n"
                            "FILE is a message, an mbox, a Maildir, a folder of messages, or - for standard input.\n";

static void
take_hit(void *context, const struct score_hit *hit)
{
    struct scorer *scorer = context;

    if (hit->silent && !scorer->options->subrules)
        return;
    if (scorer->options->explain)
        explain_add(&scorer->explain, hit);
    if (!hit->silent)
        return;
    if (scorer->subrules.len > 0)
        bytes_add_char(&scorer->subrules, ',');
    bytes_add(&scorer->subrules, span_of(hit->name));
}

static void
score_text(struct scorer *scorer, const struct mbox_message *message)
{
    struct mail   mail   = {0};
    struct budget budget = {0};

    bytes_clear(&scorer->subrules);
    budget_begin(&budget, CHAIN_TIME_DEFAULT * 1000);
    (message->cut ? mail_parse_cut : mail_parse)(&mail, score_mail_settings(scorer->rules), message->text);
    if (scorer->options->explain || scorer->options->subrules)
        score_explain(scorer->rules, &mail, &scorer->result, take_hit, scorer);
    else
        score_run(scorer->rules, &mail, &scorer->result);
    budget_end(&budget);
    mail_free(&mail);
}

/* Three decimals at most, one at least. */
static void
print_score(double score)
{
    char   text[64];
    size_t len = (size_t)snprintf(text, sizeof(text), "%.3f", score);

    while (text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
    fputs(text, stdout);
}

static bool
score_message(struct mail_files *files, const char *name, const struct mbox_message *message)
{
    struct scorer *scorer = container_of(files, struct scorer, files);

    score_text(scorer, message);
    progress_hide(&scorer->progress);
    printf("%s\t", name);
    print_score(scorer->result.score);
    printf("\t%.*s", SPAN_ARG(bytes_span(&scorer->result.rules)));
    if (scorer->options->subrules)
        printf("\t%.*s", SPAN_ARG(bytes_span(&scorer->subrules)));
    (void)putchar('\n');
    explain_write(&scorer->explain, stdout);
    progress_count(&scorer->progress);
    return !ferror(stdout);
}

static void
say_unreadable(struct mail_files *files, const char *name, int error)
{
    struct scorer *scorer = container_of(files, struct scorer, files);

    progress_hide(&scorer->progress);
    fprintf(stderr, "popgate: %s: %s\n", name, strerror(error));
    scorer->status = 1;
}

/* It is no error if the reader has gone away. */
static int
finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    if (errno != EPIPE)
        fprintf(stderr, "popgate: standard output: %s\n", strerror(errno));
    return 1;
}

static int
score_files(const struct options *options, const struct score_rules *rules, char **paths)
{
    struct scorer scorer = {.files = {score_message, say_unreadable}, .options = options, .rules = rules};

    (void)signal(SIGPIPE, SIG_IGN);
    progress_start(&scorer.progress);
    while (*paths != NULL && mail_files_read(&scorer.files, *paths))
        paths++;
    progress_hide(&scorer.progress);
    scorer.status |= finish_output();
    explain_free(&scorer.explain);
    bytes_free(&scorer.subrules);
    score_result_free(&scorer.result);
    return scorer.status;
}

/* Mistakes go to standard error, as always; what is left out for other reasons is no mistake. */
static int
report(const struct score_rules *rules)
{
    struct bytes text = {0};

    score_report(rules, &text);
    if (text.len == 0)
        bytes_printf(&text, "all of %zu rules run\n", score_rules_count(rules));
    fputs(text.data, stdout);
    fputs(error_notes(score_mistakes(rules)), stdout);
    bytes_free(&text);
    return score_mistakes(rules)->count > 0 ? 1 : finish_output();
}

static int
load_and_score(const struct options *options, char **paths)
{
    struct error        error  = {0};
    struct score_rules *rules  = score_load(options->rules, options->rule_count, &error);
    int                 status = rules == NULL;

    fputs(error_text(&error), stderr);
    if (rules != NULL)
        fputs(error_text(score_mistakes(rules)), stderr);
    if (rules != NULL && options->lint)
        status = report(rules);
    else if (rules != NULL)
        status = score_files(options, rules, paths);
    score_rules_free(&rules);
    error_free(&error);
    return status;
}

/* 0, and `optind` is where the files begin; or -1. */
static int
read_options(struct options *options, int argc, char **argv)
{
    const struct option names[] = {{"rules", required_argument, NULL, 'r'},
                                   {"explain", no_argument, &options->explain, 1},
                                   {"subrules", no_argument, &options->subrules, 1},
                                   {"lint", no_argument, &options->lint, 1},
                                   {NULL, 0, NULL, 0}};
    int                 option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "r:", names, NULL)) != -1) {
        if (option == 'r')
            options->rules[options->rule_count++] = optarg;
        else if (option != 0)
            return -1;
    }
    return options->rule_count > 0 && (optind < argc) != options->lint ? 0 : -1;
}

int
tool_score(int argc, char **argv)
{
    struct options options = {.rules = memory_resize_array(NULL, (size_t)argc, sizeof(char *))};
    int            status  = 2;

    if (read_options(&options, argc, argv) == 0)
        status = load_and_score(&options, argv + optind);
    else
        fputs(usage, stderr);
    free(options.rules);
    return status;
}
