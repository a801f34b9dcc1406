/* The time of day as text, and clocks as numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

void
clock_write_utc(char text[CLOCK_TEXT_SIZE])
{
    struct timespec now = {0};
    struct tm       utc = {0};
    char            seconds[CLOCK_TEXT_SIZE];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(text, CLOCK_TEXT_SIZE, "%.19s.%06uZ", seconds, (unsigned)(now.tv_nsec / 1000) % 1000000);
}

uint64_t
clock_microseconds(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        abort();
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
