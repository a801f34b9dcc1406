/*
 * What a worker keeps for messages, counted: hold_memory says how much of it may be in memory. Whoever keeps something
 * counts it, and puts it into a file if all together is too much, or more than the machine has.
 */
#ifndef PROXY_MESSAGE_HOLD_BUDGET_H
#define PROXY_MESSAGE_HOLD_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One for a worker. */
struct hold_budget {
    int64_t     limit; /* octets that may be in memory */
    int64_t     used;
    const char *spool_dir;
    int64_t     asked; /* octets in use when it was last asked whether there is memory for more */
    bool        lacks; /* there was none */
};

/* A thing that was counted as `*counted` octets, 0 at first, has `octets` now. */
static inline void
hold_count(struct hold_budget *budget, int64_t *counted, size_t octets)
{
    budget->used += (int64_t)octets - *counted;
    *counted = (int64_t)octets;
}

/* Is more in memory than may be, or would it take the last memory that the process can have? */
bool hold_is_over(struct hold_budget *);

#endif
