/* A session's life: opening, the driver, deadlines, the end. */
#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

enum {
    CLIENT_CHUNK = 2 * 1024,                     /* octets read at once: commands are short */
    CLIENT_MAX   = POP3_SASL_MAX + CLIENT_CHUNK, /* octets of commands that may wait */
    ROUNDS       = 32,                           /* moves of one session before others have their turn */
};

static const char *const state_names[] = {
    [SESSION_CONNECTING] = "connecting",   [SESSION_AUTHORIZATION] = "authorization",
    [SESSION_TRANSACTION] = "transaction", [SESSION_UPDATE] = "update",
    [SESSION_CLOSING] = "closing",         [SESSION_GONE] = "gone",
};

_Static_assert(COUNT_OF(state_names) == SESSION_STATES, "a name for each state");

void
session_log(const struct session *session, enum log_level level, const char *format, ...)
{
    const struct log_context context = {.session  = session->name,
                                        .client   = session->client_name,
                                        .listener = session->listener->name,
                                        .user     = session->login.name.len > 0 ? session->login.name.data : NULL,
                                        .action   = session->link.doing};
    va_list                  args;

    va_start(args, format);
    log_vwrite(level, &context, format, args);
    va_end(args);
}

void
session_enter(struct session *session, enum session_state state)
{
    session_log(session, LOG_LEVEL_DEBUG, "%s -> %s", state_names[session->state], state_names[state]);
    session->state = state;
}

static void
leave_phase(struct session *session)
{
    struct session_host *host = session->host;

    TAILQ_REMOVE(&host->sessions[session->phase], session, entry);
    host->counts[session->phase]--;
}

static void
join_phase(struct session *session, enum session_phase phase)
{
    struct session_host *host = session->host;

    session->phase = phase;
    TAILQ_INSERT_TAIL(&host->sessions[phase], session, entry);
    host->counts[phase]++;
}

/* Ends it at once, whatever it was about to say. */
static void
end_now(struct session *session, const char *reason)
{
    session_finish(session, session->in_reply ? END_RESET : END_FLUSH, reason);
    session_enter(session, SESSION_GONE);
    session_step(session);
}

void
session_enter_phase(struct session *session, enum session_phase phase)
{
    struct session_host *host = session->host;

    leave_phase(session);
    join_phase(session, phase);
    if (host->counts[SESSION_IN_HANDSHAKE] > host->handshakes && host->handshakes > 0)
        end_now(TAILQ_FIRST(&host->sessions[SESSION_IN_HANDSHAKE]), "made room for a new handshake (max_handshakes)");
}

void
session_finish(struct session *session, enum session_end how, const char *reason)
{
    if (session->state == SESSION_GONE)
        return;
    if (session->reason == NULL)
        session->reason = reason;
    if (how == END_RESET || session->client.state == PEER_BROKEN || session->client.state == PEER_HANDSHAKE) {
        session->end = how;
        session_enter(session, SESSION_GONE);
    } else if (session->state != SESSION_CLOSING) {
        session->closing = clock_now();
        session_enter(session, SESSION_CLOSING);
    }
}

/* Is the client in the middle of a reply, which only a reset can end now? */
static bool
is_in_middle(const struct session *session)
{
    if (!session->in_reply)
        return false;
    if (session->deliveries.current != NULL)
        return message_begun(session->deliveries.current->message);
    return session_passes_listing(expect_oldest(&session->expected));
}

/* Is a reply due to the client that it has nothing of yet? A message that was withheld has been answered. */
static bool
is_reply_due(const struct session *session)
{
    if (session->deliveries.current != NULL && message_facts(session->deliveries.current->message).withheld)
        return false;
    return session->state == SESSION_CONNECTING || session->expected.count > 0;
}

void
session_fail(struct session *session, const char *why)
{
    struct bytes text = {0};

    session_log(session, LOG_LEVEL_WARNING, "upstream %s, server %s: %s", link_target(&session->link)->name,
                link_address(&session->link), why);
    if (is_in_middle(session)) {
        session_finish(session, END_RESET, why);
        return;
    }
    if (is_reply_due(session)) {
        if (login_is_refused(&session->login))
            bytes_add(&text, bytes_span(&session->login.refusal));
        else
            bytes_printf(&text, "[SYS/TEMP] %s", why);
        session_put_status(session, POP3_ERR, bytes_span(&text));
        bytes_free(&text);
    }
    session_finish(session, END_FLUSH, why);
}

static void
wake(void *context)
{
    session_step(context);
}

static void
note_again(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    session_take_turn(context);
    session_step(context);
}

static bool
read_client(struct session *session)
{
    return session->state < SESSION_UPDATE && peer_fill(&session->client, CLIENT_MAX);
}

static bool
read_server(struct session *session)
{
    if (session->link.state != LINK_UP || peer_unsent(&session->client) >= PEER_HIGH_WATER)
        return false;
    return peer_fill(&session->link.peer, PEER_HIGH_WATER);
}

static bool
write_server(struct session *session)
{
    return session->link.state == LINK_UP && peer_flush(&session->link.peer);
}

/* What is whole in the buffer mostly goes out whole. */
static bool
write_client(struct session *session)
{
    bool in_middle = is_in_middle(session), written;

    if (session->state == SESSION_CLOSING)
        peer_put_end(&session->client);
    if (in_middle && peer_unsent(&session->client) > 0)
        peer_mark_fragile(&session->client, true);
    written = peer_flush(&session->client);
    if (!in_middle)
        peer_mark_fragile(&session->client, peer_unsent(&session->client) > 0);
    if (!written)
        return false;
    session->active = clock_now();
    return true;
}

/* Is there still something to be done for a client that has closed its half, and may read on? */
static bool
goes_on_half_closed(const struct session *session)
{
    return (session->expected.count > 0 && session->login.state != LOGIN_RESPONSE) ||
           peer_unsent(&session->client) > 0 || session->awaits_client ||
           (session->state == SESSION_CONNECTING && peer_waiting(&session->client) > 0);
}

/*
 * The client is gone; session_take_commands() has just had its turn. If it has all its messages, what it asked for is
 * still done, the deletes and the QUIT behind them as well; if it lacks a message, it must not lose that by them.
 */
static bool
watch_client(struct session *session)
{
    enum peer_state state = session->client.state;
    bool lacks_message    = session->awaits_client || session->expected.messages > 0 || !session_has_delivered(session);

    if ((state != PEER_ENDED && state != PEER_BROKEN) || session->state >= SESSION_CLOSING)
        return false;
    if (state == PEER_BROKEN && !lacks_message)
        peer_drop_unsent(&session->client);
    if (session->state == SESSION_UPDATE)
        return false; /* QUIT is with the server, whose answer is still taken */
    if (state == PEER_ENDED && goes_on_half_closed(session))
        return false;
    if (state == PEER_BROKEN && !lacks_message && session->expected.count > 0 && peer_waiting(&session->client) > 0)
        return false;
    session_finish(session, state == PEER_BROKEN && lacks_message ? END_RESET : END_FLUSH,
                   state == PEER_ENDED ? "client closed the connection" : "client lost the connection");
    return true;
}

/* The server is gone, and all that it said has been taken. */
static bool
watch_server(struct session *session)
{
    enum peer_state state = session->link.peer.state;

    if ((state != PEER_ENDED && state != PEER_BROKEN) || session->state >= SESSION_CLOSING)
        return false;
    if (session->state == SESSION_CONNECTING)
        return false; /* the link tries the next address */
    if (session_has_more_of_server(session))
        return false;
    if (session_survives_server(session))
        return true;
    session_note_end_at_uidl(session);
    session_fail(session, state == PEER_ENDED ? "server closed the connection" : "server lost the connection");
    return true;
}

static bool
close_when_written(struct session *session)
{
    if (session->state != SESSION_CLOSING ||
        (peer_unsent(&session->client) > 0 && session->client.state != PEER_BROKEN))
        return false;
    session_enter(session, SESSION_GONE);
    return true;
}

static bool (*const moves[])(struct session *) = {
    session_connect,      read_client,  session_take_commands,  watch_client,       write_server, read_server,
    session_take_replies, write_client, session_note_delivered, session_start_stls, watch_server, close_when_written,
};

static void
record_disconnect(const struct session *session)
{
    const struct audit_disconnect record = {
        .reason    = session->reason,
        .user      = session->login.state == LOGIN_DONE ? session->login.name.data : NULL,
        .retrieved = session->retrieved,
        .deleted   = session->deleted,
        .committed = session->committed,
        .bytes_in  = session->client.received,
        .bytes_out = session->client.sent,
        .ms        = clock_now() - session->opened,
    };

    audit_disconnect(&session->audit, &record);
    session_log(session, LOG_LEVEL_INFO,
                "disconnected: %s; %" PRIu64 " retrieved, %" PRIu64 " deleted%s, %" PRIu64 " octets in, %" PRIu64
                " out, %" PRId64 " ms",
                record.reason, record.retrieved, record.deleted, record.committed ? " and committed" : "",
                record.bytes_in, record.bytes_out, record.ms);
}

static void
session_free(struct session *session)
{
    struct session_host *host = session->host;

    session_drop_messages(session);
    record_disconnect(session);
    link_close(&session->link);
    if (session->end == END_RESET || peer_unsent(&session->client) > 0)
        peer_reset(&session->client);
    else
        peer_close(&session->client);
    (void)evtimer_del(&session->timer);
    (void)event_del(&session->again);
    while (session->expected.count > 0)
        session_forget(session);
    login_free(&session->login);
    listing_free(&session->listing);
    leave_phase(session);
    host->count--;
    if (host->gone != NULL)
        host->gone(host, &session->seat);
    free(session);
}

static bool
is_quiet(const struct peer *peer)
{
    return peer->state == PEER_OPEN && !peer->readable && peer_waiting(peer) == 0 && peer_unsent(peer) == 0;
}

/* Nothing waits anywhere and no socket has more: no move can change anything. Most steps end so. */
static bool
is_at_rest(const struct session *session)
{
    const struct expectation *oldest = expect_oldest(&session->expected);

    return session->state == SESSION_TRANSACTION && is_quiet(&session->client) && is_quiet(&session->link.peer) &&
           session_has_delivered(session) && (oldest == NULL || oldest->kind != EXPECT_LOCAL);
}

void
session_step(struct session *session)
{
    static const struct timeval at_once = {0};
    bool                        changed = true;

    for (int round = 0; changed && round < ROUNDS && session->state != SESSION_GONE; round++) {
        changed = false;
        for (size_t i = 0; i < COUNT_OF(moves) && session->state != SESSION_GONE; i++)
            changed = moves[i](session) || changed;
        changed = changed && !is_at_rest(session);
    }
    if (session->state == SESSION_GONE) {
        session_free(session);
        return;
    }
    if (changed)
        (void)evtimer_add(&session->again, &at_once); /* behind what others have become ready for meanwhile */
    session_arm_timer(session);
}

/* As below; printf(3), and inet_ntop(3), which asks it, take long. */
static void
write_ipv4(char *name, const struct sockaddr_in *client)
{
    static const char    behind[] = "...:"; /* each number */
    const unsigned char *octets   = (const unsigned char *)&client->sin_addr;
    char                 room[TEXT_NUMBER_SIZE];

    for (size_t i = 0; i < sizeof(behind); i++) {
        struct span number = text_number(i < 4 ? octets[i] : ntohs(client->sin_port), room);

        memcpy(name, number.data, number.len);
        name += number.len;
        *name++ = behind[i];
    }
}

static void
name_client(struct session *session, const struct sockaddr *client)
{
    const struct sockaddr_in6 *v6                     = (const struct sockaddr_in6 *)client;
    char                       host[INET6_ADDRSTRLEN] = "?";

    if (client->sa_family != AF_INET6) {
        write_ipv4(session->client_name, (const struct sockaddr_in *)client);
        return;
    }
    (void)evutil_inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
    (void)snprintf(session->client_name, sizeof(session->client_name), "[%s]:%u", host, ntohs(v6->sin6_port));
}

/* "9f3c26b1-12": the worker's tag, and a number. */
static void
name_session(struct session *session, const struct audit_logs *logs)
{
    struct session_host *host = session->host;
    char                *name = session->name;
    char                 room[TEXT_NUMBER_SIZE];
    struct span          serial = text_number(++host->serial, room);

    for (int shift = 28; shift >= 0; shift -= 4)
        *name++ = "0123456789abcdef"[host->tag >> shift & 15];
    *name++ = '-';
    memcpy(name, serial.data, serial.len); /* what is behind it is 0 */
    session->audit = (struct audit_session){
        .logs = *logs, .session = session->name, .client = session->client_name, .listener = session->listener->name};
}

void
session_host_start(struct session_host *host)
{
    for (size_t i = 0; i < SESSION_PHASES; i++)
        TAILQ_INIT(&host->sessions[i]);
}

void
session_open(struct session_host *host, const struct config_listener *listener, const struct audit_logs *logs,
             const struct admission_seat *seat, int fd, const struct sockaddr *client)
{
    struct session *session  = memory_new(sizeof(*session));
    size_t          upstream = (size_t)(listener->upstream - host->config->upstreams);

    session->host     = host;
    session->listener = listener;
    session->seat     = *seat;
    session->opened = session->active = clock_now();
    login_start(&session->login, listener, listener->tls == CONFIG_TLS_IMPLICIT);
    link_start(&session->link, &host->upstreams[upstream], host->base, wake, session);
    expect_start(&session->expected);
    deliveries_start(&session->deliveries);
    name_client(session, client);
    name_session(session, logs);
    join_phase(session, SESSION_BEFORE_LOGIN);
    host->count++;
    if (evtimer_assign(&session->timer, host->base, session_note_timer, session) != 0 ||
        event_assign(&session->again, host->base, -1, 0, note_again, session) != 0)
        abort();
    audit_connect(&session->audit);
    if (peer_open(&session->client, host->base, fd, false, CLIENT_CHUNK, wake, session) != 0) {
        session->reason = "the event loop did not take the connection";
        session->state  = SESSION_GONE;
    } else if (listener->tls == CONFIG_TLS_IMPLICIT) {
        peer_start_tls(&session->client, tls_open(listener->context, session->client.fd));
        session_enter_phase(session, SESSION_IN_HANDSHAKE);
    }
    session_step(session);
}

/* The oldest of a phase that came by the listener. Where one listener keeps others out it has most of those who wait:
 * no more than the first few are looked at. */
static struct session *
find_oldest(const struct session_host *host, enum session_phase phase, const struct config_listener *listener)
{
    enum { LOOKED_AT = 32 };
    struct session *session = TAILQ_FIRST(&host->sessions[phase]);

    for (int i = 0; i < LOOKED_AT && session != NULL; i++, session = TAILQ_NEXT(session, entry))
        if (listener == NULL || session->listener == listener)
            return session;
    return NULL;
}

bool
session_make_room(struct session_host *host, const struct config_listener *listener, const char *reason)
{
    struct session *shaking = find_oldest(host, SESSION_IN_HANDSHAKE, listener);
    struct session *waiting = find_oldest(host, SESSION_BEFORE_LOGIN, listener);
    struct session *oldest =
        shaking == NULL || (waiting != NULL && waiting->opened < shaking->opened) ? waiting : shaking;

    if (oldest != NULL)
        end_now(oldest, reason);
    return oldest != NULL;
}

void
session_close_all(struct session_host *host, const char *reason)
{
    for (size_t i = 0; i < SESSION_PHASES; i++)
        while (!TAILQ_EMPTY(&host->sessions[i]))
            end_now(TAILQ_FIRST(&host->sessions[i]), reason); /* NOLINT: it takes itself off the list */
}
