/*
 * What may be spent on a piece of work, such as all that is done to one message: processor time, counted in one place
 * however many parts of the program have a hand in it. Whoever does work that a sender can make long says so as it
 * goes, with budget_use(), and stops where that says that the budget is spent: what it has done by then is its result.
 *
 * A piece of work is done in turns, between which others have theirs. One budget is counted at a time, as a process has
 * one thread; outside of any turn nothing is ever spent. Work that can be left off and taken up again gives way to
 * others where budget_slice_is_over(), though the budget is not spent.
 *
 * What counts is the processor's time, so that a busy machine does not change what becomes of a message.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as {0}. */
struct budget {
    uint64_t used;  /* microseconds, in the turns that are over */
    bool     spent; /* the last turn met its limit */
    unsigned turns; /* that are open, one inside of the other */
    uint64_t slice; /* microseconds of a turn after which whoever can go on later leaves off; 0: there are no others */
    uint64_t slow;  /* microseconds that went into matches that took long, in the turns that are over */
};

/*
 * Begins a turn. The budget is spent once `limit` microseconds were used in all turns together; a limit of 0 is none. A
 * turn may begin inside of another of the same budget: the limit is that of the outer one.
 */
void budget_begin(struct budget *, uint64_t limit);

/* Ends it. */
void budget_end(struct budget *);

/* Only for what is below. */
extern struct budget_turn {
    uint64_t work, look_at; /* octets that were worked on, and how many make another look at the clock due */
    bool     spent, open;   /* open: it is somebody's turn */
    bool     over;          /* the turn has had its slice */
    uint64_t slow;          /* as in struct budget, with this turn: rules/regex/regex_time.c */
} budget_turn;
bool budget_look(void);

/* Work on about so many octets was done, or is to be done: is the budget spent? Costs next to nothing. */
static inline bool
budget_use(size_t octets)
{
    budget_turn.work += octets;
    return budget_turn.work < budget_turn.look_at ? budget_turn.spent : budget_look();
}

/* Is it spent, as far as is known? */
static inline bool
budget_is_spent(void)
{
    return budget_turn.spent;
}

/* Has this turn taken its slice, as far as is known? */
static inline bool
budget_slice_is_over(void)
{
    return budget_turn.over;
}

/* As budget_use(), after work that may have taken long though it was on few octets: looks at the clock at once. */
static inline bool
budget_check(void)
{
    return budget_look();
}

#endif
