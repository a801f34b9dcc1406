/*
 * Up to the greeting: TLS with the client, then a connection to the server, its TLS, its greeting and, where the
 * upstream says so, STLS. An address that fails before it has greeted gives way to the next one; no credential has been
 * asked for until the last step is done.
 */
#include <errno.h>

#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

enum {
    LINE_MOST = 8 * 1024 /* octets of a status line that are borne */
};

static void
wake(void *context)
{
    session_step(context);
}

/* The client's own TLS comes first: who cannot finish a handshake costs the server nothing. */
static bool
greet_client_tls(struct session *session)
{
    enum peer_state before = session->client.state;

    if (before != PEER_HANDSHAKE || !peer_handshake(&session->client))
        return false;
    if (session->client.state == PEER_OPEN) {
        session_enter_phase(session, SESSION_BEFORE_LOGIN);
        session_note_tls(session, AUDIT_CLIENT);
    } else if (session->client.state == PEER_BROKEN) {
        session_log(session, LOG_LEVEL_INFO, "TLS with the client failed: %s", session->client.why);
        session_finish(session, END_FLUSH, "TLS with the client failed");
    }
    return true;
}

/* This address is out of the question; the log says why. */
static void
next_address(struct session *session, const char *why)
{
    session_log(session, LOG_LEVEL_WARNING, "upstream %s, server %s: %s", session->attempt.upstream->config->name,
                upstream_address(&session->attempt)->text, why);
    peer_close(&session->server);
    session->link = LINK_NONE;
    bytes_clear(&session->greeting);
}

void
session_connect_again(struct session *session)
{
    peer_close(&session->server);
    session->link    = LINK_NONE;
    session->attempt = (struct upstream_attempt){.upstream = session->attempt.upstream};
    session_enter(session, SESSION_CONNECTING);
}

static bool
begin_connecting(struct session *session)
{
    int fd;

    if (upstream_exhausted(&session->attempt)) {
        session->doing = NULL;
        session_fail(session, "server not available");
        return true;
    }
    session->doing = "connecting to the server";
    fd             = upstream_connect(&session->attempt);
    if (fd < 0 || peer_open(&session->server, session->host->base, fd, true, PEER_BATCH, wake, session) != 0) {
        next_address(session, strerrordesc_np(errno));
        return true;
    }
    session->connecting = clock_now();
    session->link       = LINK_CONNECTING;
    return true;
}

static void
start_server_tls(struct session *session, enum link_state link)
{
    session->doing = "setting up TLS with the server";
    session->link  = link;
    peer_start_tls(&session->server, session->attempt.upstream->config->context,
                   span_of(upstream_tls_name(&session->attempt)));
}

static bool
connected(struct session *session)
{
    if (!peer_connect(&session->server) || session->server.state != PEER_OPEN)
        return false;
    session->doing = "reading the greeting";
    session->link  = LINK_GREETING;
    if (session->attempt.upstream->config->tls == CONFIG_TLS_IMPLICIT)
        start_server_tls(session, LINK_TLS);
    return true;
}

static void
become_ready(struct session *session)
{
    session->doing = NULL;
    session->link  = LINK_READY;
    upstream_works(&session->attempt);
    if (session->trial.state == TRIAL_AGAIN)
        session_send_user_again(session);
    else
        peer_put(&session->client, bytes_span(&session->greeting));
    bytes_free(&session->greeting);
    session_enter(session, SESSION_AUTHORIZATION);
}

static bool
secured(struct session *session)
{
    bool implicit = session->link == LINK_TLS;

    if (!peer_handshake(&session->server) || session->server.state != PEER_OPEN)
        return false;
    session_note_tls(session, AUDIT_SERVER);
    session->doing = "reading the greeting";
    if (implicit)
        session->link = LINK_GREETING;
    else
        become_ready(session);
    return true;
}

/* The server's next line while connecting; false if it is not there yet, or never will be. */
static bool
read_line(struct session *session, enum pop3_status *status, struct span *text)
{
    struct span line, input = buffer_pull(&session->server.in, peer_waiting(&session->server));

    if (pop3_next_line(input, &line) == 0) {
        if (input.len >= LINE_MOST)
            next_address(session, "it sent a line without an end");
        return false;
    }
    *status = pop3_parse_status(line, text);
    return true;
}

/* A server that turns popgate away says why: its word goes to the client, and the session ends with it. */
static void
pass_refusal(struct session *session, struct span text)
{
    struct bytes line = {0};

    session_log(session, LOG_LEVEL_WARNING, "the server refused the connection: %.*s", SPAN_ARG(text));
    pop3_write_status(POP3_ERR, text, &line);
    peer_put(&session->client, bytes_span(&line));
    bytes_free(&line);
    session_finish(session, END_FLUSH, "server refused the connection");
}

static bool
greeted(struct session *session)
{
    enum pop3_status status;
    struct span      text;

    if (!read_line(session, &status, &text))
        return false;
    if (status == POP3_ERR) {
        pass_refusal(session, text);
        return true;
    }
    if (status != POP3_OK) {
        next_address(session, "its greeting is not POP3");
        return true;
    }
    pop3_write_status(POP3_OK, text, &session->greeting);
    return true;
}

/* Takes the line that was read out of the buffer; what is behind it was not asked for, and is an attack or a fault. */
static bool
take_line(struct session *session)
{
    struct span line, input = buffer_pull(&session->server.in, peer_waiting(&session->server));

    buffer_drain(&session->server.in, pop3_next_line(input, &line));
    if (peer_waiting(&session->server) == 0)
        return true;
    next_address(session, "it sent more than it was asked for");
    return false;
}

static bool
read_greeting(struct session *session)
{
    if (!greeted(session))
        return false;
    if (session->state != SESSION_CONNECTING || session->link != LINK_GREETING || !take_line(session))
        return true;
    if (session->attempt.upstream->config->tls == CONFIG_TLS_STLS) {
        session->doing = "asking the server for STLS";
        session->link  = LINK_STLS;
        peer_put(&session->server, SPAN("STLS\r\n"));
    } else
        become_ready(session);
    return true;
}

/* RFC 2595, 4: from the CR LF of the answer on there is nothing but TLS. */
static bool
read_stls_answer(struct session *session)
{
    enum pop3_status status;
    struct span      text;

    if (!read_line(session, &status, &text))
        return false;
    if (peer_unsent(&session->server) > 0)
        next_address(session, "it answered before it was asked");
    else if (status != POP3_OK)
        next_address(session, "it has no STLS, which tls = \"stls\" requires");
    else if (session->server.state != PEER_OPEN)
        return false; /* it has gone meanwhile */
    else if (take_line(session))
        start_server_tls(session, LINK_STLS_TLS);
    return true;
}

static bool
nothing_to_do(struct session *session)
{
    (void)session;
    return false;
}

static bool (*const steps[])(struct session *) = {
    [LINK_NONE] = begin_connecting,  [LINK_CONNECTING] = connected,  [LINK_TLS] = secured,
    [LINK_GREETING] = read_greeting, [LINK_STLS] = read_stls_answer, [LINK_STLS_TLS] = secured,
    [LINK_READY] = nothing_to_do,
};

bool
session_connect(struct session *session)
{
    bool            changed = greet_client_tls(session);
    enum link_state before  = session->link;

    if (session->state != SESSION_CONNECTING || session->client.state == PEER_HANDSHAKE)
        return changed;
    if (steps[before](session) || session->link != before)
        return true;
    if (session->server.state == PEER_BROKEN)
        next_address(session, session->server.why);
    else if (session->server.state == PEER_ENDED)
        next_address(session, "it closed the connection before it greeted");
    else
        return changed;
    return true;
}

void
session_note_tls(const struct session *session, enum audit_side side)
{
    const struct peer     *peer   = side == AUDIT_CLIENT ? &session->client : &session->server;
    const struct audit_tls record = {.side    = side,
                                     .version = tls_protocol(peer->tls),
                                     .cipher  = tls_cipher(peer->tls),
                                     .sni     = tls_sni(peer->tls),
                                     .resumed = tls_resumed(peer->tls)};

    audit_tls(&session->audit, &record);
    session_log(session, LOG_LEVEL_DEBUG, "TLS with the %s: %s %s%s", side == AUDIT_CLIENT ? "client" : "server",
                record.version, record.cipher, record.resumed ? ", resumed" : "");
}
