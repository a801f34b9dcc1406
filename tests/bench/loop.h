/* The event loop of the bench's programs: epoll, level-triggered, in one thread. */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Embed it in what waits for a descriptor, and find that with container_of(). Closing the descriptor ends the wait. */
struct watch {
    void (*ready)(struct watch *, uint32_t events); /* EPOLLIN, EPOLLOUT, ... */
};

void loop_open(void);

/* Waits for `events` of `fd`. False, with errno EPERM: the descriptor is a file, which never waits. */
bool loop_add(int fd, uint32_t events, struct watch *);

/* From now on waits for other `events`. */
void loop_change(int fd, uint32_t events, struct watch *);

/* Waits once, at most `timeout` nanoseconds, and calls who is ready. False: nobody was. */
bool loop_wait(uint64_t timeout);

#endif
