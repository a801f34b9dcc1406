/* Records on their way to the auditor. All state is the one queue below: a worker has one auditor. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "proxy/audit_queue.h"
#include "proxy/auditor.h"
#include "proxy/clock.h"
#include "proxy/log.h"

struct packet {
    STAILQ_ENTRY(packet) next;
    unsigned id;
    size_t   len;
    char     line[];
};

static struct {
    int           fd; /* -1: there is no auditor */
    struct event *writable;
    STAILQ_HEAD(packets, packet) packets;
    size_t    octets; /* of the lines that wait */
    uint64_t *lost;   /* by log */
    size_t    logs;   /* how many of these counts there are */
    bool      losing; /* some count is not 0 */
} queue = {.fd = -1};

enum sent { SENT, SENT_LATER, SENT_NEVER };

static enum sent
transmit(unsigned id, struct span line)
{
    unsigned char       head[AUDITOR_ID_SIZE] = {(unsigned char)(id >> 8), (unsigned char)id};
    struct iovec        parts[]               = {{head, sizeof(head)}, {(void *)line.data, line.len}};
    const struct msghdr message               = {.msg_iov = parts, .msg_iovlen = 2};

    if (sendmsg(queue.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return SENT;
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == EINTR ? SENT_LATER : SENT_NEVER;
}

void
audit_queue_lose(unsigned id)
{
    if (!queue.losing)
        log_write(LOG_LEVEL_ERROR, NULL, "the auditor does not take audit records: from now on they are lost");
    queue.losing = true;
    if (id >= queue.logs) {
        queue.lost = memory_resize_array(queue.lost, id + 1, sizeof(queue.lost[0]));
        while (queue.logs <= id)
            queue.lost[queue.logs++] = 0;
    }
    queue.lost[id]++;
}

static void
append(unsigned id, struct span line)
{
    struct packet *packet = memory_new(sizeof(*packet) + line.len);

    packet->id  = id;
    packet->len = line.len;
    memcpy(packet->line, line.data, line.len);
    STAILQ_INSERT_TAIL(&queue.packets, packet, next);
    queue.octets += line.len;
    (void)event_add(queue.writable, NULL);
}

/* Sends a line, or puts it behind the others. False: it cannot be sent, now or ever. */
static bool
send_or_append(unsigned id, struct span line)
{
    enum sent sent = STAILQ_EMPTY(&queue.packets) ? transmit(id, line) : SENT_LATER;

    if (sent == SENT_LATER)
        append(id, line);
    return sent != SENT_NEVER;
}

/* A line about the lines that are missing. False: the auditor is gone, and the count goes on. */
static bool
record_loss(unsigned id)
{
    char now[CLOCK_TEXT_SIZE], line[128];
    int  len;

    clock_write_utc(now);
    len = snprintf(line, sizeof(line), "{\"time\":\"%s\",\"event\":\"lost\",\"count\":%" PRIu64 "}\n", now,
                   queue.lost[id]);
    return send_or_append(id, (struct span){line, (size_t)len});
}

/* Ends a loss once there is room again. */
static void
record_losses(void)
{
    if (!queue.losing || queue.octets > AUDIT_QUEUE_MAX / 2)
        return;
    for (unsigned id = 0; id < queue.logs; id++)
        if (queue.lost[id] > 0) {
            if (!record_loss(id))
                return;
            log_write(LOG_LEVEL_WARNING, NULL, "%" PRIu64 " audit records were lost", queue.lost[id]);
            queue.lost[id] = 0;
        }
    queue.losing = false;
}

void
audit_queue_send(unsigned id, struct span line)
{
    if (queue.fd < 0)
        return;
    record_losses();
    if (queue.losing || queue.octets + line.len > AUDIT_QUEUE_MAX || !send_or_append(id, line))
        audit_queue_lose(id);
}

static void
flush(void)
{
    struct packet *packet;

    while ((packet = STAILQ_FIRST(&queue.packets)) != NULL) {
        enum sent sent = transmit(packet->id, (struct span){packet->line, packet->len});

        if (sent == SENT_LATER)
            break;
        if (sent == SENT_NEVER)
            audit_queue_lose(packet->id);
        STAILQ_REMOVE_HEAD(&queue.packets, next);
        queue.octets -= packet->len;
        free(packet);
    }
    record_losses();
    if (STAILQ_EMPTY(&queue.packets))
        (void)event_del(queue.writable);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    flush();
}

int
audit_queue_start(struct event_base *base, int fd)
{
    queue.writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, NULL);
    if (queue.writable == NULL)
        return -1;
    STAILQ_INIT(&queue.packets);
    queue.fd = fd;
    return 0;
}

/* What still waits goes nowhere now. */
static void
drop(void)
{
    struct packet *packet;
    uint64_t       lost = 0;

    while ((packet = STAILQ_FIRST(&queue.packets)) != NULL) {
        STAILQ_REMOVE_HEAD(&queue.packets, next);
        free(packet);
        lost++;
    }
    for (size_t id = 0; id < queue.logs; id++)
        lost += queue.lost[id];
    if (lost > 0)
        log_write(LOG_LEVEL_ERROR, NULL, "%" PRIu64 " audit records were lost at the end", lost);
    free(queue.lost);
}

void
audit_queue_stop(int64_t ms)
{
    int64_t       end   = clock_now() + ms;
    struct pollfd ready = {.fd = queue.fd, .events = POLLOUT};

    if (queue.fd < 0)
        return;
    flush();
    for (int64_t left = ms; !STAILQ_EMPTY(&queue.packets) && left > 0; left = end - clock_now()) {
        (void)poll(&ready, 1, (int)left);
        flush();
    }
    drop();
    event_free(queue.writable);
    (void)close(queue.fd);
    memset(&queue, 0, sizeof(queue));
    queue.fd = -1;
}
