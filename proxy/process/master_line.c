/* Opening, handing on and closing of lines. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/net/channel.h"
#include "proxy/process/master_line.h"

enum { PATIENCE_MS = 1000 }; /* for an auditor that starts to make room for so many lines */

struct master_line *
master_line_open(struct master_lines *lines)
{
    struct master_line *line;
    int                 ends[2];

    if (channel_open(ends) != 0)
        return NULL;
    line  = memory_new(sizeof(*line));
    *line = (struct master_line){.worker_fd = ends[0], .auditor_fd = ends[1]};
    LIST_INSERT_HEAD(lines, line, next);
    return line;
}

bool
master_line_send(const struct master_line *line, int channel)
{
    const struct channel_frame frame = {
        .type = CHANNEL_LINE, .value = (uint32_t)line->worker, .descriptor = line->auditor_fd};
    struct pollfd room = {.fd = channel, .events = POLLOUT};

    while (channel_send(channel, &frame) != 0)
        if (errno != EAGAIN || poll(&room, 1, PATIENCE_MS) != 1)
            return false;
    return true;
}

static void
close_worker_end(struct master_line *line)
{
    if (line->worker_fd >= 0)
        (void)close(line->worker_fd);
    line->worker_fd = -1;
}

static void
forget_line(struct master_line *line)
{
    close_worker_end(line);
    (void)close(line->auditor_fd);
    LIST_REMOVE(line, next);
    free(line);
}

void
master_line_end(struct master_line *line, struct audit_batch *batch)
{
    struct span packet = batch != NULL ? audit_batch_packet(batch) : SPAN("");

    if (line == NULL)
        return;
    if (packet.len > 0 && send(line->worker_fd, packet.data, packet.len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        audit_batch_clear(batch);
    close_worker_end(line);
}

void
master_lines_forget_read(struct master_lines *lines)
{
    struct master_line *line, *next;
    int                 left = 0;

    for (line = LIST_FIRST(lines); line != NULL; line = next) {
        next = LIST_NEXT(line, next);
        if (line->worker_fd < 0 && (ioctl(line->auditor_fd, FIONREAD, &left) != 0 || left == 0))
            forget_line(line);
    }
}

void
master_lines_close(struct master_lines *lines, const struct master_line *own)
{
    struct master_line *line, *next;

    for (line = LIST_FIRST(lines); line != NULL; line = next) {
        next = LIST_NEXT(line, next);
        if (line == own)
            (void)close(line->auditor_fd);
        else
            forget_line(line);
    }
}
