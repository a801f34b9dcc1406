/* Deadlines: what a session waits for, for how long, and what becomes of it then. */
#include "proxy/clock.h"
#include "proxy/session/session_private.h"

/*
 * Milliseconds: for a client to take its last reply; without octets from the peer whose turn it is, before
 * peer_look_again().
 */
enum {
    CLOSING_MAX = 10000,
    LOOK_AGAIN  = 1000,
    TRIAL_MAX   = 3000, /* for what a server says at once, if it says it at all */
    TRIAL_PART  = 8,    /* of reply_timeout, where that is less */
    NO_DEADLINE = 3600 * 1000,
};

struct deadline {
    int64_t     at;
    const char *what; /* the reason to end with; NULL: what it ends says so itself */
    enum { OF_CLIENT, OF_SERVER, OF_LINK, OF_FILTER } whose;
};

bool
session_has_more_of_server(const struct session *session)
{
    if (session_holds_message(session))
        return true;
    return peer_waiting(&session->link.peer) > 0 &&
           (session->deliveries.current != NULL || !session_client_has_room(session));
}

static bool
waits_for_server(const struct session *session)
{
    return session->expected.of_server > 0 && session->login.state != LOGIN_RESPONSE &&
           session_client_has_room(session) && !session_has_more_of_server(session);
}

/*
 * How long the server's next answer may take: less where a server that can do what it was asked would have answered
 * already.
 */
static int64_t
reply_limit(const struct session *session)
{
    int64_t most = link_target(&session->link)->reply_timeout;

    if (!session_is_on_trial(session) && !session_awaits_uidls(session))
        return most;
    return most / TRIAL_PART < TRIAL_MAX ? most / TRIAL_PART : TRIAL_MAX;
}

/* A client that is silent where TLS begins may be waiting for a greeting. */
static const char *
hint(const struct session *session)
{
    return session->client.state == PEER_HANDSHAKE && session->listener->tls == CONFIG_TLS_IMPLICIT
               ? ": it did not begin TLS; one that waits for a greeting has to be set to SSL/TLS on this port"
               : "";
}

/* A filter that has yielded, or may wait without end, has no deadline: then the session looks again. */
static struct deadline
filter_deadline(const struct session *session)
{
    int64_t at = session_filter_deadline(session), later = clock_now() + NO_DEADLINE;

    return (struct deadline){at < later ? at : later, NULL, OF_FILTER};
}

static struct deadline
deadline(const struct session *session)
{
    const struct config_listener *listener = session->listener;
    int64_t                       heard    = session->link.peer.last;

    if (session->state == SESSION_CLOSING)
        return (struct deadline){session->closing + CLOSING_MAX, "client does not take its last reply", OF_CLIENT};
    if (session->state == SESSION_CONNECTING && session->link.state != LINK_IDLE)
        return (struct deadline){link_deadline(&session->link), NULL, OF_LINK};
    if (session_filter_deadline(session) != 0)
        return filter_deadline(session);
    if (waits_for_server(session))
        return (struct deadline){(session->asked > heard ? session->asked : heard) + reply_limit(session),
                                 "server did not answer in time (reply_timeout)", OF_SERVER};
    if (session->state <= SESSION_AUTHORIZATION)
        return (struct deadline){session->opened + listener->login_timeout,
                                 "client did not log in in time (login_timeout)", OF_CLIENT};
    return (struct deadline){session->active + listener->idle_timeout, "client was idle for too long (idle_timeout)",
                             OF_CLIENT};
}

/* Whose turn is it to speak? */
static bool
is_servers_turn(const struct session *session)
{
    return session->state == SESSION_CONNECTING ||
           (session->expected.of_server > 0 && session->login.state != LOGIN_RESPONSE);
}

/*
 * The peer whose turn it is, if a reset may hide behind what it has sent; else NULL. What hides behind the other's
 * octets shows when something is sent there next.
 */
static struct peer *
peer_to_look_at(struct session *session)
{
    bool         server  = is_servers_turn(session);
    struct peer *speaker = server ? &session->link.peer : &session->client;

    peer_trust(server ? &session->client : &session->link.peer);
    return peer_unsure(speaker) ? speaker : NULL;
}

/* When the timer is to go off next. */
static int64_t
due(struct session *session)
{
    const struct peer *peer  = peer_to_look_at(session);
    int64_t            over  = deadline(session).at;
    int64_t            again = peer != NULL ? peer->last + LOOK_AGAIN : over;

    return again < over ? again : over;
}

/*
 * The timer is only ever moved to an earlier time. If it goes off too early it is set again, which spares a call for
 * every octet.
 */
void
session_arm_timer(struct session *session)
{
    int64_t        next = due(session);
    int64_t        wait = next - clock_now();
    struct timeval time = {.tv_sec = wait > 0 ? wait / 1000 : 0, .tv_usec = wait > 0 ? wait % 1000 * 1000 : 1};

    if (session->armed != 0 && session->armed <= next)
        return;
    if (evtimer_add(&session->timer, &time) == 0)
        session->armed = next;
}

/* RFC 1939, 3: an idle client is left without an answer, and without an UPDATE. */
static void
expire(struct session *session, const struct deadline *over)
{
    if (over->whose == OF_LINK) {
        link_expire(&session->link);
    } else if (over->whose == OF_FILTER) {
        session_expire_filter(session);
    } else if (over->whose == OF_SERVER && (session_expire_trial(session) || session_expire_uidls(session))) {
        return;
    } else if (over->whose == OF_SERVER) {
        session_fail(session, over->what);
    } else {
        session_log(session, LOG_LEVEL_INFO, "%s%s", over->what, hint(session));
        session_finish(session, session->in_reply || session->state == SESSION_CLOSING ? END_RESET : END_FLUSH,
                       over->what);
    }
}

void
session_note_timer(evutil_socket_t fd, short events, void *context)
{
    struct session       *session = context;
    const struct deadline next    = deadline(session);

    (void)fd;
    (void)events;
    session->armed = 0;
    if (next.at <= clock_now())
        expire(session, &next);
    else if (peer_to_look_at(session) != NULL && due(session) <= clock_now())
        (void)peer_look_again(peer_to_look_at(session));
    session_step(session);
}
