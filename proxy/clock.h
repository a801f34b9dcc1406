/* Time for deadlines: it only goes forward, whatever is done to the system's clock. */
#ifndef PROXY_CLOCK_H
#define PROXY_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment in the past, as exact as the kernel's tick: cheap enough for every octet that moves.
 */
static inline int64_t
clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
