/* The time of day as text, and clocks as numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Most are asked for in the second of the one before. */
void
clock_write_utc(char text[CLOCK_TEXT_SIZE])
{
    static time_t second = -1;
    static char   known[CLOCK_TEXT_SIZE]; /* that second */

    struct timespec now = {0};
    struct tm       utc = {0};
    long            rest;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != second && gmtime_r(&now.tv_sec, &utc) != NULL) {
        (void)strftime(known, sizeof(known), "%Y-%m-%dT%H:%M:%S.......Z", &utc);
        second = now.tv_sec;
    }
    memcpy(text, known, sizeof(known));
    rest = now.tv_nsec / 1000;
    for (size_t i = CLOCK_TEXT_SIZE - 3; i >= CLOCK_TEXT_SIZE - 8; i--, rest /= 10)
        text[i] = (char)('0' + rest % 10);
}

uint64_t
clock_microseconds(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        abort();
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
stopwatch_start(struct stopwatch *watch)
{
    *watch = (struct stopwatch){.wall = clock_microseconds(CLOCK_MONOTONIC)};
}

uint64_t
stopwatch_read(struct stopwatch *watch, uint64_t wall)
{
    uint64_t passed = wall - watch->wall, processor;

    if (watch->processor == 0 && passed < STOPWATCH_COARSE)
        return passed;
    processor = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);
    if (watch->processor == 0)
        watch->processor = processor - STOPWATCH_COARSE;
    return processor - watch->processor;
}
