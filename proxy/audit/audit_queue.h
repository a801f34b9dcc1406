/*
 * The way of records from a worker to the auditor. They are sent in batches: when there are many, and at the latest
 * after AUDIT_BATCH_MS. What the auditor does not take then waits up to a limit. Beyond it records are lost and
 * counted, for each log; what follows is lost too until half of the queue has gone, so that one record of the loss
 * stands in the log exactly where the others are missing.
 */
#ifndef PROXY_AUDIT_AUDIT_QUEUE_H
#define PROXY_AUDIT_AUDIT_QUEUE_H

#include <event2/event.h>
#include <stdint.h>

#include "proxy/audit/audit_batch.h"

enum {
    AUDIT_QUEUE_MAX = 4 * 1024 * 1024, /* octets that wait */
    AUDIT_BATCH_MS  = 20,
};

/* As audit_start() and audit_stop() of proxy/audit/audit.h. */
int  audit_queue_start(struct event_base *, int fd, struct audit_batch *);
void audit_queue_stop(int64_t ms);

/* Where the next line is to be written: room for AUDIT_LINE_MAX octets. NULL: there is no auditor. */
char *audit_queue_room(void);

/* Sends the line that was written there, `len` octets with its newline, to the logs of these numbers. 0: it could not
 * be made, and is counted as lost. */
void audit_queue_send(const unsigned *ids, size_t count, size_t len);

#endif
