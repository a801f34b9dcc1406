/*
 * Name and password that go to the server together, because it was known to take several commands at a time. Another
 * server may stand there by now: one that answers the name and never sees the password, for that came in the same
 * packet; or one that hangs up on it. Then both are sent again, one by one, and what was known of the server is
 * forgotten.
 *
 * But no password goes where it has been judged. A server that does not answer may still be at it (Dovecot lets
 * failures wait for up to 15 s), so it is asked for its capabilities behind the password, which changes nothing for it:
 *
 *      it says                          it took the password?
 *      +OK / -ERR, then a status line   yes: the first is what it says of the password, the second of CAPA
 *      +OK, then any other line         no:  that is CAPA's list
 *      -ERR, then nothing for a while   no:  it does not know CAPA; the server that was known did
 *      +OK, then nothing; or it ends    yes, for all that can be known
 *
 * One that hangs up before it has answered the name has not come to the password. One that hangs up behind that may
 * have: there it ends.
 */
#include <openssl/crypto.h>

#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

enum {
    LINE_MOST = 2 * POP3_SASL_MAX /* octets of two status lines that are borne */
};

enum finding { WAIT, TAKES_PASSWORD, LOST_PASSWORD };

bool
session_goes_together(const struct session *session)
{
    return link_takes_login_together(&session->link);
}

void
session_start_trial(struct session *session, struct span password)
{
    session->trial.state = TRIAL_TOGETHER;
    bytes_add(&session->trial.password, password);
}

void
session_end_trial(struct session *session)
{
    if (session->trial.password.data != NULL)
        OPENSSL_cleanse(session->trial.password.data, session->trial.password.capacity);
    bytes_free(&session->trial.password);
    session->trial.state = TRIAL_NONE;
}

/* Has the name been answered, and is the password the next that should be? */
static bool
waits_for_password(const struct session *session)
{
    const struct expectation *oldest = expect_oldest(&session->expected);

    return oldest != NULL && oldest->command.verb == POP3_PASS;
}

bool
session_is_on_trial(const struct session *session)
{
    return (session->trial.state == TRIAL_TOGETHER && waits_for_password(session)) ||
           (session->trial.state == TRIAL_PROBED && peer_waiting(&session->link.peer) > 0);
}

/* One by one now, the name first. */
void
session_send_user_again(struct session *session)
{
    const struct pop3_command user = {.verb = POP3_USER, .name = SPAN("USER"), .argument = bytes_span(&session->user)};

    session_log(
        session, LOG_LEVEL_WARNING,
        "server did not take name and password together, as one at its address did before: they are sent again, "
        "one by one");
    session->trial.state  = TRIAL_AGAIN;
    session->user_refused = false;
    bytes_clear(&session->user_refusal);
    session_send(session, EXPECT_USER, &user, 0);
}

void
session_send_password_again(struct session *session)
{
    const struct pop3_command pass = {
        .verb = POP3_PASS, .name = SPAN("PASS"), .argument = bytes_span(&session->trial.password)};

    session_send(session, EXPECT_REPLY, &pass, 0);
    session_end_trial(session);
}

/* Which of the two is it whose answer begins here? `quiet`: nothing has come for a while, or will come. */
static enum finding
find(struct span input, bool quiet)
{
    struct span      line, text;
    size_t           len = pop3_next_line(input, &line);
    enum pop3_status first, second;

    if (len == 0)
        return input.len >= LINE_MOST / 2 ? TAKES_PASSWORD : WAIT;
    first = pop3_parse_status(line, &text);
    if (pop3_next_line(span_tail(input, len), &line) > 0) {
        second = pop3_parse_status(line, &text);
        return first == POP3_OK && second != POP3_OK && second != POP3_ERR ? LOST_PASSWORD : TAKES_PASSWORD;
    }
    if (!quiet && input.len < LINE_MOST)
        return WAIT;
    return first == POP3_ERR && input.len == len ? LOST_PASSWORD : TAKES_PASSWORD;
}

/* Does as was found. False: nothing was yet. */
static bool
settle(struct session *session, bool quiet)
{
    size_t       waiting = peer_waiting(&session->link.peer), most = waiting < LINE_MOST ? waiting : LINE_MOST;
    enum finding finding = find(buffer_pull(&session->link.peer.in, most), quiet);

    if (finding == LOST_PASSWORD) {
        session_forget(session);
        session_send_user_again(session);
    } else if (finding == TAKES_PASSWORD)
        session_end_trial(session);
    return finding != WAIT;
}

bool
session_settle_trial(struct session *session)
{
    if (session->trial.state != TRIAL_PROBED || !waits_for_password(session))
        return true;
    if (session->link.peer.state != PEER_OPEN) {
        session_end_trial(session);
        return true;
    }
    return settle(session, false);
}

bool
session_expire_trial(struct session *session)
{
    enum trial_state state = session->trial.state;

    if (state != TRIAL_NONE)
        upstream_forget(&session->link.attempt);
    if (state == TRIAL_TOGETHER && waits_for_password(session)) {
        session->trial.state = TRIAL_PROBED;
        session_ask_capa(session, EXPECT_CAPA);
        return true;
    }
    return state == TRIAL_PROBED && peer_waiting(&session->link.peer) > 0 && settle(session, true);
}

bool
session_survives_server(struct session *session)
{
    if (session->trial.state != TRIAL_TOGETHER)
        return false;
    upstream_forget(&session->link.attempt);
    if (waits_for_password(session) || peer_waiting(&session->link.peer) > 0)
        return false;
    while (session->expected.count > 0)
        session_forget(session);
    session->trial.state = TRIAL_AGAIN;
    link_restart(&session->link);
    session_enter(session, SESSION_CONNECTING);
    return true;
}
