/*
 * Lines: for each worker a pair of sockets, from it to the auditor. The master keeps both ends, so that records outlive
 * a worker, which leaves a batch, and an auditor, which leaves what it has not read. A line is one worker's alone: what
 * one does to its own end is no harm to the others.
 */
#ifndef PROXY_PROCESS_MASTER_LINE_H
#define PROXY_PROCESS_MASTER_LINE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "proxy/audit/audit_batch.h"

struct master_line {
    LIST_ENTRY(master_line) next;
    pid_t worker;     /* 0: not started yet */
    int   worker_fd;  /* its end; -1: it is gone */
    int   auditor_fd; /* the other */
};

LIST_HEAD(master_lines, master_line);

/* A new line; NULL with errno. */
struct master_line *master_line_open(struct master_lines *);

/* Hands the auditor its end, over the channel. False with errno. */
bool master_line_send(const struct master_line *, int channel);

/*
 * The worker has died: sends what it left in its batch, which may be NULL, and closes its end. What does not go out now
 * stays in the batch. The line stays until the auditor has read it. It may be NULL.
 */
void master_line_end(struct master_line *, struct audit_batch *);

/* Forgets the lines whose worker is gone and of which the auditor has read all. */
void master_lines_forget_read(struct master_lines *);

/* In a child, and at the end: forgets all lines but `own` (NULL: none), of which the worker's end stays open. */
void master_lines_close(struct master_lines *, const struct master_line *own);

#endif
