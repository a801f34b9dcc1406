/* How long things took, and what is typical of it. */
#ifndef BENCH_LOAD_TIMES_H
#define BENCH_LOAD_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Starts as {0}. */
struct times {
    uint64_t *nanoseconds;
    size_t    count, capacity;
};

void times_add(struct times *, uint64_t nanoseconds);

/* Writes {"p50": x, "p99": x, "max": x} in milliseconds; 0 where there is no time. Sorts the times. */
void times_write(struct times *, struct bytes *json);

void times_free(struct times *);

#endif
