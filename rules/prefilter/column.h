/*
 * Windows of patterns side by side, as many as a register has bits. Bit i of `masks[octet][p]` says whether the octet
 * may stand at position p of window i. A window shorter than WINDOW_MAX is set against the right end: what is in front
 * of it is taken as found from the beginning.
 */
#ifndef RULES_PREFILTER_COLUMN_H
#define RULES_PREFILTER_COLUMN_H

#include <stdint.h>

#include "base/span.h"
#include "rules/prefilter/sieve.h"
#include "rules/prefilter/window.h"

enum { LANE_WORDS = 4, LANE_BITS = 64 * LANE_WORDS };

/*
 * As wide as the widest registers that are common; the compiler makes two or four of it where they are narrower. The
 * alignment is said because GCC has it depend on the processor that a function is compiled for.
 */
typedef uint64_t lane __attribute__((vector_size(8 * LANE_WORDS), aligned(8 * LANE_WORDS)));

struct column {
    lane     masks[256][WINDOW_MAX];
    lane     start[WINDOW_MAX]; /* what counts as found before the first octet */
    uint32_t owners[LANE_BITS]; /* of each bit: the number of its pattern in its group, */
    uint32_t reach[LANE_BITS];  /* and how many octets in front of its end a match begins at most; 0: anywhere */
    size_t   used;              /* bits */
};

/* A window that stands in a text. */
struct column_find {
    uint32_t owner, reach; /* as in struct column */
    size_t   first, last;  /* of its ends, one or more are from there to there */
};

/* Adds a window to one that is not full. */
void column_place(struct column *, const struct window *, uint32_t owner, uint32_t reach);

/* Some of its windows. */
struct column_part {
    const struct column *column;
    lane                 bits;
    const struct sieve  *sieve; /* filled with them, if they are few */
};

/* Calls `take` for the windows of the part that stand in the text, in their order. */
void column_locate(const struct column_part *, struct span                        text,
                   void (*take)(void *context, const struct column_find *), void *context);

#endif
