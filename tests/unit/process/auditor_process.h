/* For the tests of proxy/process/auditor.h: an auditor in a process of its own, and what it wrote. */
#ifndef TESTS_UNIT_AUDITOR_PROCESS_H
#define TESTS_UNIT_AUDITOR_PROCESS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/logfile.h"
#include "base/memory.h"
#include "proxy/audit/audit_batch.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/auditor.h"

static char folder[] = "/tmp/popgate-auditor-XXXXXX";
static char path[64], other[64], log_path[64];

static int   control[2] = {-1, -1}, records[2] = {-1, -1}; /* ours, the auditor's */
static pid_t auditor;

/* The process id of the worker whose line this is, and how many octets longer it makes each line in the file. */
enum { WORKER = 7, WORKER_LEN = 11 };

static inline void
send_frame(enum channel_type type, uint32_t number, uint32_t value, const char *body, int descriptor)
{
    const struct channel_frame frame = {type, number, value, span_of(body), descriptor};

    assert_int_equal(channel_send(control[0], &frame), 0);
}

static inline void
start_auditor(rlim_t file_size)
{
    auditor = fork();
    assert_true(auditor >= 0);
    if (auditor == 0) {
        const struct rlimit limit = {file_size, file_size};

        (void)setrlimit(RLIMIT_FSIZE, &limit);
        (void)close(control[0]);
        (void)close(records[0]);
        (void)alarm(60);
        _exit(auditor_run(control[1]));
    }
    send_frame(CHANNEL_LINE, 0, WORKER, "", records[1]);
}

static inline void
open_sockets(void)
{
    assert_int_equal(channel_open(control), 0);
    assert_int_equal(channel_open(records), 0);
}

static inline void
close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* Waits for the auditor's end: its exit status, or minus the signal that ended it. */
static inline int
end_auditor(void)
{
    int status = 0;

    for (int i = 0; i < 2; i++) {
        close_one(&control[i]);
        close_one(&records[i]);
    }
    assert_int_equal(waitpid(auditor, &status, 0), auditor);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline int
setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/audit", folder);
    (void)snprintf(other, sizeof(other), "%s/audit.1", folder);
    (void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
    (void)signal(SIGPIPE, SIG_IGN);
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

static inline int
start(void **state)
{
    (void)state;
    assert_int_equal(log_open(log_path, LOG_LEVEL_INFO), 0);
    open_sockets();
    start_auditor(RLIM_INFINITY);
    return 0;
}

static inline int
clean(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    (void)unlink(log_path);
    return 0;
}

static inline void
give_file(unsigned id, const char *name)
{
    int fd = logfile_open(name, O_RDWR);

    assert_true(fd >= 0);
    send_frame(CHANNEL_FILE, 0, id, name, fd);
    (void)close(fd);
}

static inline void
send_packet(const void *octets, size_t len)
{
    while (send(records[0], octets, len, MSG_NOSIGNAL) < 0) {
        assert_int_equal(errno, EAGAIN);
        (void)usleep(1000);
    }
}

#define LINE_HEAD "{\"time\":\"2026-11-20T12:00:00.000000Z\",\"event\":\"x\",\"n\":%u,\"x\":\""

/* A record of line `number`, which is `size` octets long in the file. Returns the octets of the record. */
static inline size_t
write_record(char *record, unsigned id, unsigned number, size_t size)
{
    char  *line = record + AUDIT_HEAD_SIZE;
    int    head = snprintf(line, size, LINE_HEAD, number);
    size_t len  = size - WORKER_LEN;

    assert_true(len > (size_t)head + 3);
    memset(line + head, 'x', len - (size_t)head - 3);
    memcpy(line + len - 3, "\"}\n", 3);
    audit_packet_write_head(record, id, len);
    return AUDIT_HEAD_SIZE + len;
}

static inline void
send_line(unsigned id, unsigned number, size_t size)
{
    static char packet[AUDIT_HEAD_SIZE + AUDIT_LINE_MAX];

    send_packet(packet, write_record(packet, id, number, size));
}

/* Reads a whole file; to be given to free(). */
static inline char *
contents(const char *name)
{
    FILE  *file = fopen(name, "re");
    size_t size = 1;
    char  *text = memory_new(size);

    assert_non_null(file);
    assert_true(getdelim(&text, &size, '\0', file) >= 0 || feof(file));
    (void)fclose(file);
    return text;
}

/* The file holds the lines first..last, whole and in order, and nothing else. */
static inline void
assert_lines(const char *name, unsigned first, unsigned last)
{
    char *text = contents(name), *line = text;

    for (unsigned i = first; i <= last; i++) {
        char     end     = '\0';
        unsigned number  = 0;
        char    *newline = strchr(line, '\n');

        if (newline == NULL || sscanf(line, LINE_HEAD "%*[x]\",\"worker\":7%c", &number, &end) != 2 || number != i ||
            end != '}' || newline[-1] != '}')
            fail_msg("%s: line %u is %.60s", name, i, line);
        line = newline != NULL ? newline + 1 : line;
    }
    if (*line != '\0')
        fail_msg("%s: behind line %u is %.60s", name, last, line);
    free(text);
}

/* Waits until the file is `size` octets long. */
static inline void
wait_for_size(const char *name, off_t size)
{
    struct stat stat_now = {0};

    for (int i = 0; i < 5000; i++) {
        if (stat(name, &stat_now) == 0 && stat_now.st_size == size)
            return;
        (void)usleep(1000);
    }
    fail_msg("%s has %lld octets, not %lld", name, (long long)stat_now.st_size, (long long)size);
}

#endif
