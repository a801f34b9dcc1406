/*
 * The session's part of a login, beside struct login: what goes to the server and to the client, what is recorded, and
 * what the login means for both peers. TLS of the client, where it comes after the greeting (STLS), is here as well.
 */
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

/* Somebody who listens may have a password now: the admin has to hear of it. */
static void
note_refusal(struct session *session, bool exposed)
{
    const char                *mechanism = session->login.mechanism;
    const struct audit_refused record    = {.why       = "TLS",
                                            .user      = login_name(&session->login),
                                            .mechanism = mechanism != NULL ? mechanism : "USER",
                                            .exposed   = exposed};

    session->faults++;
    audit_refused(&session->audit, &record);
    session_log(session, LOG_LEVEL_WARNING, "login by %s refused: the connection is not encrypted%s", record.mechanism,
                exposed ? ", and the password has crossed it; it should be changed" : "");
}

static void
send_user(struct session *session)
{
    const struct pop3_command user = login_user(&session->login);

    session_send(session, EXPECT_USER, &user, 0);
}

static enum outcome
act(struct session *session, const struct pop3_command *command, struct login_verdict verdict)
{
    if (verdict.danger != LOGIN_SAFE)
        note_refusal(session, verdict.danger == LOGIN_EXPOSED);
    switch (verdict.act) {
    case LOGIN_ANSWER:
        break;
    case LOGIN_FORWARD:
        return session_forward(session, command);
    case LOGIN_SEND_NAME:
        send_user(session);
        return LATER;
    case LOGIN_SEND_BOTH:
        send_user(session);
        session_send(session, EXPECT_REPLY, command, 0);
        return TAKEN;
    case LOGIN_ASK_CAPA:
        session_ask_capa(session, EXPECT_LIST_OF_MECHANISMS);
        return TAKEN;
    }
    return session_answer(session, verdict.status, verdict.text);
}

enum outcome
session_take_user(struct session *session, const struct pop3_command *command)
{
    return act(session, command, login_take_user(&session->login, command, link_takes_login_together(&session->link)));
}

enum outcome
session_take_pass(struct session *session, const struct pop3_command *command)
{
    return act(session, command, login_take_pass(&session->login, command, link_takes_login_together(&session->link)));
}

enum outcome
session_take_apop(struct session *session, const struct pop3_command *command)
{
    return act(session, command, login_take_apop(&session->login, command));
}

enum outcome
session_take_auth(struct session *session, const struct pop3_command *command)
{
    return act(session, command, login_take_auth(&session->login, command));
}

enum outcome
session_take_stls(struct session *session, const struct pop3_command *command)
{
    return act(session, command, login_take_stls(&session->login));
}

void
session_take_response(struct session *session, struct span line)
{
    peer_put(&session->link.peer, login_take_response(&session->login, line));
    peer_put(&session->link.peer, SPAN("\r\n"));
    session->asked = clock_now();
}

bool
session_take_challenge(struct session *session, struct span text)
{
    if (!login_take_challenge(&session->login, text)) {
        session_fail(session, "server's answer is not POP3");
        return false;
    }
    peer_put(&session->client, SPAN("+ "));
    peer_put(&session->client, text);
    peer_put(&session->client, SPAN("\r\n"));
    return true;
}

bool
session_start_stls(struct session *session)
{
    if (session->login.state != LOGIN_STLS || session->expected.count > 0 || peer_unsent(&session->client) > 0 ||
        session->client.state != PEER_OPEN)
        return false;
    if (peer_waiting(&session->client) > 0) {
        session_finish(session, END_RESET, "client sent plaintext behind STLS");
        return true;
    }
    login_start_tls(&session->login);
    peer_start_tls(&session->client, tls_open(session->listener->context, session->client.fd));
    session_enter_phase(session, SESSION_IN_HANDSHAKE);
    return true;
}

static void
note_login(struct session *session, bool ok, struct span text)
{
    const struct audit_login record = {.user      = login_name(&session->login).data,
                                       .mechanism = session->login.mechanism,
                                       .upstream  = link_target(&session->link)->name,
                                       .ok        = ok,
                                       .text      = text};

    audit_login(&session->audit, &record);
    if (ok)
        session_log(session, LOG_LEVEL_INFO, "logged in by %s", record.mechanism);
    else
        session_log(session, LOG_LEVEL_WARNING, "login by %s failed: %.*s", record.mechanism, SPAN_ARG(text));
}

/* The server has answered name and password, which went to it together. */
static void
note_together(struct session *session, bool ok)
{
    if (ok)
        link_set_pipelining(&session->link, PIPELINING_YES);
    else
        upstream_forget(&session->link.attempt);
}

void
session_on_login(struct session *session, const struct expectation *expectation, enum pop3_status status,
                 struct span text)
{
    if (login_on_trial(&session->login))
        note_together(session, status == POP3_OK);
    if (status != POP3_OK) {
        if (!login_is_refused(&session->login)) /* else that was recorded with the name */
            note_login(session, false, text);
        login_reject(&session->login);
        return;
    }
    login_accept(&session->login);
    note_login(session, true, text);
    session->active     = clock_now();
    session->audit.user = login_name(&session->login).data;
    peer_stop_wiping(&session->client);
    peer_stop_wiping(&session->link.peer);
    if (expectation->command.verb == POP3_PASS)
        upstream_note_user(&session->link.attempt, true);
    session_enter_phase(session, SESSION_LOGGED_IN);
    session_enter(session, SESSION_TRANSACTION);
}

static void
send_password(struct session *session)
{
    const struct pop3_command pass = login_pass(&session->login);

    session_send(session, EXPECT_REPLY, &pass, 0);
    login_end_trial(&session->login);
}

void
session_on_user(struct session *session, const struct expectation *expectation, enum pop3_status status,
                struct span text)
{
    if (status != POP3_OK) {
        upstream_note_user(&session->link.attempt, false);
        note_login(session, false, text);
    }
    switch (login_on_user(&session->login, expectation->kind == EXPECT_REPLY, status, text)) {
    case LOGIN_GOES_ON:
        break;
    case LOGIN_SEND_PASSWORD:
        send_password(session);
        break;
    case LOGIN_ANSWER_PASSWORD: /* in place of the server */
        (void)session_refuse(session, session->login.refusal.data);
        login_reject(&session->login);
        break;
    }
}

void
session_send_user_again(struct session *session)
{
    session_log(
        session, LOG_LEVEL_WARNING,
        "server did not take name and password together, as one at its address did before: they are sent again, "
        "one by one");
    send_user(session);
}
