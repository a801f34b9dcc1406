/* The text is gathered as it passes, scored at its end or at the limit, and the verdict written into the held header.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "filters/spam_score.h"
#include "filters/verdict.h"
#include "rules/mail/charset.h"
#include "rules/score.h"

enum { TAG_OCTETS_MAX = 200 };

static unsigned
open_filter(struct filter *filter)
{
    filter->state = memory_new(sizeof(struct bytes));
    return FILTER_HEADERS | FILTER_BODY | FILTER_HOLD;
}

/* Takes what fits below the limit. */
static enum filter_verdict
gather(struct filter *filter, struct span text)
{
    const struct spam_score *conf  = filter->conf;
    struct bytes            *held  = filter->state;
    size_t                   limit = (size_t)conf->hold_limit;

    if (text.len >= limit - held->len)
        text.len = limit - held->len;
    bytes_add(held, text);
    return held->len < limit ? FILTER_CONTINUE : FILTER_ENOUGH;
}

static enum filter_verdict
read_headers(struct filter *filter, struct header_list *list)
{
    return gather(filter, list->raw);
}

static void
record(struct message_report *report, const struct verdict *verdict)
{
    report->scored   = true;
    report->score    = verdict->score;
    report->required = verdict->required;
    bytes_clear(&report->rules);
    bytes_add(&report->rules, verdict->rules);
}

static enum filter_verdict
judge(struct filter *filter, struct header_list *list)
{
    const struct spam_score *conf   = filter->conf;
    struct bytes            *held   = filter->state;
    struct mail              mail   = {0};
    struct score_result      result = {0};
    struct verdict           verdict;

    mail_parse(&mail, score_mail_settings(conf->rules), bytes_span(held));
    bytes_free(held);
    score_run(conf->rules, &mail, &result);
    mail_free(&mail);
    if (result.given_up > 0)
        filter_log(filter, FILTER_LOG_WARNING, "%u patterns were given up on this message", result.given_up);
    verdict =
        (struct verdict){result.score, conf->required_score, bytes_span(&result.rules), span_of(conf->subject_tag)};
    verdict_write(&verdict, list);
    record(filter->report, &verdict);
    score_result_free(&result);
    return FILTER_CONTINUE;
}

static void
close_filter(struct filter *filter)
{
    bytes_free(filter->state);
    free(filter->state);
}

static void
check_tag(struct span tag, const struct setting_place *place, struct error *error)
{
    unsigned line = place->line_of(place, "subject_tag");

    if (tag.len > TAG_OCTETS_MAX)
        error_add(error, place->file, line, "subject_tag has more than %d octets", TAG_OCTETS_MAX);
    if (!charset_is_utf8(tag))
        error_add(error, place->file, line, "subject_tag is not UTF-8");
    if (text_has_control(tag))
        error_add(error, place->file, line, "subject_tag has a control character in it");
}

static int
configure(void *conf, const struct setting_place *place, struct error *error)
{
    struct spam_score  *score  = conf;
    size_t              before = error->count;
    struct setting_list paths  = setting_readable(&score->rule_paths, "rules", place, error);

    check_tag(span_of(score->subject_tag), place, error);
    score->rules = score_load((const char *const *)paths.items, paths.count, error);
    free(paths.items);
    return error->count == before ? 0 : -1;
}

static void
release(void *conf)
{
    struct spam_score *score = conf;

    score_rules_free(&score->rules);
}

static const struct setting settings[] = {
    {.key = "rules", .type = SETTING_PATHS, .offset = offsetof(struct spam_score, rule_paths), .required = true},
    {.key      = "required_score",
     .type     = SETTING_REAL,
     .offset   = offsetof(struct spam_score, required_score),
     .fallback = "5.0"},
    {.key = "subject_tag", .type = SETTING_STRING, .offset = offsetof(struct spam_score, subject_tag), .fallback = ""},
    {.key      = "hold_limit",
     .type     = SETTING_SIZE,
     .offset   = offsetof(struct spam_score, hold_limit),
     .fallback = "512K",
     .least    = 1024,
     .most     = INT64_C(64) * 1024 * 1024},
    {.key = NULL},
};

const struct filter_module spam_score_module = {
    .name      = "spam-score",
    .settings  = settings,
    .conf_size = sizeof(struct spam_score),
    .configure = configure,
    .release   = release,
    .open      = open_filter,
    .headers   = read_headers,
    .body      = gather,
    .end       = judge,
    .close     = close_filter,
};
