/* Paths to numbers, and files to the auditor. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/logfile.h"
#include "base/memory.h"
#include "proxy/channel.h"
#include "proxy/log.h"
#include "proxy/master_audit.h"

static int
open_ends(struct master_audit *audit)
{
    int ends[2];

    if (audit->workers_fd >= 0)
        return 0;
    if (channel_open(ends) != 0)
        return -1;
    audit->workers_fd = ends[0];
    audit->auditor_fd = ends[1];
    return 0;
}

int
master_audit_find(struct master_audit *audit, const char *path)
{
    int fd;

    for (size_t i = 0; i < audit->count; i++)
        if (strcmp(audit->logs[i].path, path) == 0)
            return (int)i;
    fd = audit->count < CHANNEL_LOGS ? logfile_open(path, O_RDWR) : -1;
    if (fd < 0 || open_ends(audit) != 0) {
        int why = errno;

        if (fd >= 0)
            (void)close(fd);
        errno = why;
        return -1;
    }
    audit->logs                 = memory_resize_array(audit->logs, audit->count + 1, sizeof(audit->logs[0]));
    audit->logs[audit->count++] = (struct master_audit_log){memory_copy_string(path), fd};
    return (int)audit->count - 1;
}

void
master_audit_reopen(struct master_audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        struct master_audit_log *log = &audit->logs[i];
        int                      fd  = logfile_open(log->path, O_RDWR);

        if (fd < 0) {
            log_write(LOG_LEVEL_ERROR, NULL, "the audit log %s cannot be opened anew: %m", log->path);
        } else {
            (void)close(log->fd);
            log->fd = fd;
        }
    }
}

void
master_audit_send(const struct master_audit *audit, int channel)
{
    for (size_t i = 0; i < audit->count; i++)
        if (channel_send(channel, (unsigned)i, audit->logs[i].fd) != 0)
            log_write(LOG_LEVEL_ERROR, NULL, "the auditor cannot be given %s: %m", audit->logs[i].path);
}

void
master_audit_rescue(const struct master_audit *audit, struct audit_batch *batch)
{
    struct span packet = batch != NULL ? audit_batch_packet(batch) : SPAN("");

    if (packet.len > 0 && send(audit->workers_fd, packet.data, packet.len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        audit_batch_clear(batch);
}

void
master_audit_close_files(struct master_audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        (void)close(audit->logs[i].fd);
        free(audit->logs[i].path);
    }
    free(audit->logs);
    audit->logs  = NULL;
    audit->count = 0;
}

static void
close_end(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void
master_audit_close_workers_end(struct master_audit *audit)
{
    close_end(&audit->workers_fd);
}

void
master_audit_close_auditors_end(struct master_audit *audit)
{
    close_end(&audit->auditor_fd);
}
