/* The event loop of the bench's programs. */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "tests/bench/loop.h"
#include "tests/bench/process.h"

enum { EVENTS = 64 };

static int epoll;

void
loop_open(void)
{
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        process_fail_call("epoll_create1");
}

bool
loop_add(int fd, uint32_t events, struct watch *watch)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    if (errno != EPERM)
        process_fail_call("epoll_ctl");
    return false;
}

void
loop_change(int fd, uint32_t events, struct watch *watch)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0)
        process_fail_call("epoll_ctl");
}

bool
loop_wait(uint64_t timeout)
{
    struct epoll_event events[EVENTS];
    struct timespec    most  = {.tv_sec = (time_t)(timeout / 1000000000u), .tv_nsec = (long)(timeout % 1000000000u)};
    int                count = epoll_pwait2(epoll, events, EVENTS, &most, NULL);

    if (count < 0 && errno != EINTR)
        process_fail_call("epoll_pwait2");
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        watch->ready(watch, events[i].events);
    }
    return count > 0;
}
