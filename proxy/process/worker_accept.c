/*
 * Sockets are watched level-triggered: what one worker leaves, it or another takes at the next turn of the loop. Who is
 * turned away is logged as a state, when it begins and when it is over, for strangers decide how often it happens.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/config/config_limits.h"
#include "proxy/log.h"
#include "proxy/process/worker_accept.h"

enum {
    ACCEPTS   = 16,   /* at once; then those that are connected have their turn */
    PAUSE_MIN = 200,  /* milliseconds without accepting, when the system has no descriptor left; doubled each time */
    PAUSE_MAX = 2000, /* milliseconds */
    CALM      = 10,   /* seconds without an event after which a state is over */
};

/* What becomes of clients at a socket that has no room for them, by the admission's verdict; where it was granted they
 * came in, and others gave way. */
static const struct {
    const char *state;
    const char *reply; /* NULL: none */
} crowds[ADMISSION_VERDICTS] = {
    [ADMISSION_GRANTED] = {"there is no room for more: clients that have not logged in give way to new ones", NULL},
    [ADMISSION_ADDRESS_FULL]  = {"max_sessions_per_address is reached: more from one address are refused",
                                 "-ERR [SYS/TEMP] too many sessions from your address\r\n"},
    [ADMISSION_LISTENER_FULL] = {"the listener's max_sessions is reached: new clients are refused",
                                 "-ERR [SYS/TEMP] too many sessions, try again later\r\n"},
    [ADMISSION_FULL]          = {"max_sessions is reached: new clients are refused",
                                 "-ERR [SYS/TEMP] too many sessions, try again later\r\n"},
};

struct crowd {
    uint64_t clients; /* since it began; 0: there is none */
    bool     grows;   /* there were some since the last look */
};

struct listening {
    struct worker_accept       *owner;
    const struct worker_socket *socket;
    struct audit_logs           logs;
    struct event               *event;
    struct crowd                crowds[ADMISSION_VERDICTS];
};

enum accept_state { ACCEPT_LISTENS, ACCEPT_WAITS_FOR_ROOM, ACCEPT_WAITS_FOR_SYSTEM, ACCEPT_STOPPED };

struct worker_accept {
    struct session_host    *host;
    const struct admission *admission;
    struct listening       *sockets;
    size_t                  count;
    size_t                  capacity; /* sessions */
    enum accept_state       state;
    struct event           *pause;    /* ends ACCEPT_WAITS_FOR_SYSTEM */
    int                     pause_ms; /* how long the next one is */
    struct event           *look;     /* which crowds have gone? */
};

static void
enter_state(struct worker_accept *accept, enum accept_state state)
{
    if (accept->state == ACCEPT_STOPPED)
        return;
    accept->state = state;
    for (size_t i = 0; i < accept->count; i++)
        (void)(state == ACCEPT_LISTENS ? event_add(accept->sockets[i].event, NULL)
                                       : event_del(accept->sockets[i].event));
}

static void
end_pause(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    enter_state(context, ACCEPT_LISTENS);
}

/* The system has no descriptor left: clients that wait are served later, and the worker does not spin meanwhile. */
static void
wait_for_system(struct worker_accept *accept, int error)
{
    const struct timeval time = {.tv_sec = accept->pause_ms / 1000, .tv_usec = accept->pause_ms % 1000 * 1000};

    if (accept->pause_ms == PAUSE_MIN)
        log_write(LOG_LEVEL_ERROR, NULL, "accepting connections: %s; %zu sessions are open: new clients wait",
                  strerrordesc_np(error), accept->host->count);
    enter_state(accept, ACCEPT_WAITS_FOR_SYSTEM);
    (void)evtimer_add(accept->pause, &time);
    accept->pause_ms = accept->pause_ms * 2 < PAUSE_MAX ? accept->pause_ms * 2 : PAUSE_MAX;
}

/* All sessions are at work. Other workers may have room. */
static void
wait_for_room(struct worker_accept *accept)
{
    log_write(LOG_LEVEL_WARNING, NULL,
              "this worker has %zu sessions, as many as its descriptors carry: new clients wait; raise LimitNOFILE or "
              "ulimit -n",
              accept->host->count);
    enter_state(accept, ACCEPT_WAITS_FOR_ROOM);
}

void
worker_accept_note_room(struct worker_accept *accept)
{
    if (accept->state == ACCEPT_WAITS_FOR_ROOM)
        enter_state(accept, ACCEPT_LISTENS);
}

static bool
is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void
note_crowd(struct listening *listening, enum admission_verdict kind, const struct sockaddr *client, socklen_t len)
{
    const struct timeval calm             = {.tv_sec = CALM};
    struct crowd        *crowd            = &listening->crowds[kind];
    char                 host[NI_MAXHOST] = "?";

    crowd->grows = true;
    if (crowd->clients++ > 0)
        return;
    (void)getnameinfo(client, len, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
    log_write(LOG_LEVEL_WARNING, NULL, "listener %s: %s (the first is %s)", listening->socket->listener->name,
              crowds[kind].state, host);
    if (!evtimer_pending(listening->owner->look, NULL))
        (void)evtimer_add(listening->owner->look, &calm);
}

/* Is the crowd still there? */
static bool
look_at(const struct listening *listening, enum admission_verdict kind, struct crowd *crowd)
{
    if (crowd->clients > 0 && !crowd->grows) {
        log_write(LOG_LEVEL_WARNING, NULL, "listener %s: it is over that %s; %" PRIu64 " clients",
                  listening->socket->listener->name, crowds[kind].state, crowd->clients);
        crowd->clients = 0;
    }
    crowd->grows = false;
    return crowd->clients > 0;
}

static void
look_at_crowds(evutil_socket_t fd, short what, void *context)
{
    const struct timeval  calm   = {.tv_sec = CALM};
    struct worker_accept *accept = context;
    bool                  some   = false;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < accept->count; i++)
        for (size_t kind = 0; kind < ADMISSION_VERDICTS; kind++)
            some = look_at(&accept->sockets[i], (enum admission_verdict)kind, &accept->sockets[i].crowds[kind]) || some;
    if (some)
        (void)evtimer_add(accept->look, &calm);
}

/* In the clear a client is told why. What it has sent is read first: else it would meet a reset instead. */
static void
turn_away(const struct listening *listening, enum admission_verdict verdict, int fd)
{
    struct span reply = span_of(crowds[verdict].reply);
    char        scrap[512];

    if (listening->socket->listener->tls != CONFIG_TLS_IMPLICIT) {
        (void)recv(fd, scrap, sizeof(scrap), MSG_DONTWAIT);
        (void)send(fd, reply.data, reply.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    (void)close(fd);
}

/* Where popgate or the listener is full, somebody who has not logged in gives way. */
static bool
find_place(struct listening *listening, enum admission_verdict verdict)
{
    struct session_host *host = listening->owner->host;

    if (verdict == ADMISSION_LISTENER_FULL)
        return session_make_room(host, listening->socket->listener, "made room for a new client (max_sessions)");
    return verdict == ADMISSION_FULL && session_make_room(host, NULL, "made room for a new client (max_sessions)");
}

static void
let_in(struct listening *listening, int fd, const struct sockaddr *client, socklen_t len)
{
    struct worker_accept         *accept   = listening->owner;
    const struct config_listener *listener = listening->socket->listener;
    struct admission_seat         seat;
    enum admission_verdict        verdict = admission_ask(accept->admission, listener, client, &seat);

    while (verdict != ADMISSION_GRANTED && find_place(listening, verdict)) {
        note_crowd(listening, ADMISSION_GRANTED, client, len);
        verdict = admission_ask(accept->admission, listener, client, &seat);
    }
    if (verdict != ADMISSION_GRANTED) {
        note_crowd(listening, verdict, client, len);
        turn_away(listening, verdict, fd);
        return;
    }
    admission_take(accept->admission, &seat);
    session_open(accept->host, listener, &listening->logs, &seat, fd, client);
}

/* Descriptors are kept in reserve for this: the new client is accepted before another one leaves for it. */
static void
make_room(struct listening *listening, const struct sockaddr *client, socklen_t len)
{
    struct worker_accept *accept = listening->owner;

    if (accept->host->count >= accept->capacity &&
        session_make_room(accept->host, NULL, "made room for a new client (the descriptors carry no more)"))
        note_crowd(listening, ADMISSION_GRANTED, client, len);
}

static void
accept_clients(evutil_socket_t fd, short what, void *context)
{
    struct listening       *listening = context;
    struct worker_accept   *accept    = listening->owner;
    struct sockaddr_storage client;

    (void)what;
    for (int i = 0; i < ACCEPTS; i++) {
        socklen_t len = sizeof(client);
        int       socket;

        if (accept->host->counts[SESSION_LOGGED_IN] >= accept->capacity) {
            wait_for_room(accept);
            return;
        }
        socket = accept4(fd, (struct sockaddr *)&client, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0 && is_shortage(errno))
            wait_for_system(accept, errno);
        if (socket < 0)
            return;
        accept->pause_ms = PAUSE_MIN;
        make_room(listening, (struct sockaddr *)&client, len);
        let_in(listening, socket, (struct sockaddr *)&client, len);
    }
}

void
worker_accept_start(struct worker_accept *accept)
{
    enter_state(accept, ACCEPT_LISTENS);
}

void
worker_accept_stop(struct worker_accept *accept)
{
    enter_state(accept, ACCEPT_WAITS_FOR_ROOM);
    accept->state = ACCEPT_STOPPED;
    for (size_t i = 0; i < accept->count; i++)
        (void)close(accept->sockets[i].socket->fd);
}

static bool
add_socket(struct worker_accept *accept, const struct worker_start *start, const struct worker_socket *socket)
{
    struct listening *listening = &accept->sockets[accept->count];
    size_t            listener  = (size_t)(socket->listener - start->config->listeners);

    listening->owner  = accept;
    listening->socket = socket;
    listening->logs   = (struct audit_logs){start->audit_ids[listener], start->audit_counts[listener]};
    listening->event  = event_new(accept->host->base, socket->fd, EV_READ | EV_PERSIST, accept_clients, listening);
    if (listening->event == NULL)
        return false;
    accept->count++;
    return true;
}

struct worker_accept *
worker_accept_new(struct session_host *host, const struct worker_start *start, const struct admission *admission)
{
    struct worker_accept *accept = memory_new(sizeof(*accept));
    bool                  made;

    *accept = (struct worker_accept){
        .host      = host,
        .admission = admission,
        .sockets   = memory_new(start->socket_count * sizeof(*accept->sockets)),
        .capacity  = config_limits_capacity(start->config),
        .state     = ACCEPT_WAITS_FOR_ROOM,
        .pause     = evtimer_new(host->base, end_pause, accept),
        .pause_ms  = PAUSE_MIN,
        .look      = evtimer_new(host->base, look_at_crowds, accept),
    };
    made = accept->pause != NULL && accept->look != NULL;
    for (size_t i = 0; i < start->socket_count && made; i++)
        made = add_socket(accept, start, &start->sockets[i]);
    if (!made)
        worker_accept_free(&accept);
    return accept;
}

void
worker_accept_free(struct worker_accept **pointer)
{
    struct worker_accept *accept = *pointer;

    if (accept == NULL)
        return;
    for (size_t i = 0; i < accept->count; i++)
        event_free(accept->sockets[i].event);
    if (accept->pause != NULL)
        event_free(accept->pause);
    if (accept->look != NULL)
        event_free(accept->look);
    free(accept->sockets);
    free(accept);
    *pointer = NULL;
}
