/*
 * After some work the wall clock is read, and the processor's clock only where the wall clock says that the limit may
 * be met.
 */
#include <assert.h>

#include "base/budget.h"
#include "base/clock.h"

enum { LOOK_EVERY = 16 * 1024 }; /* octets of work */

struct budget_turn budget_turn = {.look_at = UINT64_MAX};

static struct {
    struct budget   *budget; /* NULL: it is nobody's turn */
    uint64_t         left;   /* microseconds that it had when the turn began, */
    uint64_t         slice;  /* and that this turn is to take; UINT64_MAX: there is no bound */
    uint64_t         check;  /* when the wall clock shows this, the limit may be met */
    struct stopwatch watch;
} turn;

/* When there may be something to see, if the turn has taken so long by now. */
static uint64_t
next_check(uint64_t wall, uint64_t took)
{
    uint64_t bound = budget_turn.over || turn.left < turn.slice ? turn.left : turn.slice;

    return budget_turn.spent || bound == UINT64_MAX ? UINT64_MAX : wall + (bound - took);
}

bool
budget_look(void)
{
    uint64_t wall, took;

    if (budget_turn.spent || budget_turn.look_at == UINT64_MAX)
        return budget_turn.spent;
    budget_turn.look_at = budget_turn.work + LOOK_EVERY;
    wall                = clock_microseconds(CLOCK_MONOTONIC);
    if (wall < turn.check)
        return false;
    took              = stopwatch_read(&turn.watch, wall);
    budget_turn.spent = took >= turn.left;
    budget_turn.over |= took >= turn.slice;
    turn.check = next_check(wall, took);
    return budget_turn.spent;
}

void
budget_begin(struct budget *budget, uint64_t limit)
{
    if (budget->turns++ > 0)
        return;
    assert(turn.budget == NULL);
    turn.budget = budget;
    turn.left   = limit == 0 ? UINT64_MAX : limit > budget->used ? limit - budget->used : 0;
    turn.slice  = budget->slice > 0 ? budget->slice : UINT64_MAX;
    stopwatch_start(&turn.watch);
    turn.check  = turn.watch.wall + STOPWATCH_COARSE;
    budget_turn = (struct budget_turn){
        .look_at = limit > 0 || budget->slice > 0 ? LOOK_EVERY : UINT64_MAX,
        .spent   = turn.left == 0,
        .open    = true,
        .slow    = budget->slow,
    };
}

void
budget_end(struct budget *budget)
{
    assert(turn.budget == budget && budget->turns > 0);
    if (--budget->turns > 0)
        return;
    budget->used += stopwatch_read(&turn.watch, clock_microseconds(CLOCK_MONOTONIC));
    budget->spent = budget_turn.spent;
    budget->slow  = budget_turn.slow;
    turn.budget   = NULL;
    budget_turn   = (struct budget_turn){.look_at = UINT64_MAX};
}
