/*
 * Each field is shown to the rules as Postfix shows it: "Name: value", folds as a line feed and the white space behind
 * it, cut at header_size_limit. What a rule makes of it goes through headers.c, which makes it safe to send.
 */
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "filters/header_rewrite.h"
#include "rules/postfix/header_checks.h"

enum {
    HEADER_SIZE_MAX = 102400,     /* octets of a field that the rules see: postconf(5) */
    ADDED_MAX       = 256 * 1024, /* octets that rules may write into one message */
    LINES_MAX       = 50,         /* lines that rules may log for one message */
    SHOWN_MAX       = 200,        /* octets of a field that a log line shows */
};

/* The work on one message; it is the filter's state while it yields. */
struct pass {
    struct filter      *filter;
    struct header_list *list;
    struct bytes        folded; /* a field that had to be put together to be shown */
    struct span         shown;  /* the field as the rules see it */
    struct header_check check;
    size_t              added;
    size_t              lines;
    bool                given_up; /* on a rule: what it would have done is not known */
};

/* The field as Postfix presents it; most stand in the message just so. */
static struct span
present(const struct header_field *field, struct bytes *folded)
{
    struct span value = field->value;
    bool        apart = field->text.data + field->name.len + 1 != value.data;

    if (value.len + field->name.len >= HEADER_SIZE_MAX)
        value.len = HEADER_SIZE_MAX > field->name.len + 1 ? HEADER_SIZE_MAX - field->name.len - 1 : 0;
    if (!apart && memchr(value.data, '\n', value.len) == NULL)
        return span_head(field->text, field->name.len + 1 + value.len);
    bytes_clear(folded);
    bytes_add(folded, field->name);
    bytes_add_char(folded, ':');
    while (value.len > 0) {
        const char *feed = memchr(value.data, '\n', value.len);
        size_t      len  = feed != NULL ? (size_t)(feed - value.data) : value.len;

        bytes_add(folded, span_head(value, feed != NULL && len > 0 && feed[-1] == '\r' ? len - 1 : len));
        if (feed != NULL)
            bytes_add_char(folded, '\n');
        value = span_tail(value, len + (feed != NULL));
    }
    return bytes_span(folded);
}

/* A line about a rule and the field at hand. */
static void
log_rule(struct pass *pass, enum filter_log_level level, const char *what, struct span text,
         const struct header_check_place *rule)
{
    struct span shown = pass->shown;

    if (pass->lines++ >= LINES_MAX)
        return;
    if (shown.len > SHOWN_MAX)
        shown.len = SHOWN_MAX;
    filter_log(pass->filter, level, "%s: header %.*s%s%.*s (%s:%u)", what, SPAN_ARG(shown), text.len > 0 ? ": " : "",
               SPAN_ARG(text), rule->file, rule->line);
    if (pass->lines == LINES_MAX)
        filter_log(pass->filter, level, "the rules say more of this message, which is not logged");
}

static void
log_check(struct pass *pass, enum filter_log_level level, const char *what)
{
    const struct header_check *check = &pass->check;

    log_rule(pass, level, what, bytes_span(&check->text), &check->rule);
}

static void
keep_field(struct pass *pass, struct header_field *field)
{
    headers_keep(pass->list, field);
}

static void
drop_field(struct pass *pass, struct header_field *field)
{
    headers_drop(pass->list, field);
}

static void
inform(struct pass *pass, struct header_field *field)
{
    log_check(pass, FILTER_LOG_INFO, "info");
    keep_field(pass, field);
}

static void
warn(struct pass *pass, struct header_field *field)
{
    log_check(pass, FILTER_LOG_WARNING, "warning");
    keep_field(pass, field);
}

static void
strip(struct pass *pass, struct header_field *field)
{
    log_check(pass, FILTER_LOG_INFO, "strip");
    drop_field(pass, field);
}

/* The text is a field in most cases; captures can make it something else, which Postfix does not write either. */
static void
prepend(struct pass *pass, struct header_field *field)
{
    struct header_field behind = *field;

    if (headers_insert_line(pass->list, pass->list->count, bytes_span(&pass->check.text)) != 0)
        log_check(pass, FILTER_LOG_WARNING, "what PREPEND would write is no field");
    pass->added += pass->check.text.len;
    keep_field(pass, &behind);
}

static void
replace(struct pass *pass, struct header_field *field)
{
    keep_field(pass, field);
    if (headers_replace_line(pass->list, pass->list->count - 1, bytes_span(&pass->check.text)) != 0)
        log_check(pass, FILTER_LOG_WARNING, "what REPLACE would write is no field");
    pass->added += pass->check.text.len;
}

static void (*const actions[HEADER_CHECK_ACTIONS])(struct pass *, struct header_field *) = {
    [HEADER_CHECK_DUNNO] = keep_field, [HEADER_CHECK_IGNORE] = drop_field, [HEADER_CHECK_INFO] = inform,
    [HEADER_CHECK_PREPEND] = prepend,  [HEADER_CHECK_REPLACE] = replace,   [HEADER_CHECK_STRIP] = strip,
    [HEADER_CHECK_WARN] = warn,
};

/* A sender who makes a field that is slow to match must not get round the rule unseen. */
static void
note_given_up(struct pass *pass)
{
    pass->given_up = true;
    log_rule(pass, FILTER_LOG_WARNING, "the pattern met its limit, and the rule was passed over", SPAN(""),
             &pass->check.given_up);
}

/* The leading "From " line of an mbox, and a line that is no field, have no name: they are not shown to the rules. */
static void
rewrite_field(struct pass *pass, struct header_field *field)
{
    const struct header_rewrite *conf  = pass->filter->conf;
    const struct header_rules   *rules = NULL;
    bool                         applies;

    if (field->name.len > 0 && pass->added <= ADDED_MAX && !budget_use(field->text.len))
        rules = header_checks_for(conf->checks, field->name);
    if (rules == NULL) {
        keep_field(pass, field);
        return;
    }
    pass->shown = present(field, &pass->folded);
    applies     = header_checks_find(conf->checks, rules, pass->shown, &pass->check);
    if (pass->check.given_up.file != NULL && !budget_is_spent())
        note_given_up(pass);
    if (applies)
        actions[pass->check.action](pass, field);
    else
        keep_field(pass, field);
}

static void
begin_pass(struct pass *pass, struct filter *filter, struct header_list *list)
{
    *pass = (struct pass){.filter = filter, .list = list};
    headers_walk(list);
}

/* Most messages are done in one go, and need no memory for that. */
static enum filter_verdict
leave_off(const struct pass *pass)
{
    struct pass *left = memory_new(sizeof(*left));

    *left               = *pass;
    pass->filter->state = left;
    return filter_yield(pass->filter);
}

static void
take_up(struct pass *pass, struct filter *filter)
{
    *pass = *(struct pass *)filter->state;
    free(filter->state);
    filter->state = NULL;
}

static void
end(struct pass *pass)
{
    bytes_free(&pass->folded);
    bytes_free(&pass->check.text);
}

static enum filter_verdict
rewrite_headers(struct filter *filter, struct header_list *list)
{
    struct pass          pass;
    struct header_field *field;

    if (filter->state != NULL)
        take_up(&pass, filter);
    else
        begin_pass(&pass, filter, list);
    while ((field = headers_next(list)) != NULL) {
        rewrite_field(&pass, field);
        if (budget_slice_is_over() && list->waiting > 0)
            return leave_off(&pass);
    }
    end(&pass);
    if (pass.added > ADDED_MAX)
        filter_log(filter, FILTER_LOG_ERROR, "the rules write more than %d octets into this message", ADDED_MAX);
    return pass.added > ADDED_MAX || pass.given_up || budget_is_spent() ? FILTER_FAILED : FILTER_CONTINUE;
}

static unsigned
open_filter(struct filter *filter)
{
    (void)filter;
    return FILTER_HEADERS;
}

static void
close_filter(struct filter *filter)
{
    struct pass pass;

    if (filter->state == NULL)
        return;
    take_up(&pass, filter);
    end(&pass);
}

static int
configure(void *conf, const struct setting_place *place, struct error *error)
{
    struct header_rewrite *rewrite = conf;
    size_t                 before  = error->count;
    struct setting_list    files   = setting_readable(&rewrite->rules, "rules", place, error);

    rewrite->checks = header_checks_load(files.items, files.count, error);
    free(files.items);
    return error->count == before ? 0 : -1;
}

static void
release_conf(void *conf)
{
    struct header_rewrite *rewrite = conf;

    header_checks_free(&rewrite->checks);
}

static const struct setting settings[] = {
    {.key = "rules", .type = SETTING_PATHS, .offset = offsetof(struct header_rewrite, rules), .required = true},
    {.key = NULL},
};

const struct filter_module header_rewrite_module = {
    .name      = "header-rewrite",
    .settings  = settings,
    .conf_size = sizeof(struct header_rewrite),
    .configure = configure,
    .release   = release_conf,
    .open      = open_filter,
    .headers   = rewrite_headers,
    .close     = close_filter,
};
