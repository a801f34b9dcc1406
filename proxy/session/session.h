/*
 * A session: one client and the server that answers it. Events only record and call session_step(), the one driver,
 * which tries every move in a fixed order, arms the timer, and holds the only call that frees a session.
 */
#ifndef PROXY_SESSION_SESSION_H
#define PROXY_SESSION_SESSION_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/queue.h>

#include "proxy/audit/audit.h"
#include "proxy/config/config.h"
#include "proxy/message/hold.h"
#include "proxy/shared/admission.h"
#include "proxy/shared/notes.h"
#include "proxy/upstream/upstream.h"

struct session;

TAILQ_HEAD(session_list, session);

/* How far a client has come. Whoever has not logged in may have to give way to others. */
enum session_phase { SESSION_IN_HANDSHAKE, SESSION_BEFORE_LOGIN, SESSION_LOGGED_IN, SESSION_PHASES };

/* What all sessions of a worker share. */
struct session_host {
    struct event_base   *base;
    struct hold_budget   budget;
    struct notes        *notes;     /* NULL: none are kept */
    struct upstream     *upstreams; /* one for each upstream of the configuration, in its order */
    const struct config *config;
    struct session_list  sessions[SESSION_PHASES]; /* in the order in which they came there */
    size_t               counts[SESSION_PHASES];
    size_t               count;      /* of all phases */
    size_t               handshakes; /* how many there may be in SESSION_IN_HANDSHAKE: the oldest makes room */
    uint64_t             serial;     /* how many there have been */
    uint32_t             tag;        /* makes session names differ between workers and starts */
    void (*gone)(struct session_host *, const struct admission_seat *); /* a session was freed */
};

/* Before the first session: there is none. */
void session_host_start(struct session_host *);

/* Starts a session for a client that was accepted on `fd` (non-blocking), which it takes over. `seat` is what gone() is
 * told. */
void session_open(struct session_host *, const struct config_listener *, const struct audit_logs *,
                  const struct admission_seat *seat, int fd, const struct sockaddr *client);

/*
 * Ends the client that has waited longest for its login, on `listener` or, if that is NULL, on any, so that a new one
 * can be served. False if there is none. `reason` as for session_close_all().
 */
bool session_make_room(struct session_host *, const struct config_listener *, const char *reason);

/* Ends every session at once, as a worker does when shutdown_timeout is over: what is in the middle of a message is
 * reset. */
void session_close_all(struct session_host *, const char *reason);

#endif
