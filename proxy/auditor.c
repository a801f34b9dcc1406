/*
 * The auditor's loop: files from the master first, then a batch of records from the workers, then one write for each
 * file. It starts with no privileges and needs none.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/audit_batch.h"
#include "proxy/auditor.h"
#include "proxy/auditor_file.h"
#include "proxy/channel.h"
#include "proxy/clock.h"
#include "proxy/log.h"

enum {
    WAITING_MAX = 4 * 1024 * 1024, /* octets; while more wait, the workers' records stay in the socket */
    BATCH       = 16,              /* packets between two rounds of writing */
    RETRY_MS    = 500,
    LAST_MS     = 5000, /* for what could not be written, when all others have gone */
};

struct auditor {
    int                  control; /* -1: ended */
    int                  records; /* -1: ended */
    struct auditor_file *files;   /* by number */
    size_t               count;
    bool                 complained; /* of a record that no honest worker sends */
};

static void
add_file(struct auditor *auditor, unsigned id, int fd)
{
    if (id >= auditor->count) {
        auditor->files = memory_resize_array(auditor->files, id + 1, sizeof(auditor->files[0]));
        while (auditor->count <= id)
            auditor->files[auditor->count++] = (struct auditor_file){.fd = -1};
    }
    auditor_file_change(&auditor->files[id], fd);
}

/* All that the master has said. Records are looked at only after that: no worker is told a number before the auditor
 * is. */
static void
read_control(struct auditor *auditor)
{
    while (auditor->control >= 0) {
        unsigned word;
        int      fd;
        int      result = channel_receive(auditor->control, &word, &fd);

        if (result < 0)
            return;
        if (result == 0) {
            (void)close(auditor->control);
            auditor->control = -1;
        } else if (fd >= 0 && word == CHANNEL_LOG) {
            log_adopt(fd);
        } else if (fd >= 0) {
            add_file(auditor, word, fd);
        }
    }
}

static void
complain(struct auditor *auditor)
{
    if (!auditor->complained)
        log_write(LOG_LEVEL_ERROR, NULL, "the auditor was sent a malformed record; it drops this one and all like it");
    auditor->complained = true;
}

static bool
is_one_line(struct span line)
{
    return line.len > 0 && span_find(line, '\n') == line.len - 1;
}

/* A record that is not one whole line of a known log would harm the others' records. */
static void
take_packet(struct auditor *auditor, struct span packet)
{
    struct audit_packet_record record;

    while (audit_packet_next(&packet, &record))
        if (record.id < auditor->count && is_one_line(record.line))
            auditor_file_add(&auditor->files[record.id], record.line);
        else
            complain(auditor);
    if (packet.len > 0)
        complain(auditor);
}

/* recv(2) says 0 for an empty packet as well; the end is where all other ends are closed and nothing is left. */
static bool
at_end(int fd)
{
    struct pollfd state = {.fd = fd};
    int           left  = 0;

    return poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0 && ioctl(fd, FIONREAD, &left) == 0 && left == 0;
}

static void
read_records(struct auditor *auditor)
{
    static char packet[AUDIT_BATCH_SIZE];

    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t got = recv(auditor->records, packet, sizeof(packet), MSG_DONTWAIT);

        if (got > 0) {
            take_packet(auditor, (struct span){packet, (size_t)got});
        } else if (got == 0 && at_end(auditor->records)) {
            (void)close(auditor->records);
            auditor->records = -1;
            return;
        } else if (got < 0) {
            return;
        }
    }
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

/* Sleeps until somebody speaks, or it is time to try the files again. */
static void
wait_for_work(const struct auditor *auditor, size_t waiting)
{
    struct pollfd fds[] = {
        {.fd = auditor->control, .events = POLLIN},
        {.fd = waiting < WAITING_MAX ? auditor->records : -1, .events = POLLIN},
    };

    (void)poll(fds, 2, waiting > 0 ? RETRY_MS : -1);
}

static void
ignore_signals(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is like a full disk */
}

int
auditor_run(int control_fd, int records_fd)
{
    struct auditor auditor = {.control = control_fd, .records = records_fd};
    size_t         waiting = 0;
    int64_t        last    = 0;

    ignore_signals();
    do {
        wait_for_work(&auditor, waiting);
        read_control(&auditor);
        if (auditor.records >= 0 && waiting < WAITING_MAX)
            read_records(&auditor);
        waiting = write_files(&auditor);
        if (last == 0 && auditor.control < 0 && auditor.records < 0)
            last = clock_now() + LAST_MS;
    } while (last == 0 || (waiting > 0 && clock_now() < last));
    for (size_t i = 0; i < auditor.count; i++)
        auditor_file_close(&auditor.files[i]);
    free(auditor.files);
    return 0;
}
