/*
 * The way of records from a worker to the auditor: sent at once where the socket takes them, else waiting up to a
 * limit. Beyond it they are lost and counted, for each log; what follows is lost too until half of the queue has gone,
 * so that one record of the loss stands in the log exactly where the others are missing.
 */
#ifndef PROXY_AUDIT_QUEUE_H
#define PROXY_AUDIT_QUEUE_H

#include <event2/event.h>
#include <stdint.h>

#include "base/span.h"

enum { AUDIT_QUEUE_MAX = 4 * 1024 * 1024 }; /* octets that wait */

/* As audit_start() and audit_stop() of proxy/audit.h. */
int  audit_queue_start(struct event_base *, int fd);
void audit_queue_stop(int64_t ms);

/* Sends a line, which ends in a newline and is at most AUDITOR_LINE_MAX octets, to the log of this number. */
void audit_queue_send(unsigned id, struct span line);

/* Counts a record that could not even be made. */
void audit_queue_lose(unsigned id);

#endif
