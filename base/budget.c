/* The clock on the wall is looked at after some work, and the processor's where that says that the limit may be met. */
#include <assert.h>

#include "base/budget.h"
#include "base/clock.h"

enum {
    LOOK_EVERY = 16 * 1024, /* octets of work */
    UNMEASURED = 1000,      /* microseconds of a turn: most take no more, and nobody asks what they took */
};

struct budget_turn budget_turn = {.look_at = UINT64_MAX};

static struct {
    struct budget *budget; /* NULL: it is nobody's turn */
    uint64_t       limit;  /* microseconds */
    uint64_t       wall_start, wall_check;
    uint64_t       processor_start; /* 0: not asked for yet */
} turn;

/* What was used by now. What came before the processor's time was first asked for is taken from the wall. */
static uint64_t
measure(uint64_t wall)
{
    uint64_t processor = clock_microseconds(CLOCK_THREAD_CPUTIME_ID), first = wall - turn.wall_start;

    if (turn.processor_start == 0)
        turn.processor_start = processor - (first < UNMEASURED ? first : UNMEASURED);
    return turn.budget->used + processor - turn.processor_start;
}

bool
budget_look(void)
{
    uint64_t wall, used;

    if (turn.budget == NULL || budget_turn.spent || turn.limit == 0)
        return budget_turn.spent;
    budget_turn.look_at = budget_turn.work + LOOK_EVERY;
    wall                = clock_microseconds(CLOCK_MONOTONIC);
    if (wall < turn.wall_check)
        return false;
    used              = measure(wall);
    budget_turn.spent = used >= turn.limit;
    turn.wall_check   = wall + (budget_turn.spent ? 0 : turn.limit - used);
    return budget_turn.spent;
}

void
budget_begin(struct budget *budget, uint64_t limit)
{
    if (budget->turns++ > 0)
        return;
    assert(turn.budget == NULL);
    turn.budget          = budget;
    turn.limit           = limit;
    turn.wall_start      = clock_microseconds(CLOCK_MONOTONIC);
    turn.wall_check      = turn.wall_start + UNMEASURED;
    turn.processor_start = 0;
    budget_turn          = (struct budget_turn){.look_at = limit > 0 ? LOOK_EVERY : UINT64_MAX,
                                                .spent   = limit > 0 && budget->used >= limit};
}

void
budget_end(struct budget *budget)
{
    uint64_t wall;

    assert(turn.budget == budget && budget->turns > 0);
    if (--budget->turns > 0)
        return;
    wall          = clock_microseconds(CLOCK_MONOTONIC);
    budget->used  = turn.processor_start > 0 || wall - turn.wall_start > UNMEASURED
                        ? measure(wall)
                        : budget->used + wall - turn.wall_start;
    budget->spent = budget_turn.spent;
    turn.budget   = NULL;
    budget_turn   = (struct budget_turn){.look_at = UINT64_MAX};
}
