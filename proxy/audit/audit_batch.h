/*
 * The records that a worker has made and not yet sent: up to some milliseconds of them. They are in memory that the
 * master shares with this one worker, so that a worker that dies leaves them behind, and none is lost.
 */
#ifndef PROXY_AUDIT_AUDIT_BATCH_H
#define PROXY_AUDIT_AUDIT_BATCH_H

#include <stdatomic.h>

#include "proxy/audit/audit_packet.h"

enum {
    AUDIT_BATCH_FULL = 64 * 1024, /* octets at which it is sent */
    AUDIT_BATCH_SIZE = AUDIT_BATCH_FULL + AUDIT_HEAD_SIZE + AUDIT_LINE_MAX,
};

struct audit_batch {
    atomic_size_t len; /* octets of whole records; the last thing that is written */
    char          octets[AUDIT_BATCH_SIZE];
};

/* An empty batch, which a fork() shares. NULL, with errno, if there is no memory. */
struct audit_batch *audit_batch_open(void);

/* Gives it back, in this process, and sets the pointer to NULL; nothing if it is NULL. */
void audit_batch_close(struct audit_batch **);

/* The packet that it is, valid until the next change. */
struct span audit_batch_packet(const struct audit_batch *);

/* Where a line of up to AUDIT_LINE_MAX octets can be written. The batch must not be full. */
char *audit_batch_room(struct audit_batch *);

/* Adds the line that was written there. */
void audit_batch_add(struct audit_batch *, unsigned id, size_t len);

bool audit_batch_is_full(const struct audit_batch *);
void audit_batch_clear(struct audit_batch *);

#endif
