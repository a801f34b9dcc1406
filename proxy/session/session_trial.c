/* The session's part of login_trial.c: the server's octets and the timer decide a trial. */
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

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
    enum login_state state = session->login.state;

    return (state == LOGIN_TOGETHER && waits_for_password(session)) ||
           (state == LOGIN_PROBED && peer_waiting(&session->link.peer) > 0);
}

/* Acts on what login_settle() found. False if it found nothing yet. */
static bool
settle_answer(struct session *session, bool quiet)
{
    size_t waiting = peer_waiting(&session->link.peer), most = waiting < LOGIN_SETTLE_MAX ? waiting : LOGIN_SETTLE_MAX;

    if (!login_settle(&session->login, buffer_pull(&session->link.peer.in, most), quiet))
        return false;
    if (session->login.state == LOGIN_AGAIN) {
        session_forget(session);
        session_send_user_again(session);
    }
    return true;
}

bool
session_settle_trial(struct session *session)
{
    if (session->login.state != LOGIN_PROBED || !waits_for_password(session))
        return true;
    if (session->link.peer.state != PEER_OPEN) {
        login_end_trial(&session->login);
        return true;
    }
    return settle_answer(session, false);
}

bool
session_expire_trial(struct session *session)
{
    enum login_state state = session->login.state;

    if (login_on_trial(&session->login))
        upstream_forget(&session->link.attempt);
    if (state == LOGIN_TOGETHER && waits_for_password(session)) {
        login_probe(&session->login);
        session_ask_capa(session, EXPECT_CAPA);
        return true;
    }
    return state == LOGIN_PROBED && peer_waiting(&session->link.peer) > 0 && settle_answer(session, true);
}

bool
session_survives_server(struct session *session)
{
    if (session->login.state != LOGIN_TOGETHER)
        return false;
    upstream_forget(&session->link.attempt);
    if (waits_for_password(session) || peer_waiting(&session->link.peer) > 0)
        return false;
    while (session->expected.count > 0)
        session_forget(session);
    login_go_again(&session->login);
    link_restart(&session->link);
    session_enter(session, SESSION_CONNECTING);
    return true;
}
