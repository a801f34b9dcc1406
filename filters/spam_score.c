/*
 * The text is gathered as it passes, scored at its end or at the limit, and the verdict written into the held header. A
 * verdict that was found before is written in the same place, when the first text comes: the other filters see the same
 * header at the same time.
 */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/text.h"
#include "filters/spam_score.h"
#include "filters/verdict.h"
#include "filters/verdict_note.h"
#include "rules/mail/charset.h"
#include "rules/mail/inline_data.h"
#include "rules/spamassassin/score.h"

enum {
    TAG_OCTETS_MAX  = 200,
    REQUIRED_SCORE  = 5,
    MEMORY_OF_OCTET = 16, /* octets of memory for each octet of a message that is looked at, at most: 12.8 for the worst
                             messages tried */
};

/* What is kept of one message. */
struct scoring {
    bool                known; /* `rules` and `score` were found before */
    bool                late;  /* they are what was found before the time was up */
    struct bytes        note;  /* that was kept under the message's unique id */
    struct verdict_mark mark;  /* of this message */
    size_t              held;  /* octets of its text that are kept: as far as it is scored */
    size_t              seen;  /* and those that are looked at: long data inside of HTML is not kept */
    struct inline_data  data;  /* in the body */
    double              score;
    struct bytes        rules;
    struct mail         mail; /* while it is at work */
    struct run         *run;  /* once all of the mail is known */
};

/*
 * The filter that is at work in this worker, perhaps between two turns. The others wait: a mail that is looked at takes
 * many times its size, and is there once, however many there are.
 */
static struct filter *at_work;

static struct pool scorings = {.size = sizeof(struct scoring)};

/* Is the note on this message? */
static void
recall(struct filter *filter, struct scoring *scoring)
{
    struct span rules;

    if (scoring->note.len == 0)
        return;
    scoring->known = verdict_read_note(bytes_span(&scoring->note), &scoring->mark, &scoring->score, &rules);
    if (scoring->known)
        bytes_add(&scoring->rules, rules);
    else
        filter_log(filter, FILTER_LOG_INFO, "its unique id was that of another message");
}

static void
remember(const struct filter *filter, const struct scoring *scoring)
{
    struct bytes note = {0};

    verdict_note(&scoring->mark, scoring->score, bytes_span(&scoring->rules), &note);
    filter_remember(filter, bytes_span(&note));
    bytes_free(&note);
}

static unsigned
open_filter(struct filter *filter)
{
    struct scoring *scoring = pool_take(&scorings);

    filter->state = scoring;
    (void)filter_recall(filter, &scoring->note);
    return FILTER_HEADERS | FILTER_BODY | FILTER_HOLD;
}

static size_t
limit_of(const struct filter *filter)
{
    const struct spam_score *conf = filter->conf;

    return (size_t)conf->hold_limit;
}

/* Takes what fits below the limit. */
static enum filter_verdict
gather_text(struct filter *filter, struct span text)
{
    struct scoring *scoring = filter->state;
    size_t          room    = limit_of(filter) - scoring->held;

    text = span_head(text, text.len < room ? text.len : room);
    scoring->held += text.len;
    scoring->seen += text.len;
    return filter_keep(filter, text) == 0 ? FILTER_CONTINUE : FILTER_FAILED;
}

/* A header that fills the limit by itself is scored when the body begins, as any other. */
static enum filter_verdict
read_headers(struct filter *filter, struct header_list *list)
{
    const struct spam_score *conf    = filter->conf;
    struct scoring          *scoring = filter->state;

    scoring->mark = verdict_mark(list, &conf->mark_key);
    recall(filter, scoring);
    return scoring->known ? FILTER_CONTINUE : gather_text(filter, list->raw);
}

static enum filter_verdict
read_body(struct filter *filter, struct span text)
{
    struct scoring *scoring = filter->state;
    size_t          before  = text.len;
    struct span     kept;

    if (scoring->known)
        return FILTER_ENOUGH;
    while (scoring->held < limit_of(filter) && inline_data_next(&scoring->data, &text, &kept)) {
        scoring->seen += before - text.len - kept.len;
        before = text.len;
        if (gather_text(filter, kept) == FILTER_FAILED)
            return FILTER_FAILED;
    }
    return scoring->held < limit_of(filter) ? FILTER_CONTINUE : FILTER_ENOUGH;
}

/* Has it seen what it would see of the whole message? That TOP brings fewer lines than were asked for shows nothing:
 * some servers have a limit of their own. */
static bool
has_seen_all(const struct filter *filter, const struct scoring *scoring)
{
    const struct message_info *info = filter->info;

    return !info->top || scoring->held >= limit_of(filter) || (info->size > 0 && scoring->seen >= info->size);
}

/* 0, or -1: it is explained. */
static int
begin_scoring(struct filter *filter, struct scoring *scoring)
{
    const struct spam_score *conf = filter->conf;
    struct span              text;

    if (filter_kept(filter, &text) != 0)
        return -1;
    if (!memory_can_be_had(text.len * MEMORY_OF_OCTET)) {
        filter_explain(filter, "there is no memory to look at a message of %zu octets", text.len);
        return -1;
    }
    mail_begin(&scoring->mail, score_mail_settings(conf->rules), text, scoring->held >= limit_of(filter));
    filter_drop(filter);
    at_work = filter;
    return 0;
}

/* Whatever has been done. */
static void
leave(struct filter *filter, struct scoring *scoring, struct score_result *result)
{
    if (at_work != filter)
        return;
    score_end(&scoring->run, result);
    mail_free(&scoring->mail);
    at_work = NULL;
}

static void
take_result(struct filter *filter, struct scoring *scoring)
{
    struct score_result result = {0};

    leave(filter, scoring, &result);
    if (result.given_up > 0 && !result.late)
        filter_log(filter, FILTER_LOG_WARNING, "%u patterns were given up on this message", result.given_up);
    scoring->score = result.score;
    scoring->late  = result.late;
    bytes_add(&scoring->rules, bytes_span(&result.rules));
    score_result_free(&result);
    if (has_seen_all(filter, scoring) && !scoring->late)
        remember(filter, scoring);
}

static enum filter_verdict
score(struct filter *filter, struct scoring *scoring)
{
    const struct spam_score *conf = filter->conf;

    if (at_work != NULL && at_work != filter)
        return filter_yield(filter);
    if (at_work == NULL && begin_scoring(filter, scoring) != 0)
        return FILTER_FAILED;
    if (scoring->run == NULL && mail_go_on(&scoring->mail))
        scoring->run = score_begin(conf->rules, &scoring->mail);
    if (scoring->run == NULL || !score_go_on(scoring->run))
        return filter_yield(filter);
    take_result(filter, scoring);
    return FILTER_CONTINUE;
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
    const struct spam_score *conf    = filter->conf;
    struct scoring          *scoring = filter->state;
    enum filter_verdict      scored  = scoring->known ? FILTER_CONTINUE : score(filter, scoring);
    struct verdict           verdict;

    if (scored != FILTER_CONTINUE)
        return scored;
    filter_log(filter, FILTER_LOG_DEBUG, scoring->known ? "verdict %g is known" : "verdict %g", scoring->score);
    verdict = (struct verdict){scoring->score, conf->required_score, bytes_span(&scoring->rules),
                               conf->subject_tag != NULL ? span_of(conf->subject_tag) : bytes_span(&conf->tag)};
    verdict_write(&verdict, list);
    record(filter->report, &verdict);
    return scoring->late ? FILTER_FAILED : FILTER_CONTINUE;
}

static void
close_filter(struct filter *filter)
{
    struct scoring *scoring = filter->state;

    leave(filter, scoring, NULL);
    bytes_free(&scoring->note);
    bytes_free(&scoring->rules);
    pool_give(&scorings, scoring);
}

static uint64_t
needs(const void *conf)
{
    const struct spam_score *score = conf;

    return score->top_verdict == SPAM_SCORE_FULL ? (uint64_t)score->hold_limit : 0;
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

/* Where proxy.conf says nothing of the verdict, what the rules say holds. */
static void
take_from_rules(struct spam_score *score, const struct setting_place *place, struct error *error)
{
    const char *tag = score_subject_tag(score->rules);

    if (isnan(score->required_score) && !score_required(score->rules, &score->required_score))
        score->required_score = REQUIRED_SCORE;
    if (score->subject_tag != NULL || tag == NULL)
        return;
    bytes_printf(&score->tag, "%s ", tag);
    check_tag(bytes_span(&score->tag), place, error);
}

/* Copies lines, each of which says where it is about, or is about the filter. */
static void
note_lines(const char *lines, const struct setting_place *place, struct error *error)
{
    for (const char *end; lines != NULL && (end = strchr(lines, '\n')) != NULL; lines = end + 1)
        error_note(error, place != NULL ? place->file : NULL, place != NULL ? place->line : 0, "%.*s",
                   (int)(end - lines), lines);
}

/* Notes what is wrong in the rules, and what was left out of them: the other rules work. */
static void
note_rules(const struct score_rules *rules, const struct setting_place *place, struct error *error)
{
    struct bytes report = {0};

    note_lines(error_text(score_mistakes(rules)), NULL, error);
    note_lines(error_notes(score_mistakes(rules)), NULL, error);
    score_report(rules, &report);
    note_lines(report.data, place, error);
    bytes_free(&report);
}

static int
configure(void *conf, const struct setting_place *place, struct error *error)
{
    struct spam_score  *score  = conf;
    size_t              before = error->count;
    struct setting_list paths  = setting_readable(&score->rule_paths, "rules", place, error);

    if (score->subject_tag != NULL)
        check_tag(span_of(score->subject_tag), place, error);
    if (getentropy(&score->mark_key, sizeof(score->mark_key)) != 0)
        error_add(error, place->file, place->line, "the system gives no random numbers");
    score->rules = score_load((const char *const *)paths.items, paths.count, error);
    free(paths.items);
    if (score->rules != NULL) {
        take_from_rules(score, place, error);
        note_rules(score->rules, place, error);
    }
    return error->count == before ? 0 : -1;
}

static void
release_conf(void *conf)
{
    struct spam_score *score = conf;

    score_rules_free(&score->rules);
    bytes_free(&score->tag);
}

static const char *const top_verdict_words[] = {"full", "partial", NULL};

static const struct setting settings[] = {
    {.key = "rules", .type = SETTING_PATHS, .offset = offsetof(struct spam_score, rule_paths), .required = true},
    {.key = "required_score", .type = SETTING_REAL, .offset = offsetof(struct spam_score, required_score)},
    {.key = "subject_tag", .type = SETTING_STRING, .offset = offsetof(struct spam_score, subject_tag)},
    {.key      = "hold_limit",
     .type     = SETTING_SIZE,
     .offset   = offsetof(struct spam_score, hold_limit),
     .fallback = "512K",
     .least    = 1024,
     .most     = INT64_C(64) * 1024 * 1024},
    {.key      = "top_verdict",
     .type     = SETTING_CHOICE,
     .offset   = offsetof(struct spam_score, top_verdict),
     .fallback = "full",
     .choices  = top_verdict_words},
    {.key = NULL},
};

const struct filter_module spam_score_module = {
    .name      = "spam-score",
    .settings  = settings,
    .conf_size = sizeof(struct spam_score),
    .configure = configure,
    .release   = release_conf,
    .needs     = needs,
    .remembers = true,
    .open      = open_filter,
    .headers   = read_headers,
    .body      = read_body,
    .end       = judge,
    .close     = close_filter,
};
