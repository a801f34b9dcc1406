/*
 * The module "scripted", for the popgate of the system tests alone: each callback says what its letters in proxy.conf
 * say, one after the other, and the last one again and again. Who waits is answered when another message that has the
 * field X-Answer passes a filter of this module, in whatever session of the same worker.
 */
#include <stdlib.h>
#include <sys/queue.h>

#include "base/count.h"
#include "base/memory.h"
#include "filters/chain.h"

/* Strings: which of H, B, O (holds) and R are its reach, and c continue, e enough, w wait, y yield, x withhold, f
 * failed. */
struct scripted {
    char *reach, *headers, *body, *end;
};

struct script {
    LIST_ENTRY(script) entry; /* while it waits */
    struct filter *filter;
    bool           waits;
    bool           answers;              /* the others */
    const char    *headers, *body, *end; /* the next letters */
};

static LIST_HEAD(, script) waiting = LIST_HEAD_INITIALIZER(waiting);

static unsigned
open_filter(struct filter *filter)
{
    static const struct {
        char     letter;
        unsigned reach;
    } reaches[]                   = {{'B', FILTER_BODY}, {'O', FILTER_HOLD}, {'R', FILTER_REWRITE}};
    const struct scripted *conf   = filter->conf;
    struct script         *script = memory_new(sizeof(*script));
    unsigned               reach  = FILTER_HEADERS;

    *script       = (struct script){.filter = filter, .headers = conf->headers, .body = conf->body, .end = conf->end};
    filter->state = script;
    for (size_t i = 0; i < COUNT_OF(reaches); i++)
        if (strchr(conf->reach, reaches[i].letter) != NULL)
            reach |= reaches[i].reach;
    return reach;
}

static void
stop_waiting(struct script *script)
{
    if (script->waits)
        LIST_REMOVE(script, entry);
    script->waits = false;
}

static enum filter_verdict
say(struct filter *filter, const char **letters)
{
    static const enum filter_verdict verdicts[] = {
        ['c'] = FILTER_CONTINUE, ['e'] = FILTER_ENOUGH, ['w'] = FILTER_WAIT,
        ['x'] = FILTER_WITHHOLD, ['f'] = FILTER_FAILED,
    };
    struct script *script = filter->state;
    char           letter = **letters;

    if ((*letters)[1] != '\0')
        (*letters)++;
    if (letter == 'w') {
        LIST_INSERT_HEAD(&waiting, script, entry);
        script->waits = true;
        filter_log(filter, FILTER_LOG_INFO, "waits");
    }
    return letter == 'y' ? filter_yield(filter) : verdicts[(unsigned char)letter];
}

static enum filter_verdict
see_headers(struct filter *filter, struct header_list *list)
{
    struct script *script = filter->state;

    if (headers_find(list, SPAN("X-Answer"), 0) < 0)
        return say(filter, &script->headers);
    script->answers = true;
    while (!LIST_EMPTY(&waiting)) {
        struct script *next = LIST_FIRST(&waiting);

        stop_waiting(next);
        filter_resume(next->filter);
    }
    return FILTER_ENOUGH;
}

static enum filter_verdict
see_body(struct filter *filter, struct span text)
{
    struct script         *script  = filter->state;
    const struct scripted *conf    = filter->conf;
    enum filter_verdict    verdict = say(filter, &script->body);

    if (strchr(conf->reach, 'R') != NULL && verdict != FILTER_WAIT)
        filter_write(filter, text);
    return verdict;
}

static enum filter_verdict
see_end(struct filter *filter, struct header_list *list)
{
    struct script         *script  = filter->state;
    const struct scripted *conf    = filter->conf;
    enum filter_verdict    verdict = script->answers ? FILTER_CONTINUE : say(filter, &script->end);

    if (!script->answers && strchr(conf->reach, 'O') != NULL && verdict == FILTER_CONTINUE)
        headers_insert(list, 0, SPAN("X-Scripted"), span_of(filter->name));
    return verdict;
}

static void
close_filter(struct filter *filter)
{
    stop_waiting(filter->state);
    free(filter->state);
}

#define KEY(name, usual)                                                                                               \
    {                                                                                                                  \
        .key = #name, .type = SETTING_STRING, .offset = offsetof(struct scripted, name), .fallback = usual             \
    }

static const struct setting settings[] = {KEY(reach, ""), KEY(headers, "c"), KEY(body, "c"), KEY(end, "c"), {0}};

const struct filter_module scripted_module = {
    .name      = "scripted",
    .settings  = settings,
    .conf_size = sizeof(struct scripted),
    .open      = open_filter,
    .headers   = see_headers,
    .body      = see_body,
    .end       = see_end,
    .close     = close_filter,
};

#define MORE_MODULES(MODULE) MODULE(scripted)
#include "filters/modules.c"
