/*
 * The login: who may log in now and how, what of it goes to the server, and what the server says to that. TLS of the
 * client, where it comes after the greeting (STLS), is here as well: what was said before it does not count.
 */
#include "base/text.h"
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

static bool
secure(const struct session *session)
{
    return session->client.tls != NULL || session->listener->tls == CONFIG_TLS_NONE;
}

bool
session_login_allowed(const struct session *session)
{
    return secure(session) || session->listener->tls != CONFIG_TLS_STLS_REQUIRED;
}

bool
session_plaintext_allowed(const struct session *session)
{
    return session_login_allowed(session) && (secure(session) || session->listener->plaintext_login);
}

bool
session_stls_offered(const struct session *session)
{
    return session->client.tls == NULL && !session->logged_in && session->listener->context != NULL;
}

static void
forget_user(struct session *session)
{
    bytes_clear(&session->user);
    bytes_clear(&session->user_refusal);
    session->owner_known   = false;
    session->user_accepted = session->user_kept = session->user_refused = false;
}

/* A name that the client gives; empty: it comes later. A PASS is not for one that was given before. */
static void
note_user(struct session *session, struct span user, const char *mechanism)
{
    forget_user(session);
    bytes_add(&session->user, user);
    session->owner_known = user.len > 0;
    session->mechanism   = mechanism;
}

/* The name that was given; without data: none. */
static struct span
name_of(const struct session *session)
{
    return session->user.len > 0 ? bytes_span(&session->user) : (struct span){0};
}

/* Somebody who listens may have a password now: the admin has to hear of it. */
static void
note_refusal(struct session *session, bool exposed)
{
    const struct audit_refused record = {.why       = "TLS",
                                         .user      = name_of(session),
                                         .mechanism = session->mechanism != NULL ? session->mechanism : "USER",
                                         .exposed   = exposed};

    session->faults++;
    audit_refused(&session->audit, &record);
    session_log(session, LOG_LEVEL_WARNING, "login by %s refused: the connection is not encrypted%s", record.mechanism,
                exposed ? ", and the password has crossed it; it should be changed" : "");
}

/*
 * Why the client may not log in in this way now; NULL if it may. `plaintext`: who listens can read the password;
 * `sent`: it has come.
 */
static const char *
login_refusal(struct session *session, bool plaintext, bool sent)
{
    if (session_login_allowed(session) && (!plaintext || session_plaintext_allowed(session)))
        return NULL;
    note_refusal(session, plaintext && sent);
    return session_stls_offered(session) ? "start TLS with STLS before logging in"
                                         : "logging in needs an encrypted connection";
}

enum outcome
session_take_user(struct session *session, const struct pop3_command *command)
{
    const char *refusal;

    note_user(session, command->argument, "USER");
    refusal = login_refusal(session, true, false);
    if (refusal != NULL)
        return session_refuse(session, refusal);
    if (!session_goes_together(session))
        return session_forward(session, command);
    session->user_accepted = session->user_kept = true;
    return session_answer(session, POP3_OK, "send the password");
}

/* The name that waited for the password: one way to the server for both. */
static void
send_kept_user(struct session *session)
{
    const struct pop3_command user = {.verb = POP3_USER, .name = SPAN("USER"), .argument = bytes_span(&session->user)};

    session->user_kept = false;
    session_send(session, EXPECT_USER, &user, 0);
}

/* It may have to wait for the answer to the name: a server's CAPA may have said meanwhile that it does not pipeline. */
enum outcome
session_take_pass(struct session *session, const struct pop3_command *command)
{
    const char  *refusal  = login_refusal(session, true, true);
    bool         together = session->user_kept && session_goes_together(session);
    enum outcome outcome;

    if (refusal != NULL)
        return session_refuse(session, refusal);
    if (!session->user_accepted)
        return session_refuse(session, "give a name with USER first");
    if (session->user_refused)
        return session_refuse(session, session->user_refusal.data);
    if (session->user_kept)
        send_kept_user(session);
    if (together) {
        session_start_trial(session, command->argument);
        session_send(session, EXPECT_REPLY, command, 0);
        session->user_accepted = false;
        return TAKEN;
    }
    outcome                = session_forward(session, command);
    session->user_accepted = outcome == LATER;
    return outcome;
}

enum outcome
session_take_apop(struct session *session, const struct pop3_command *command)
{
    const char *refusal;

    note_user(session, command->argument, "APOP");
    refusal = login_refusal(session, false, true);
    if (refusal != NULL)
        return session_refuse(session, refusal);
    return session_forward(session, command);
}

/*
 * The name in a SASL response, if it is in this one. A server that does not look at the initial response asks for
 * another one, and that may hold another name.
 */
static void
note_response(struct session *session, struct span response)
{
    unsigned step = session->sasl_step++;

    if (step >= session->sasl->responses && response.len > 0)
        session->sasl_anew = true;
    else if (sasl_user(session->sasl, response, step, &session->user))
        session->owner_known = true;
}

enum outcome
session_take_auth(struct session *session, const struct pop3_command *command)
{
    const struct sasl_mechanism *mechanism = sasl_find(command->argument);
    const char                  *refusal;

    if (command->argument.len == 0) {
        session_ask_capa(session, EXPECT_LIST_OF_MECHANISMS);
        return TAKEN;
    }
    if (mechanism == NULL)
        return session_refuse(session, "this mechanism is not available");
    if (command->second.len > 0 && (!mechanism->client_first || !sasl_response_valid(command->second)))
        return session_refuse(session, "the initial response is not valid");
    note_user(session, (struct span){0}, mechanism->name);
    session->sasl      = mechanism;
    session->sasl_step = 0;
    session->sasl_anew = false;
    if (command->second.len > 0)
        note_response(session, command->second);
    refusal = login_refusal(session, mechanism->plaintext, command->second.len > 0);
    if (refusal != NULL) {
        session->sasl = NULL;
        return session_refuse(session, refusal);
    }
    return session_forward(session, command);
}

/* RFC 5034, 4: a line that is no base64 ends the exchange, which only the server can do. */
void
session_take_response(struct session *session, struct span line)
{
    bool        cancels = span_equal(line, SPAN("*"));
    struct span sent    = cancels || sasl_response_valid(line) ? line : SPAN("*");

    if (!cancels)
        note_response(session, sent);
    peer_put(&session->link.peer, sent);
    peer_put(&session->link.peer, SPAN("\r\n"));
    session->sasl_turn = false;
    session->asked     = clock_now();
}

/* RFC 5034, 4: a challenge. The client's next line is not a command. It should be base64, but servers say "Username:"
 * or "go ahead" in plain words there, which clients do not look at. */
bool
session_take_challenge(struct session *session, const struct expectation *expectation, struct span text)
{
    if (expectation->command.verb != POP3_AUTH || text_has_control(text)) {
        session_fail(session, "server's answer is not POP3");
        return false;
    }
    peer_put(&session->client, SPAN("+ "));
    peer_put(&session->client, text);
    peer_put(&session->client, SPAN("\r\n"));
    session->sasl_turn = true;
    return true;
}

enum outcome
session_take_stls(struct session *session, const struct pop3_command *command)
{
    (void)command;
    if (!session_stls_offered(session))
        return session_refuse(session, session->client.tls != NULL ? "TLS is active already" : "STLS is not available");
    session->stls_due = true;
    return session_answer(session, POP3_OK, "begin TLS");
}

bool
session_start_stls(struct session *session)
{
    if (!session->stls_due || session->expected.count > 0 || peer_unsent(&session->client) > 0 ||
        session->client.state != PEER_OPEN)
        return false;
    session->stls_due = false;
    if (peer_waiting(&session->client) > 0) {
        session_finish(session, END_RESET, "client sent plaintext behind STLS");
        return true;
    }
    forget_user(session);
    peer_start_tls(&session->client, session->listener->context, SPAN(""));
    session_enter_phase(session, SESSION_IN_HANDSHAKE);
    return true;
}

static void
note_login(struct session *session, bool ok, struct span text)
{
    const struct audit_login record = {.user      = name_of(session).data,
                                       .mechanism = session->mechanism,
                                       .upstream  = link_target(&session->link)->name,
                                       .ok        = ok,
                                       .text      = text};

    audit_login(&session->audit, &record);
    if (ok)
        session_log(session, LOG_LEVEL_INFO, "logged in by %s", session->mechanism);
    else
        session_log(session, LOG_LEVEL_WARNING, "login by %s failed: %.*s", session->mechanism, SPAN_ARG(text));
}

/* The server has answered name and password, which went to it together. */
static void
note_trial(struct session *session, bool ok)
{
    if (ok)
        link_set_pipelining(&session->link, PIPELINING_YES);
    else
        upstream_forget(&session->link.attempt);
    session_end_trial(session);
}

void
session_on_login(struct session *session, const struct expectation *expectation, enum pop3_status status,
                 struct span text)
{
    if (status == POP3_OK && session->sasl != NULL && session->sasl_anew)
        forget_user(session);
    session->sasl = NULL;
    if (session->trial.state != TRIAL_NONE)
        note_trial(session, status == POP3_OK);
    if (status == POP3_OK || !session->user_refused)
        note_login(session, status == POP3_OK, text);
    if (status != POP3_OK) {
        forget_user(session);
        return;
    }
    session->user_refused = false;
    session->logged_in    = true;
    session->active       = clock_now();
    session->audit.user   = name_of(session).data;
    peer_stop_wiping(&session->client);
    peer_stop_wiping(&session->link.peer);
    if (expectation->command.verb == POP3_PASS)
        upstream_note_user(&session->link.attempt, true);
    session_enter_phase(session, SESSION_LOGGED_IN);
    session_enter(session, SESSION_TRANSACTION);
}

/* In place of the server, which refused the name that the password was for. */
static void
answer_password(struct session *session)
{
    (void)session_refuse(session, session->user_refusal.data);
    session_end_trial(session);
    forget_user(session);
}

void
session_on_user(struct session *session, const struct expectation *expectation, enum pop3_status status,
                struct span text)
{
    if (expectation->kind == EXPECT_REPLY)
        session->user_accepted = status == POP3_OK;
    if (status == POP3_OK) {
        if (session->trial.state == TRIAL_AGAIN)
            session_send_password_again(session);
        return;
    }
    upstream_note_user(&session->link.attempt, false);
    note_login(session, false, text);
    session->user_refused = true;
    bytes_add(&session->user_refusal, text);
    if (session->trial.state == TRIAL_AGAIN)
        answer_password(session);
    else if (expectation->kind == EXPECT_REPLY)
        forget_user(session);
}
