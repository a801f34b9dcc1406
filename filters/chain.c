/* Which callback of a filter is called when, and what follows from its verdict. */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "filters/chain_notes.h"
#include "filters/chain_step.h"

static void
finish_step(struct chain_step *step)
{
    step->state = STEP_FINISHED;
    step->reach = FILTER_SKIPS;
    chain_end_wait(step);
    filter_drop(&step->filter);
}

static void
stop_run(struct chain_step *step, enum filter_verdict verdict)
{
    finish_step(step);
    if (step->run->verdict != FILTER_CONTINUE)
        return;
    step->run->verdict = verdict;
    step->run->failure = step->filter.name;
}

/* The filter has logged why, or has explained it. */
static void
log_failure(struct chain_step *step, bool passes)
{
    struct chain_run *run = step->run;
    const char       *why = step->filter.why.data;

    if (why != NULL) {
        filter_log(&step->filter, FILTER_LOG_WARNING, "%s%s", why,
                   passes ? ": the message passes without this filter" : "");
        return;
    }
    if (run->budget.spent && !run->late)
        filter_log(&step->filter, FILTER_LOG_WARNING, "time_limit was met: the message %s",
                   passes ? "passes with what was done by then" : "took too long");
    else if (passes && !run->budget.spent)
        filter_log(&step->filter, FILTER_LOG_WARNING, "failed: the message passes with what was done by then");
    run->late |= run->budget.spent;
}

static void
fail(struct chain_step *step)
{
    bool passes = step->setup->on_failure == CHAIN_PASS;

    log_failure(step, passes);
    if (passes)
        finish_step(step);
    else
        stop_run(step, FILTER_FAILED);
}

static void
begin_turn(struct chain_step *step)
{
    budget_begin(&step->run->budget, (uint64_t)step->setup->time_limit * 1000);
}

/* The list was unfolded for the step's next call. */
static bool
has_header(struct chain_step *step)
{
    const struct chain_host *host = step->run->host;

    if (host->unfold == NULL || host->unfold(host->context) == 0)
        return true;
    filter_explain(&step->filter, "the held header could not be read from spool_dir: %s", strerror(errno));
    return false;
}

static enum filter_verdict
call_headers(struct chain_step *step)
{
    enum filter_verdict verdict;

    if (!has_header(step))
        return FILTER_FAILED;
    begin_turn(step);
    verdict = step->filter.module->headers(&step->filter, step->run->list);
    budget_end(&step->run->budget);
    return verdict;
}

static enum filter_verdict
call_end(struct chain_step *step)
{
    struct chain_run   *run    = step->run;
    size_t              writer = run->writer;
    enum filter_verdict verdict;

    if (!has_header(step))
        return FILTER_FAILED;
    run->writer = (size_t)(step - run->steps);
    begin_turn(step);
    verdict = step->filter.module->end(&step->filter, run->list);
    budget_end(&run->budget);
    run->writer = writer;
    return verdict;
}

/* Calls end(), or calls it again. */
static void
end(struct chain_step *step)
{
    enum filter_verdict verdict = FILTER_CONTINUE;

    if (chain_waits(step))
        return;
    step->state = STEP_ENDS;
    if (step->filter.module->end != NULL)
        verdict = call_end(step);
    if (verdict == FILTER_WAIT)
        chain_begin_wait(step);
    else if (verdict == FILTER_WITHHOLD)
        stop_run(step, verdict);
    else if (verdict == FILTER_FAILED)
        fail(step);
    else
        finish_step(step);
}

/* Does a step in front of this one hold the message, and can still edit the header? */
static bool
is_behind_hold(const struct chain_step *step)
{
    for (const struct chain_step *front = step->run->steps; front < step; front++)
        if ((front->reach & FILTER_HOLD) != 0)
            return true;
    return false;
}

/* A step that holds has seen enough: it has the last word when those in front of it have had theirs. */
static void
end_in_turn(struct chain_step *step)
{
    step->state = STEP_ENDS;
    if (!is_behind_hold(step))
        end(step);
}

void
chain_judge(struct chain_step *step, enum filter_verdict verdict)
{
    chain_end_wait(step);
    if (verdict == FILTER_WITHHOLD)
        stop_run(step, verdict);
    else if (verdict == FILTER_FAILED)
        fail(step);
    else if (verdict == FILTER_ENOUGH && (step->reach & FILTER_HOLD) != 0)
        end_in_turn(step);
    else if (verdict == FILTER_ENOUGH || step->reach == FILTER_SKIPS)
        finish_step(step);
}

static bool
is_interested(struct chain_step *step)
{
    if (step->filter.module->open != NULL)
        step->reach = step->filter.module->open(&step->filter);
    if (step->reach == FILTER_SKIPS)
        finish_step(step);
    return step->reach != FILTER_SKIPS;
}

struct chain_run *
chain_open(const struct chain *chain, const struct message_info *info, struct message_report *report,
           const struct chain_host *host)
{
    struct chain_run *run;
    bool              interested = false;

    if (chain->count == 0)
        return NULL;
    run         = memory_new(sizeof(*run) + chain->count * sizeof(run->steps[0]));
    run->chain  = chain;
    run->host   = host;
    run->budget = (struct budget){.slice = host->yield != NULL ? CHAIN_SLICE * 1000 : 0};
    run->count  = chain->count;
    run->writer = run->count;
    for (size_t i = 0; i < run->count; i++) {
        const struct chain_filter *setup = chain->filters[i];

        run->steps[i].run    = run;
        run->steps[i].setup  = setup;
        run->steps[i].needs  = chain_filter_needs(setup) > 0;
        run->steps[i].filter = (struct filter){.chain  = chain,
                                               .at     = i,
                                               .host   = host,
                                               .module = setup->module,
                                               .name   = setup->name,
                                               .conf   = setup->conf,
                                               .info   = info,
                                               .lines  = run->steps[i].needs && info->top ? info->needed : info->lines,
                                               .report = report};
        interested |= is_interested(&run->steps[i]);
    }
    if (!interested)
        chain_close(&run);
    return run;
}

unsigned
chain_reach(const struct chain_run *run)
{
    unsigned reach = run->rewrites ? FILTER_REWRITE : FILTER_SKIPS;

    for (size_t i = 0; i < run->count; i++)
        reach |= run->steps[i].reach;
    return reach;
}

/* Shows the header to a step that has not seen it. */
static void
show_headers(struct chain_step *step)
{
    enum filter_verdict verdict = FILTER_CONTINUE;

    if ((step->reach & FILTER_HEADERS) != 0 && step->filter.module->headers != NULL)
        verdict = call_headers(step);
    if (verdict == FILTER_WAIT) {
        chain_begin_wait(step);
        return;
    }
    if (step->held_back)
        step->reach &= ~(unsigned)FILTER_HOLD;
    step->state = STEP_READS;
    step->reach &= ~(unsigned)FILTER_HEADERS;
    chain_judge(step, verdict);
}

/* A step that wants the header alone sees it as the steps in front leave it, and the header has to wait for it. */
static bool
is_held_back(struct chain_step *step)
{
    if ((step->reach != FILTER_HEADERS && !step->held_back) || !is_behind_hold(step))
        return false;
    step->held_back = true;
    step->reach |= FILTER_HOLD;
    return true;
}

static void
fail_in_vain(struct chain_step *step)
{
    filter_explain(&step->filter, "filter %s did not answer in time (timeout)", step->filter.name);
    fail(step);
}

/* Calls what is due and has nothing to wait for. */
static void
advance(struct chain_step *step)
{
    if (step->wait.state == WAITS_IN_VAIN)
        fail_in_vain(step);
    if (chain_waits(step))
        return;
    if (step->wait.unread.len > 0)
        chain_take_unread(step);
    if (step->state == STEP_OPEN && !is_held_back(step))
        show_headers(step);
    else if (step->state == STEP_ENDS)
        end_in_turn(step);
}

enum filter_verdict
chain_headers(struct chain_run *run, struct header_list *list)
{
    run->list = list;
    for (size_t i = 0; i < run->count && run->verdict == FILTER_CONTINUE; i++) {
        advance(&run->steps[i]);
        if (chain_waits(&run->steps[i]))
            return FILTER_WAIT;
    }
    return run->verdict;
}

/* Text comes. If a filter rewrites it, text stays rewritten even when that filter finishes. */
static void
begin_text(struct chain_run *run)
{
    run->rewrites = (chain_reach(run) & FILTER_REWRITE) != 0;
}

static void
advance_all(struct chain_run *run)
{
    for (size_t i = 0; i < run->count && run->verdict == FILTER_CONTINUE; i++)
        advance(&run->steps[i]);
}

enum filter_verdict
chain_body(struct chain_run *run, struct span text)
{
    begin_text(run);
    advance_all(run);
    if (text.len > 0)
        chain_deliver(run, 0, text);
    advance_all(run);
    for (size_t i = 0; i < run->count && run->verdict == FILTER_CONTINUE; i++)
        if (chain_waits(&run->steps[i]))
            return FILTER_WAIT;
    return run->verdict;
}

enum filter_verdict
chain_surplus(struct chain_run *run, struct span text)
{
    enum filter_verdict verdict;

    run->surplus = true;
    verdict      = chain_body(run, text);
    run->surplus = false;
    return verdict;
}

enum filter_verdict
chain_end(struct chain_run *run)
{
    begin_text(run);
    for (size_t i = 0; i < run->count && run->verdict == FILTER_CONTINUE; i++) {
        struct chain_step *step = &run->steps[i];

        advance(step);
        if (step->state == STEP_READS)
            end(step);
        if (chain_waits(step))
            return FILTER_WAIT;
    }
    return run->verdict;
}

enum filter_verdict
chain_cut(struct chain_run *run, const char *why)
{
    for (size_t i = 0; i < run->count; i++) {
        struct chain_step *step = &run->steps[i];

        if (step->state == STEP_FINISHED)
            continue;
        filter_log(&step->filter, FILTER_LOG_WARNING, "%s", why);
        if (step->setup->on_failure == CHAIN_REFUSE)
            stop_run(step, FILTER_FAILED);
    }
    return run->verdict;
}

static void
fail_hold(struct chain_step *step, const char *why)
{
    if ((step->reach & FILTER_HOLD) == 0)
        return;
    filter_explain(&step->filter, "%s", why);
    fail(step);
}

/*
 * Steps behind that only wait for these have their turn then; a step that still holds the message after that fails as
 * well.
 */
enum filter_verdict
chain_fail_holds(struct chain_run *run, const char *why)
{
    for (size_t i = 0; i < run->count; i++)
        if (!run->steps[i].held_back)
            fail_hold(&run->steps[i], why);
    advance_all(run);
    for (size_t i = 0; i < run->count; i++)
        fail_hold(&run->steps[i], why);
    return run->verdict;
}

const char *
chain_failure(const struct chain_run *run)
{
    return run->failure;
}

void
chain_close(struct chain_run **run)
{
    if (*run == NULL)
        return;
    for (size_t i = 0; i < (*run)->count; i++) {
        struct filter *filter = &(*run)->steps[i].filter;

        if (filter->module->close != NULL)
            filter->module->close(filter);
        filter_drop(filter);
        bytes_free(&filter->why);
        bytes_free(&(*run)->steps[i].wait.unread);
    }
    free(*run);
    *run = NULL;
}
