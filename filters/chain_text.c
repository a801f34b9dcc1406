/* Text on its way from step to step, which a rewriting filter continues from filter_write(). */
#include <assert.h>

#include "base/memory.h"
#include "filters/chain_step.h"

static bool
wants_text(const struct chain_step *step)
{
    return step->state == STEP_READS && (step->reach & (FILTER_BODY | FILTER_REWRITE)) != 0 &&
           step->filter.module->body != NULL;
}

/* A step that rewrites sees what those behind it need to be shown. */
static bool
sees_surplus(const struct chain_step *step)
{
    const struct chain_step *end   = step->run->steps + step->run->count;
    bool                     needs = step->needs;

    for (const struct chain_step *behind = step; (step->reach & FILTER_REWRITE) != 0 && behind < end; behind++)
        needs = needs || behind->needs;
    return needs;
}

static void
keep_unread(struct chain_step *step, struct span text)
{
    bytes_add(&step->wait.unread, text);
    if (!step->run->surplus)
        step->wait.asked = step->wait.unread.len;
}

/* Keeps text that a step does not take now, behind the text that waits already. */
static void
show_body(struct chain_step *step, struct span text)
{
    struct chain_run   *run     = step->run;
    size_t              writer  = run->writer;
    enum filter_verdict verdict = FILTER_WAIT;

    if (!chain_waits(step) && step->wait.unread.len == 0) {
        step->wait.blocked = (step->reach & FILTER_REWRITE) != 0;
        run->writer        = (size_t)(step - run->steps);
        verdict            = step->filter.module->body(&step->filter, text);
        run->writer        = writer;
        if (verdict == FILTER_WAIT)
            chain_begin_wait(step);
    }
    if (verdict == FILTER_WAIT)
        keep_unread(step, text);
    else
        chain_judge(step, verdict);
}

void
chain_deliver(struct chain_run *run, size_t at, struct span text)
{
    for (; at < run->count && run->verdict == FILTER_CONTINUE; at++) {
        struct chain_step *step     = &run->steps[at];
        bool               rewrites = (step->reach & FILTER_REWRITE) != 0;

        if (!wants_text(step) || (run->surplus && !sees_surplus(step)))
            continue;
        show_body(step, text);
        if (rewrites)
            return;
    }
    if (run->verdict == FILTER_CONTINUE && run->rewrites && !run->surplus && run->host->text != NULL)
        run->host->text(run->host->context, text);
}

void
filter_write(struct filter *filter, struct span text)
{
    struct chain_step *step = container_of(filter, struct chain_step, filter);
    size_t             at   = (size_t)(step - step->run->steps);

    assert(step->run->writer == at && step->run->rewrites);
    if (text.len > 0)
        chain_deliver(step->run, at + 1, text);
}

/* Text that waited for a step: shows it to the step if that wants it, else the steps behind may get it. */
static void
show_again(struct chain_step *step, struct span text, bool surplus)
{
    struct chain_run *run    = step->run;
    bool              before = run->surplus;

    if (text.len == 0 || run->verdict != FILTER_CONTINUE)
        return;
    run->surplus = surplus;
    if (wants_text(step))
        show_body(step, text);
    else if (step->wait.blocked)
        chain_deliver(run, (size_t)(step - run->steps) + 1, text);
    run->surplus = before;
}

void
chain_take_unread(struct chain_step *step)
{
    struct bytes text  = step->wait.unread;
    size_t       asked = step->wait.asked;

    step->wait.unread = (struct bytes){0};
    step->wait.asked  = 0;
    show_again(step, span_head(bytes_span(&text), asked), false);
    show_again(step, span_tail(bytes_span(&text), asked), true);
    bytes_free(&text);
}
