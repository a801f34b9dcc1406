/*
 * A session: one client and the server that answers it. Events only record and call session_step(), the one driver,
 * which tries every move in a fixed order, arms the timer, and holds the only call that frees a session.
 */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proxy/audit.h"
#include "proxy/config.h"
#include "proxy/hold.h"
#include "proxy/notes.h"
#include "proxy/upstream.h"

struct session;

TAILQ_HEAD(session_list, session);

/* What all sessions of a worker share. */
struct session_host {
    struct event_base   *base;
    struct hold_budget   budget;
    struct notes        *notes;     /* NULL: none are kept */
    struct upstream     *upstreams; /* one for each upstream of the configuration, in its order */
    const struct config *config;
    struct session_list  sessions;
    size_t               count;
    uint64_t             serial;         /* how many there have been */
    uint32_t             tag;            /* makes session names differ between workers and starts */
    void (*gone)(struct session_host *); /* a session was freed */
};

/* Starts a session for a client that was accepted on `fd` (non-blocking), which it takes over. */
void session_open(struct session_host *, const struct config_listener *, const struct audit_logs *, int fd,
                  const struct sockaddr *client);

/* Ends every session at once, as a worker does when shutdown_timeout is over: what is in the middle of a message is
 * reset. */
void session_close_all(struct session_host *, const char *reason);

#endif
