/* Spaces take the line away: every terminal knows them. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/progress.h"

enum { FIRST_MS = 2000, EACH_MS = 200, WIDTH = 60 };

static int64_t
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_start(struct progress *progress)
{
    int64_t now = now_ms();

    *progress = (struct progress){.possible = isatty(STDERR_FILENO) == 1, .started = now, .next = now + FIRST_MS};
}

void
progress_count(struct progress *progress)
{
    int64_t now;
    char    line[WIDTH + 1];

    progress->messages++;
    if (!progress->possible || (now = now_ms()) < progress->next)
        return;
    (void)snprintf(line, sizeof(line), "%" PRIu64 " messages, %" PRIu64 " a second", progress->messages,
                   progress->messages * 1000 / (uint64_t)(now - progress->started));
    (void)fprintf(stderr, "\r%-*s", WIDTH, line);
    (void)fflush(stderr);
    progress->shown = true;
    progress->next  = now + EACH_MS;
}

void
progress_hide(struct progress *progress)
{
    if (progress->shown)
        (void)fprintf(stderr, "\r%*s\r", WIDTH, "");
    progress->shown = false;
}
