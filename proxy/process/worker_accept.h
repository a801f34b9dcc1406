/*
 * The listening sockets of a worker: who is let in, who is turned away, and who waits outside because the worker has
 * no descriptors left for more.
 */
#ifndef PROXY_PROCESS_WORKER_ACCEPT_H
#define PROXY_PROCESS_WORKER_ACCEPT_H

#include "proxy/process/worker.h"
#include "proxy/session/session.h"
#include "proxy/shared/admission.h"

struct worker_accept;

/* Does not listen yet. All that is given must outlive it. NULL if there is no memory for the events. */
struct worker_accept *worker_accept_new(struct session_host *, const struct worker_start *, const struct admission *);

/*
 * Begins to listen; and stops for good, closing the sockets: else clients would wait where nobody accepts them any
 * more, and a new master could not bind.
 */
void worker_accept_start(struct worker_accept *);
void worker_accept_stop(struct worker_accept *);

/* A session was freed: there is room for another. */
void worker_accept_note_room(struct worker_accept *);

/* Frees it and sets it to NULL; nothing if it is NULL. */
void worker_accept_free(struct worker_accept **);

#endif
