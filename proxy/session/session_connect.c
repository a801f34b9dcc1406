/*
 * Up to the greeting: TLS with the client, and then the link to the server. No credential is asked for before the
 * server can have it.
 */
#include "proxy/session/session_private.h"

/* The client's own TLS comes first: a client that cannot finish its handshake costs the server nothing. */
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

/* The client gets the server's own greeting; one that has had it already goes on with its login. */
static void
begin_session(struct session *session)
{
    if (session->login.state == LOGIN_AGAIN)
        session_send_user_again(session);
    else
        session_put_status(session, POP3_OK, bytes_span(&session->link.greeting));
    link_take_greeting(&session->link);
    session_enter(session, SESSION_AUTHORIZATION);
}

/* A server that turns popgate away says why: its word goes to the client, and the session ends with it. */
static void
pass_refusal(struct session *session)
{
    struct span text = bytes_span(&session->link.greeting);

    session_log(session, LOG_LEVEL_WARNING, "the server refused the connection: %.*s", SPAN_ARG(text));
    session_put_status(session, POP3_ERR, text);
    session_finish(session, END_FLUSH, "server refused the connection");
}

static bool
take_answer(struct session *session, enum link_answer answer)
{
    switch (answer) {
    case LINK_WAITS:
        return false;
    case LINK_WENT_ON:
        break;
    case LINK_SECURED:
        session_note_tls(session, AUDIT_SERVER);
        break;
    case LINK_GAVE_WAY:
        session_log(session, LOG_LEVEL_WARNING, "upstream %s, server %s: %s", link_target(&session->link)->name,
                    link_address(&session->link), session->link.why);
        break;
    case LINK_READY:
        begin_session(session);
        break;
    case LINK_REFUSED:
        pass_refusal(session);
        break;
    case LINK_FAILED:
        session_fail(session, "server not available");
        break;
    }
    return true;
}

bool
session_connect(struct session *session)
{
    bool             changed = greet_client_tls(session);
    enum link_state  before  = session->link.state;
    enum link_answer answer;

    if (session->state != SESSION_CONNECTING || session->client.state == PEER_HANDSHAKE)
        return changed;
    answer = link_step(&session->link);
    if (session->link.state != before)
        session_log(session, LOG_LEVEL_DEBUG, "link: %s -> %s", link_state_name(before),
                    link_state_name(session->link.state));
    return take_answer(session, answer) || changed;
}

void
session_note_tls(const struct session *session, enum audit_side side)
{
    const struct peer     *peer   = side == AUDIT_CLIENT ? &session->client : &session->link.peer;
    const struct audit_tls record = {.side    = side,
                                     .version = tls_protocol(peer->tls),
                                     .cipher  = tls_cipher(peer->tls),
                                     .sni     = tls_sni(peer->tls),
                                     .resumed = tls_resumed(peer->tls)};

    audit_tls(&session->audit, &record);
    session_log(session, LOG_LEVEL_DEBUG, "TLS with the %s: %s %s%s", side == AUDIT_CLIENT ? "client" : "server",
                record.version, record.cipher, record.resumed ? ", resumed" : "");
}
