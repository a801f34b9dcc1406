/*
 * The audit logs: their files, which the master opens and the auditor writes, and the socket that the records go
 * through. A path keeps its number as long as the master lives, so that generations that come and go mean the same log
 * by it.
 */
#ifndef PROXY_MASTER_AUDIT_H
#define PROXY_MASTER_AUDIT_H

#include <stddef.h>

#include "proxy/audit_batch.h"

struct master_audit_log {
    char *path;
    int   fd;
};

/* Starts as MASTER_AUDIT_NONE. The number of a log is its index. */
struct master_audit {
    struct master_audit_log *logs;
    size_t                   count;
    int                      workers_fd; /* where all workers put their records; -1 while there is no log */
    int                      auditor_fd; /* where the auditor gets them: kept, so that they outlive an auditor */
};

#define MASTER_AUDIT_NONE ((struct master_audit){.workers_fd = -1, .auditor_fd = -1})

/* The number of the log at `path`, which is opened if it is new; or -1 with errno. */
int master_audit_find(struct master_audit *, const char *path);

/* Opens each file anew after a rotation. One that cannot be opened is logged, and stays what it was. */
void master_audit_reopen(struct master_audit *);

/* Hands all files over the channel to the auditor. */
void master_audit_send(const struct master_audit *, int channel);

/* A worker has died: sends the auditor what it left in its batch. What does not go out now stays there. */
void master_audit_rescue(const struct master_audit *, struct audit_batch *);

/* In a child, and at the end: closes all files; */
void master_audit_close_files(struct master_audit *);

/* closes one end of the records' socket, the one that workers or the one that the auditor has. */
void master_audit_close_workers_end(struct master_audit *);
void master_audit_close_auditors_end(struct master_audit *);

#endif
