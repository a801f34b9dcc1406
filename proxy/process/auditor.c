/*
 * The auditor's loop: files from the master first, then a batch of records from the workers, then one write for each
 * file. It starts with no privileges and needs none.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/audit/audit_batch.h"
#include "proxy/audit/audit_check.h"
#include "proxy/audit/auditor_file.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/auditor.h"

enum {
    WAITING_MAX = 4 * 1024 * 1024, /* octets; while more wait, the workers' records stay in the socket */
    BATCH       = 16,              /* packets between two rounds of writing */
    RETRY_MS    = 500,
    LAST_MS     = 5000, /* for what could not be written, when all others have gone */
};

/* The line by which one worker's records come. */
struct line {
    int      fd;
    uint32_t worker;     /* its process id */
    bool     complained; /* of a record that no honest worker sends */
    char     end[40];    /* of each record, in place of its own */
    size_t   end_len;
};

struct auditor {
    int                  control; /* -1: ended */
    struct line         *lines;
    size_t               line_count;
    struct auditor_file *files; /* by number */
    uint32_t            *asked; /* the question about each that is to be answered; 0: none is */
    size_t               count;
};

static void
add_file(struct auditor *auditor, const struct channel_frame *frame)
{
    uint32_t id = frame->value;

    if (id >= auditor->count) {
        auditor->files = memory_resize_array(auditor->files, id + 1, sizeof(auditor->files[0]));
        auditor->asked = memory_resize_array(auditor->asked, id + 1, sizeof(auditor->asked[0]));
        for (; auditor->count <= id; auditor->count++) {
            auditor->files[auditor->count] = (struct auditor_file){.fd = -1};
            auditor->asked[auditor->count] = 0;
        }
    }
    auditor_file_change(&auditor->files[id], frame->descriptor, frame->body);
    auditor->asked[id] = frame->number;
}

/* Tells the master that records go to the files that it asked about. True if it got all answers. */
static bool
answer_master(struct auditor *auditor)
{
    bool all = true;

    for (uint32_t id = 0; id < auditor->count && auditor->control >= 0; id++) {
        const struct channel_frame frame = {CHANNEL_WRITES, auditor->asked[id], id, SPAN(""), -1};

        if (frame.number != 0 && channel_send(auditor->control, &frame) == 0)
            auditor->asked[id] = 0;
        all = all && auditor->asked[id] == 0;
    }
    return all;
}

static void
add_line(struct auditor *auditor, uint32_t worker, int fd)
{
    struct line line = {.fd = fd, .worker = worker};

    line.end_len   = (size_t)snprintf(line.end, sizeof(line.end), ",\"worker\":%" PRIu32 "}\n", worker);
    auditor->lines = memory_resize_array(auditor->lines, auditor->line_count + 1, sizeof(line));
    auditor->lines[auditor->line_count++] = line;
}

/*
 * Takes all that the master has sent. Records are read only after that: no worker is told a log's number before the
 * auditor is.
 */
static void
read_control(struct auditor *auditor)
{
    struct channel_frame frame;
    enum channel_result  result = CHANNEL_EMPTY;

    while (auditor->control >= 0 &&
           (result = channel_receive(auditor->control, CHANNEL_CHILD, &frame)) == CHANNEL_FRAME) {
        if (frame.type == CHANNEL_LOG)
            log_adopt(frame.descriptor);
        else if (frame.type == CHANNEL_LINE)
            add_line(auditor, frame.value, frame.descriptor);
        else if (frame.type == CHANNEL_FILE)
            add_file(auditor, &frame);
    }
    if (auditor->control >= 0 && result != CHANNEL_EMPTY) {
        (void)close(auditor->control);
        auditor->control = -1;
    }
}

static void
complain_once(struct line *line)
{
    if (!line->complained)
        log_write(LOG_LEVEL_ERROR, NULL,
                  "worker %" PRIu32 " sent the auditor a malformed record: it was taken over, or this is a fault of "
                  "popgate; this one and all like it are dropped",
                  line->worker);
    line->complained = true;
}

static void
take_packet(struct auditor *auditor, struct line *line, struct span packet)
{
    struct span                end = {line->end, line->end_len};
    struct audit_packet_record record;

    while (audit_packet_next(&packet, &record))
        if (record.id < auditor->count && audit_check(record.line))
            auditor_file_add(&auditor->files[record.id], span_head(record.line, record.line.len - strlen("}\n")), end);
        else
            complain_once(line);
    if (packet.len > 0)
        complain_once(line);
}

/* recv(2) says 0 for an empty packet as well; the end is where the other end sends no more and nothing is left. */
static bool
at_end(int fd)
{
    struct pollfd state = {.fd = fd, .events = POLLRDHUP};
    int           left  = 0;

    return poll(&state, 1, 0) == 1 && (state.revents & (POLLHUP | POLLRDHUP)) != 0 && ioctl(fd, FIONREAD, &left) == 0 &&
           left == 0;
}

/* Returns false at the line's end. */
static bool
read_line(struct auditor *auditor, struct line *line)
{
    static char packet[AUDIT_BATCH_SIZE];

    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t got = recv(line->fd, packet, sizeof(packet), MSG_DONTWAIT);

        if (got > 0)
            take_packet(auditor, line, (struct span){packet, (size_t)got});
        else if (got == 0 && at_end(line->fd))
            return false;
        else if (got < 0)
            return true;
    }
    return true;
}

/* Reads the lines that may have something, as poll(2) says; forgets one that has ended. */
static void
read_lines(struct auditor *auditor, const struct pollfd *fds, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < auditor->line_count; i++) {
        struct line *line = &auditor->lines[i];

        if (i < count && fds[i].revents != 0 && !read_line(auditor, line))
            (void)close(line->fd);
        else
            auditor->lines[kept++] = *line;
    }
    auditor->line_count = kept;
}

static size_t
write_files(struct auditor *auditor)
{
    size_t waiting = 0;

    for (size_t i = 0; i < auditor->count; i++) {
        auditor_file_write(&auditor->files[i]);
        waiting += auditor->files[i].waiting.len;
    }
    return waiting;
}

/*
 * Sleeps until somebody has sent something, or it is time to try the files again; then reads what the master and the
 * workers have sent.
 */
static void
wait_and_read(struct auditor *auditor, size_t waiting)
{
    size_t         count = auditor->line_count;
    bool           again = !answer_master(auditor) || waiting > 0;
    struct pollfd *fds   = memory_resize_array(NULL, count + 1, sizeof(*fds));

    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = waiting < WAITING_MAX ? auditor->lines[i].fd : -1, .events = POLLIN};
    fds[count] = (struct pollfd){.fd = auditor->control, .events = POLLIN};
    if (poll(fds, count + 1, again ? RETRY_MS : -1) > 0) {
        read_control(auditor);
        read_lines(auditor, fds, count);
    }
    free(fds);
}

static void
ignore_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is like a full disk */
}

int
auditor_run(int control_fd)
{
    struct auditor auditor = {.control = control_fd};
    size_t         waiting = 0;
    int64_t        last    = 0;

    ignore_signals();
    do {
        wait_and_read(&auditor, waiting);
        waiting = write_files(&auditor);
        if (last == 0 && auditor.control < 0 && auditor.line_count == 0)
            last = clock_now() + LAST_MS;
    } while (last == 0 || (waiting > 0 && clock_now() < last));
    for (size_t i = 0; i < auditor.count; i++)
        auditor_file_close(&auditor.files[i]);
    free(auditor.files);
    free(auditor.asked);
    free(auditor.lines);
    return 0;
}
