/*
 * The time: of day for logs, and a clock that never steps for time-outs.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Octets of "2026-11-20T17:42:36.123456Z" with its NUL. */
enum { CLOCK_TEXT_SIZE = 28 };

/* Writes the time of day in UTC as RFC 3339 has it, with microseconds. */
void clock_write_utc(char text[CLOCK_TEXT_SIZE]);

/* Milliseconds since some point in the past, whatever happens to the time of day. */
int64_t clock_milliseconds(void);

#endif
