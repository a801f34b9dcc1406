/* Lines from children to the log. The master looks at nothing but whether they are lines of the log. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/master_log.h"

enum {
    LINES = 16,          /* of one child between two looks at all others */
    ROOM  = 1024 * 1024, /* octets, if the system allows that much: a reload takes the master a second */
};

static void
close_log(struct master_child *child)
{
    if (child->log >= 0)
        (void)close(child->log);
    child->log = -1;
}

int
master_log_open(struct master_child *child)
{
    const int room = ROOM;
    int       ends[2];

    close_log(child);
    if (!log_is_file())
        return -1;
    if (channel_open(ends) != 0) {
        log_write(LOG_LEVEL_ERROR, NULL, "no socket for a child's log lines, which are lost: %m");
        return -1;
    }
    if (setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
        (void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    child->log = ends[0];
    return ends[1];
}

void
master_log_give(struct master_child *child)
{
    int                        fd    = child->log < 0 && child->channel >= 0 ? master_log_open(child) : -1;
    const struct channel_frame frame = {.type = CHANNEL_LOG, .descriptor = fd};

    if (fd < 0)
        return;
    if (channel_send(child->channel, &frame) != 0)
        log_write(LOG_LEVEL_WARNING, NULL, "process %d cannot be given the log: %m", (int)child->pid);
    (void)close(fd);
}

/* One line; false: there is none now. */
static bool
pass_line(struct master_child *child)
{
    char    line[LOG_LINE_MAX];
    ssize_t got = recv(child->log, line, sizeof(line), MSG_DONTWAIT | MSG_TRUNC);

    if (got == 0)
        close_log(child);
    if (got <= 0)
        return false;
    if ((size_t)got > sizeof(line) || !log_pass((struct span){line, (size_t)got}, child->pid)) {
        log_write(LOG_LEVEL_ERROR, NULL,
                  "process %d sent what is no log line: it was taken over, or this is a fault of "
                  "popgate; no more of its lines are written",
                  (int)child->pid);
        close_log(child);
        return false;
    }
    return true;
}

void
master_log_wait(const struct master_children *children, int fd, int ms)
{
    struct master_child *child;
    struct pollfd       *fds   = memory_new(sizeof(*fds));
    nfds_t               count = 1;

    fds[0] = (struct pollfd){.fd = fd, .events = POLLIN};
    LIST_FOREACH(child, children, next)
    {
        fds          = memory_resize_array(fds, count + 2, sizeof(*fds));
        fds[count++] = (struct pollfd){.fd = child->log, .events = POLLIN};
        fds[count++] = (struct pollfd){.fd = master_child_may_send(child) ? child->channel : -1, .events = POLLIN};
    }
    if (poll(fds, count, ms) > 0)
        LIST_FOREACH(child, children, next)
    for (int i = 0; i < LINES && child->log >= 0 && pass_line(child); i++)
        continue;
    free(fds);
}

void
master_log_end(struct master_child *child)
{
    while (child->log >= 0 && pass_line(child))
        continue;
    close_log(child);
}
