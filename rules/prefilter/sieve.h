/*
 * Where in a text one of some windows may end, told for 32 octets at once by the last octets of the windows alone.
 * Windows that look alike are put together in buckets, and what may stand at a place of a bucket is looked up for all
 * octets at once: by their lower five bits, as letters are told apart, and by their upper four.
 */
#ifndef RULES_PREFILTER_SIEVE_H
#define RULES_PREFILTER_SIEVE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/prefilter/octet_set.h"

enum {
    SIEVE_DEPTH   = 6,  /* octets of a window that are looked at, at most */
    SIEVE_ROWS    = 4,  /* of eight buckets each, at most */
    SIEVE_AT_ONCE = 32, /* octets */
};

/* Starts as {0}, which is of no use. */
struct sieve {
    size_t rows, depth;  /* that are looked at; 0: the sieve is of no use */
    struct sieve_table { /* by bits of an octet: in which buckets of the row it may stand; a bit for each */
        uint8_t lower[32], upper[16];
    } tables[SIEVE_DEPTH][SIEVE_ROWS]; /* the last places are those of the last octet of a window */
};

/* The sets of octets at the end of a window; all octets where it is shorter. */
struct sieve_end {
    struct octet_set sets[SIEVE_DEPTH];
};

/* Has this processor the instructions that a sieve needs? */
bool sieve_works(void);

/*
 * Fills it. It stays of no use if there are too many windows, if their ends tell too little, or if the processor lacks
 * what is needed.
 */
void sieve_fill(struct sieve *, const struct sieve_end *, size_t count);

/*
 * From `at` on, looks at SIEVE_AT_ONCE octets at a time, as long as there are so many up to `end`. In front of `at` are
 * SIEVE_DEPTH - 1 octets. Returns the first ones in which a window may end, with a bit in `*marks` for each octet
 * where; or what is left at the end.
 */
const char *sieve_find(const struct sieve *, const char *at, const char *end, uint32_t *marks);

#endif
