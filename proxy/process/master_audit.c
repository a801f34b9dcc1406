/* Paths to numbers, and files to the auditor. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/logfile.h"
#include "base/memory.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/master_audit.h"

/* Opens the file of one more log, whose number and path can be sent. */
static int
open_log(const struct master_audit *audit, const char *path)
{
    if (audit->count < AUDIT_LOGS_MAX && strlen(path) <= CHANNEL_BODY_MAX)
        return logfile_open(path, O_RDWR);
    errno = audit->count < AUDIT_LOGS_MAX ? ENAMETOOLONG : EMFILE;
    return -1;
}

int
master_audit_find(struct master_audit *audit, const char *path)
{
    int fd;

    for (size_t i = 0; i < audit->count; i++)
        if (strcmp(audit->logs[i].path, path) == 0)
            return (int)i;
    fd = open_log(audit, path);
    if (fd < 0)
        return -1;
    audit->logs                 = memory_resize_array(audit->logs, audit->count + 1, sizeof(audit->logs[0]));
    audit->logs[audit->count++] = (struct master_audit_log){.path = memory_copy_string(path), .fd = fd};
    return (int)audit->count - 1;
}

void
master_audit_reopen(struct master_audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        struct master_audit_log *log = &audit->logs[i];
        int                      fd  = logfile_open(log->path, O_RDWR);

        if (fd < 0) {
            log_write(LOG_LEVEL_ERROR, NULL, "the audit log %s cannot be opened again: %m", log->path);
        } else {
            (void)close(log->fd);
            log->fd     = fd;
            log->opened = true;
        }
    }
}

void
master_audit_send(struct master_audit *audit, int channel)
{
    for (size_t i = 0; i < audit->count; i++) {
        struct master_audit_log *log  = &audit->logs[i];
        struct span              path = span_of(log->path);

        log->asked = ++audit->last != 0 ? audit->last : ++audit->last;
        if (channel_send(channel, &(struct channel_frame){.type       = CHANNEL_FILE,
                                                          .number     = log->asked,
                                                          .value      = (uint32_t)i,
                                                          .body       = path,
                                                          .descriptor = log->fd}) != 0)
            log_write(LOG_LEVEL_ERROR, NULL, "the auditor cannot be given %s: %m", log->path);
    }
}

/* An answer does not count if the question was asked again since. */
void
master_audit_take_answer(struct master_audit *audit, const struct channel_frame *frame)
{
    struct master_audit_log *log = frame->value < audit->count ? &audit->logs[frame->value] : NULL;

    if (log == NULL || log->asked == 0 || log->asked != frame->number)
        return;
    log->asked = 0;
    if (log->opened)
        log_write(LOG_LEVEL_INFO, NULL, "the audit log %s was opened again, and the auditor writes to it", log->path);
    log->opened = false;
}

void
master_audit_send_line(const struct master_line *line, int channel)
{
    if (!master_line_send(line, channel))
        log_write(LOG_LEVEL_ERROR, NULL, "the auditor cannot be given the line from worker %d: %m", (int)line->worker);
}

void
master_audit_send_lines(const struct master_audit *audit, int channel)
{
    const struct master_line *line;

    LIST_FOREACH(line, &audit->lines, next)
    master_audit_send_line(line, channel);
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
