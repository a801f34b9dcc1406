/* The time that slow matches have taken is kept with the message's budget. */
#include "rules/regex/regex_time.h"
#include "base/budget.h"
#include "base/clock.h"

/* Microseconds. */
enum {
    TIME_MAX    = 10000, /* of a match, */
    TIME_MIN    = 500,   /* and where those of a message */
    SLOW_FREELY = 40000, /* took more in all */
};

static struct stopwatch watch;
static uint64_t         limit, check; /* microseconds: how long the match may take; when, on the wall clock, to look */

void
regex_time_start(void)
{
    limit = budget_turn.open && budget_turn.slow > SLOW_FREELY ? TIME_MIN : TIME_MAX;
    stopwatch_start(&watch);
    check = watch.wall + (limit < STOPWATCH_COARSE ? limit : STOPWATCH_COARSE);
}

void
regex_time_stop(void)
{
    budget_turn.slow += stopwatch_read(&watch, clock_microseconds(CLOCK_MONOTONIC));
}

bool
regex_time_is_up(void)
{
    uint64_t wall = clock_microseconds(CLOCK_MONOTONIC), spent;

    if (wall < check)
        return budget_check();
    spent = stopwatch_read(&watch, wall);
    check = wall + (spent < limit ? limit - spent : 0);
    return spent >= limit || budget_check();
}
