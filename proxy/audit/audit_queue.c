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
#include "proxy/audit/audit_queue.h"
#include "proxy/clock.h"
#include "proxy/log.h"

/* A batch that the auditor did not take. */
struct packet {
    STAILQ_ENTRY(packet) next;
    size_t len;
    char   octets[];
};

static struct {
    int                 fd; /* -1: there is no auditor */
    struct audit_batch *batch;
    struct event       *due; /* the batch is */
    struct event       *writable;
    STAILQ_HEAD(packets, packet) packets;
    size_t    octets; /* of the packets */
    uint64_t *lost;   /* by log */
    size_t    logs;   /* how many of these counts there are */
    bool      losing; /* some count is not 0 */
} queue = {.fd = -1};

enum sent { SENT, SENT_LATER, SENT_NEVER };

static enum sent
transmit(struct span packet)
{
    if (send(queue.fd, packet.data, packet.len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return SENT;
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == EINTR ? SENT_LATER : SENT_NEVER;
}

static void
arm(void)
{
    static const struct timeval time = {.tv_usec = AUDIT_BATCH_MS * 1000};

    if (!evtimer_pending(queue.due, NULL))
        (void)evtimer_add(queue.due, &time);
}

static void
lose(unsigned id)
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
    arm();
}

static void
lose_packet(struct span packet)
{
    struct audit_packet_record record;

    while (audit_packet_next(&packet, &record))
        lose(record.id);
}

static void
append(struct span octets)
{
    struct packet *packet = memory_new(sizeof(*packet) + octets.len);

    packet->len = octets.len;
    memcpy(packet->octets, octets.data, octets.len);
    STAILQ_INSERT_TAIL(&queue.packets, packet, next);
    queue.octets += octets.len;
    (void)event_add(queue.writable, NULL);
}

/* Sends a packet, or puts it behind the others. False: it cannot be sent, now or ever. */
static bool
send_or_append(struct span packet)
{
    enum sent sent = STAILQ_EMPTY(&queue.packets) ? transmit(packet) : SENT_LATER;

    if (sent == SENT_LATER)
        append(packet);
    return sent != SENT_NEVER;
}

/* A line about the lines that are missing. False: the auditor is gone, and the count goes on. */
static bool
record_loss(unsigned id)
{
    char now[CLOCK_TEXT_SIZE], packet[AUDIT_HEAD_SIZE + 128];
    int  len;

    clock_write_utc(now);
    len = snprintf(packet + AUDIT_HEAD_SIZE, sizeof(packet) - AUDIT_HEAD_SIZE,
                   "{\"time\":\"%s\",\"event\":\"lost\",\"count\":%" PRIu64 "}\n", now, queue.lost[id]);
    audit_packet_write_head(packet, id, (size_t)len);
    return send_or_append((struct span){packet, AUDIT_HEAD_SIZE + (size_t)len});
}

/* Ends a loss once there is room again. Nothing is in the batch. */
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

static void
send_packets(void)
{
    struct packet *packet;

    while ((packet = STAILQ_FIRST(&queue.packets)) != NULL) {
        struct span octets = {packet->octets, packet->len};
        enum sent   sent   = transmit(octets);

        if (sent == SENT_LATER)
            return;
        if (sent == SENT_NEVER)
            lose_packet(octets);
        STAILQ_REMOVE_HEAD(&queue.packets, next);
        queue.octets -= packet->len;
        free(packet);
    }
    (void)event_del(queue.writable);
}

/*
 * The batch is cleared only after it was sent: if a worker is killed between the two, its records are written twice
 * rather than never.
 */
static void
send_batch(void)
{
    struct span packet = audit_batch_packet(queue.batch);

    (void)evtimer_del(queue.due);
    if (packet.len > 0 && !send_or_append(packet))
        lose_packet(packet);
    audit_batch_clear(queue.batch);
}

static void
flush(void)
{
    send_packets();
    send_batch();
    record_losses();
}

char *
audit_queue_room(void)
{
    return queue.fd >= 0 ? audit_batch_room(queue.batch) : NULL;
}

/* Adds a line, which stands in the batch's memory, and sends what is due. Returns where the line stands now. */
static struct span
add_line(unsigned id, struct span line)
{
    size_t before = queue.octets + audit_batch_packet(queue.batch).len;

    if (line.len == 0 || queue.losing || before + line.len > AUDIT_QUEUE_MAX) {
        lose(id);
        return line;
    }
    line.data = memmove(audit_batch_room(queue.batch), line.data, line.len);
    audit_batch_add(queue.batch, id, line.len);
    if (audit_batch_is_full(queue.batch))
        flush();
    else
        arm();
    return line;
}

void
audit_queue_send(const unsigned *ids, size_t count, size_t len)
{
    struct span line = {audit_batch_room(queue.batch), len};

    for (size_t i = 0; i < count; i++)
        line = add_line(ids[i], line);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    flush();
}

/* A worker that died may have left records in the batch: they go first. */
int
audit_queue_start(struct event_base *base, int fd, struct audit_batch *batch)
{
    queue.due      = evtimer_new(base, on_event, NULL);
    queue.writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_event, NULL);
    if (queue.due == NULL || queue.writable == NULL)
        return -1;
    STAILQ_INIT(&queue.packets);
    queue.fd    = fd;
    queue.batch = batch;
    flush();
    return 0;
}

static uint64_t
count_records(struct span packet)
{
    struct audit_packet_record record;
    uint64_t                   count = 0;

    while (audit_packet_next(&packet, &record))
        count++;
    return count;
}

/* Drops what still waits. */
static void
drop_waiting(void)
{
    struct packet *packet;
    uint64_t       lost = 0;

    while ((packet = STAILQ_FIRST(&queue.packets)) != NULL) {
        lost += count_records((struct span){packet->octets, packet->len});
        STAILQ_REMOVE_HEAD(&queue.packets, next);
        free(packet);
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
    drop_waiting();
    event_free(queue.due);
    event_free(queue.writable);
    (void)close(queue.fd);
    memset(&queue, 0, sizeof(queue));
    queue.fd = -1;
}
