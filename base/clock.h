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

#endif
