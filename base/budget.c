/* The clock on the wall is looked at after some work, and the processor's where that says that the limit may be met. */
#include <assert.h>

#include "base/budget.h"
#include "base/clock.h"

enum { LOOK_EVERY = 16 * 1024 }; /* octets of work */

struct budget_turn budget_turn = {.look_at = UINT64_MAX};

static struct {
    struct budget   *budget; /* NULL: it is nobody's turn */
    uint64_t         limit;  /* microseconds */
    uint64_t         check;  /* when the clock on the wall shows that, there may be something to see */
    struct stopwatch watch;
} turn;

bool
budget_look(void)
{
    uint64_t wall, used;

    if (turn.budget == NULL || budget_turn.spent || turn.limit == 0)
        return budget_turn.spent;
    budget_turn.look_at = budget_turn.work + LOOK_EVERY;
    wall                = clock_microseconds(CLOCK_MONOTONIC);
    if (wall < turn.check)
        return false;
    used              = turn.budget->used + stopwatch_read(&turn.watch, wall);
    budget_turn.spent = used >= turn.limit;
    turn.check        = wall + (budget_turn.spent ? 0 : turn.limit - used);
    return budget_turn.spent;
}

void
budget_begin(struct budget *budget, uint64_t limit)
{
    if (budget->turns++ > 0)
        return;
    assert(turn.budget == NULL);
    turn.budget = budget;
    turn.limit  = limit;
    stopwatch_start(&turn.watch);
    turn.check  = turn.watch.wall + STOPWATCH_COARSE;
    budget_turn = (struct budget_turn){
        .look_at = limit > 0 ? LOOK_EVERY : UINT64_MAX, .spent = limit > 0 && budget->used >= limit, .open = true};
}

void
budget_end(struct budget *budget)
{
    assert(turn.budget == budget && budget->turns > 0);
    if (--budget->turns > 0)
        return;
    budget->used += stopwatch_read(&turn.watch, clock_microseconds(CLOCK_MONOTONIC));
    budget->spent = budget_turn.spent;
    turn.budget   = NULL;
    budget_turn   = (struct budget_turn){.look_at = UINT64_MAX};
}
