/* Filters that follow a script, for test_chain.c: a letter for what each call returns; every call leaves its trace. */
#ifndef TESTS_UNIT_CHAIN_SCRIPT_H
#define TESTS_UNIT_CHAIN_SCRIPT_H

#include <stdlib.h>

#include "base/memory.h"
#include "filters/filter.h"

enum { H = FILTER_HEADERS, B = FILTER_BODY, O = FILTER_HOLD, R = FILTER_REWRITE };
enum { REFUSES = 1 << 16 }; /* on_failure = "refuse" */

/* Letters: c continue, e enough, w wait, x withhold, f failed; the last one is said again and again. */
struct script {
    unsigned    reach;
    const char *headers, *body, *end;
};

static struct bytes   trace;
static struct filter *waiting; /* the filter that said it waits last */
static bool           resumes; /* the driver resumes it */

struct cursor {
    const char *headers, *body, *end;
};

static unsigned
script_open(struct filter *filter)
{
    const struct script *script = filter->conf;
    struct cursor       *cursor = memory_new(sizeof(*cursor));

    *cursor       = (struct cursor){script->headers, script->body, script->end};
    filter->state = cursor;
    bytes_printf(&trace, "%s:open ", filter->name);
    return script->reach & ~(unsigned)REFUSES;
}

static enum filter_verdict
next_verdict(struct filter *filter, const char **letters)
{
    static const enum filter_verdict verdicts[] = {
        ['c'] = FILTER_CONTINUE, ['e'] = FILTER_ENOUGH, ['w'] = FILTER_WAIT,
        ['x'] = FILTER_WITHHOLD, ['f'] = FILTER_FAILED,
    };
    char letter = **letters;

    if ((*letters)[1] != '\0')
        (*letters)++;
    if (letter == 'w')
        waiting = filter;
    return verdicts[(unsigned char)letter];
}

static enum filter_verdict
script_headers(struct filter *filter, struct header_list *list)
{
    struct cursor *cursor = filter->state;

    bytes_printf(&trace, "%s:headers(%zu) ", filter->name, list->count);
    return next_verdict(filter, &cursor->headers);
}

/* What a filter that rewrites gives on is in brackets with its name. */
static void
rewrite(struct filter *filter, struct span text)
{
    struct bytes rewritten = {0};

    bytes_printf(&rewritten, "%s<%.*s>", filter->name, SPAN_ARG(text));
    filter_write(filter, bytes_span(&rewritten));
    bytes_free(&rewritten);
}

static enum filter_verdict
script_body(struct filter *filter, struct span text)
{
    const struct script *script = filter->conf;
    struct cursor       *cursor = filter->state;

    bytes_printf(&trace, "%s:body(%.*s) ", filter->name, SPAN_ARG(text));
    if ((script->reach & R) != 0)
        rewrite(filter, text);
    return next_verdict(filter, &cursor->body);
}

/* Each end() adds a field, so that the next one's count shows the order of the edits. */
static enum filter_verdict
script_end(struct filter *filter, struct header_list *list)
{
    const struct script *script = filter->conf;
    struct cursor       *cursor = filter->state;

    bytes_printf(&trace, "%s:end(%zu) ", filter->name, list->count);
    headers_insert(list, 0, SPAN("X"), SPAN("y"));
    if ((script->reach & R) != 0)
        rewrite(filter, SPAN("end"));
    return next_verdict(filter, &cursor->end);
}

static void
script_close(struct filter *filter)
{
    bytes_printf(&trace, "%s:close ", filter->name);
    free(filter->state);
}

static const struct filter_module script_module = {
    .name    = "script",
    .open    = script_open,
    .headers = script_headers,
    .body    = script_body,
    .end     = script_end,
    .close   = script_close,
};

#endif
