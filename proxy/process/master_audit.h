/*
 * The audit logs: their files, which the master opens and the auditor writes, and the lines that the records come by. A
 * path keeps its number as long as the master lives, so that generations that come and go mean the same log by it.
 */
#ifndef PROXY_PROCESS_MASTER_AUDIT_H
#define PROXY_PROCESS_MASTER_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/net/channel.h"
#include "proxy/process/master_line.h"

struct master_audit_log {
    char    *path;
    int      fd;
    uint32_t asked;  /* the number of the question whether the auditor writes to `fd`; 0: it has answered */
    bool     opened; /* again, and the log has not been told that the auditor writes to it */
};

/* Starts as {0}. The number of a log is its index. */
struct master_audit {
    struct master_audit_log *logs;
    size_t                   count;
    struct master_lines      lines;
    uint32_t                 last; /* question */
};

/* The number of the log at `path`, which is opened if it is new; or -1 with errno. */
int master_audit_find(struct master_audit *, const char *path);

/* Opens each file again, after a rotation. One that cannot be opened is logged, and stays what it was. */
void master_audit_reopen(struct master_audit *);

/*
 * Hands all files over the channel to the auditor, and asks whether it writes to them. An auditor that is started again
 * is asked again.
 */
void master_audit_send(struct master_audit *, int channel);

/* Takes an answer of the auditor's. Logs that it writes to a file that was opened again. */
void master_audit_take_answer(struct master_audit *, const struct channel_frame *);

/* Hands it a line, or all lines there are. By then the auditor must have the files that the records go to. */
void master_audit_send_line(const struct master_line *, int channel);
void master_audit_send_lines(const struct master_audit *, int channel);

/* In a child, and at the end: closes all files. */
void master_audit_close_files(struct master_audit *);

#endif
