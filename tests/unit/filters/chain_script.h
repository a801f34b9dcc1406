/*
 * Filters that follow a script, for tests of the chain: a letter for what each call returns. Every call of them, and of
 * the host, leaves its trace.
 */
#ifndef TESTS_UNIT_CHAIN_SCRIPT_H
#define TESTS_UNIT_CHAIN_SCRIPT_H

#include <stdlib.h>

#include "base/memory.h"
#include "filters/chain.h"

enum { H = FILTER_HEADERS, B = FILTER_BODY, O = FILTER_HOLD, R = FILTER_REWRITE };
enum { REFUSES = 1 << 16 }; /* on_failure = "refuse" */

/* Letters: c continue, e enough, w wait, y yield, x withhold, f failed; the last one is said again and again. */
struct script {
    unsigned    reach;
    const char *headers, *body, *end;
};

static struct bytes   trace;
static struct filter *waiting; /* the filter that said it waits last */

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
    if (letter == 'y')
        return filter_yield(filter);
    return verdicts[(unsigned char)letter];
}

static enum filter_verdict
script_headers(struct filter *filter, struct header_list *list)
{
    struct cursor *cursor = filter->state;

    bytes_printf(&trace, "%s:headers(%zu) ", filter->name, list->count);
    return next_verdict(filter, &cursor->headers);
}

/* What a rewriting filter passes on stands in brackets with its name. */
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
    if ((script->reach & R) != 0 && *cursor->body != 'w')
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

static void
host_log(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    (void)context, (void)level;
    bytes_printf(&trace, "log(%s,%.6s) ", filter, line);
}

static void
host_resume(void *context)
{
    (void)context;
    bytes_printf(&trace, "resume ");
}

static void
host_yield(void *context)
{
    (void)context;
    bytes_printf(&trace, "yield ");
}

static void
host_text(void *context, struct span text)
{
    (void)context;
    bytes_printf(&trace, "text(%.*s) ", SPAN_ARG(text));
}

static const struct chain_host host = {.log = host_log, .resume = host_resume, .yield = host_yield, .text = host_text};

static void
expect_trace(const char *name, const char *expect)
{
    if (strcmp(trace.data, expect) != 0)
        fail_msg("%s:\n     got %s\nexpected %s", name, trace.data, expect);
    bytes_clear(&trace);
}

#endif
