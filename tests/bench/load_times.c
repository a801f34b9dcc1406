/* How long things took. */
#include <stdlib.h>

#include "base/memory.h"
#include "tests/bench/load_times.h"

void
times_add(struct times *times, uint64_t nanoseconds)
{
    if (times->count == times->capacity) {
        times->capacity    = times->capacity > 0 ? times->capacity * 2 : 1024;
        times->nanoseconds = memory_resize_array(times->nanoseconds, times->capacity, sizeof(*times->nanoseconds));
    }
    times->nanoseconds[times->count++] = nanoseconds;
}

static int
compare(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* The least time that `percent` of all do not exceed, in milliseconds. */
static double
percentile(const struct times *times, unsigned percent)
{
    size_t rank = (times->count * percent + 99) / 100;

    return times->count > 0 ? (double)times->nanoseconds[rank - 1] / 1e6 : 0;
}

void
times_write(struct times *times, struct bytes *json)
{
    if (times->count > 0)
        qsort(times->nanoseconds, times->count, sizeof(*times->nanoseconds), compare);
    bytes_printf(json, "{\"p50\": %.4f, \"p99\": %.4f, \"max\": %.4f}", percentile(times, 50), percentile(times, 99),
                 percentile(times, 100));
}

void
times_free(struct times *times)
{
    free(times->nanoseconds);
    *times = (struct times){0};
}
