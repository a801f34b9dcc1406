/* The time of day, for logs, and time that is spent. Time-outs are measured by proxy/clock.h, which does not step. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Octets of "2026-11-20T17:42:36.123456Z" with its NUL. */
enum { CLOCK_TEXT_SIZE = 28 };

/* Writes the time of day in UTC as RFC 3339 has it, with microseconds. */
void clock_write_utc(char text[CLOCK_TEXT_SIZE]);

/* What one of clock_gettime(2)'s clocks shows, in microseconds. */
uint64_t clock_microseconds(clockid_t);

/*
 * Measures the processor's time that work takes, so that a busy machine makes no difference. To ask for it is slow, and
 * most work is short: the first STOPWATCH_COARSE microseconds are taken from the clock on the wall, which is never
 * behind.
 */
struct stopwatch {
    uint64_t wall, processor; /* microseconds: when it was started; `processor` is 0 until it was asked for */
};

enum { STOPWATCH_COARSE = 1000 };

void stopwatch_start(struct stopwatch *);

/* Microseconds since then; `wall` is what CLOCK_MONOTONIC shows. */
uint64_t stopwatch_read(struct stopwatch *, uint64_t wall);

#endif
