/*
 * One run of a chain over one message, from within: a step for each filter, in one piece of memory. A step that has
 * finished is passed over; a step that waits stops the run, and is tried again when it was resumed.
 *
 *      chain.c         which callback is called when, and what follows from its verdict
 *      chain_text.c    text, from step to step
 *      chain_wait.c    steps that wait
 */
#ifndef FILTERS_CHAIN_STEP_H
#define FILTERS_CHAIN_STEP_H

#include "base/budget.h"
#include "filters/chain.h"

enum step_state {
    STEP_OPEN,  /* headers() is due */
    STEP_READS, /* body() is due, then end() */
    STEP_ENDS,  /* end() is due */
    STEP_FINISHED,
};

/*
 * What a step waits for before the callback that is due is called again:
 *
 *      NOTHING -> ANSWER -> NOTHING      the filter said FILTER_WAIT; filter_resume()
 *                        -> VAIN         its timeout is over: it fails
 *      NOTHING -> TURN   -> NOTHING      filter_yield(); the next turn of the event loop
 */
enum chain_wait_for { WAITS_FOR_NOTHING, WAITS_FOR_ANSWER, WAITS_FOR_TURN, WAITS_IN_VAIN };

/* What a step waits for, and the text that waits with it for body(). */
struct chain_wait {
    enum chain_wait_for state;
    int64_t             since;   /* milliseconds of CLOCK_MONOTONIC: when that callback first waited; 0: it has not */
    struct bytes        unread;  /* text for body(), which comes first, */
    size_t              asked;   /* up to here asked for by the client, */
    bool                blocked; /* and not seen by the steps behind either: this one rewrites */
};

struct chain_step {
    struct filter              filter;
    struct chain_run          *run;
    const struct chain_filter *setup;
    unsigned                   reach; /* what it still needs */
    enum step_state            state;
    struct chain_wait          wait;
    bool                       held_back; /* headers() is due when the steps in front hold the message no longer */
    bool                       needs;     /* it sees text behind that which the client asked for */
};

struct chain_run {
    const struct chain      *chain;
    const struct chain_host *host;
    struct header_list      *list;
    const char              *failure; /* the name of the filter that stopped the run; NULL: none did */
    enum filter_verdict      verdict; /* what chain_*() return: CONTINUE until a filter stops the run */
    size_t            writer;   /* the step whose body() or end() is being called: filter_write() goes on behind it */
    bool              rewrites; /* text leaves by host->text */
    bool              surplus;  /* the text that passes was not asked for by the client */
    bool              late;     /* a filter had no time left, and that was logged */
    struct budget     budget;   /* of the message */
    size_t            count;
    struct chain_step steps[];
};

/* What headers() or body() said; FILTER_WAIT is not among it. */
void chain_judge(struct chain_step *, enum filter_verdict);

/* Gives text to the steps from `at` on, up to one that rewrites it, and behind the last to the host. */
void chain_deliver(struct chain_run *, size_t at, struct span text);

/* Shows the step again the text that it did not take; text that it has no more need to see goes on. */
void chain_take_unread(struct chain_step *);

static inline bool
chain_waits(const struct chain_step *step)
{
    return step->wait.state != WAITS_FOR_NOTHING;
}

/* The callback said FILTER_WAIT; it said something else, so that the next callback has all of its time. */
void chain_begin_wait(struct chain_step *);
void chain_end_wait(struct chain_step *);

#endif
