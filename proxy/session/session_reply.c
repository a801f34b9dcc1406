/*
 * What the server answers. The oldest expectation says whose reply the next octets are and what shape it has; when it
 * has gone on to the client as a whole, the next one has its turn.
 */
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

enum {
    STATUS_LINE_MAX = POP3_SASL_MAX, /* octets of a status line that are accepted; 512 of them go on */
};

void
session_put_status(struct session *session, enum pop3_status status, struct span text)
{
    static struct bytes line;

    bytes_clear(&line);
    pop3_write_status(status, text, &line);
    peer_put(&session->client, bytes_span(&line));
}

static void
on_uidl(struct session *session, const struct expectation *expectation, enum pop3_status status, struct span text)
{
    if (status == POP3_OK && expectation->command.has_number && session_learns_uidls(session))
        uidl_add(&session->listing.uidls, text);
}

static void
on_list(struct session *session, const struct expectation *expectation, enum pop3_status status, struct span text)
{
    if (status == POP3_OK && expectation->command.has_number && session_notes(session) != NULL)
        sizes_add(&session->listing.sizes, text);
}

static void
on_dele(struct session *session, const struct expectation *expectation, enum pop3_status status, struct span text)
{
    uint64_t number = expectation->command.number;

    (void)text;
    session->deleted += status == POP3_OK;
    if (status == POP3_OK)
        session_forget_notes(session, number);
    audit_delete(&session->audit, number, uidl_find(session->listing.uidls, number), status == POP3_OK);
}

static void
on_rset(struct session *session, const struct expectation *expectation, enum pop3_status status, struct span text)
{
    (void)expectation;
    (void)text;
    audit_reset(&session->audit, session->deleted, status == POP3_OK);
    if (status != POP3_OK)
        return;
    session->deleted = 0;
    uidl_undelete(session->listing.uidls);
}

static void
on_utf8(struct session *session, const struct expectation *expectation, enum pop3_status status, struct span text)
{
    (void)expectation;
    (void)text;
    session->utf8 = session->utf8 || status == POP3_OK;
}

static void
on_quit(struct session *session, const struct expectation *expectation, enum pop3_status status, struct span text)
{
    (void)expectation;
    (void)text;
    session->committed = session->login.state == LOGIN_DONE && status == POP3_OK;
    if (session->committed)
        session_forget_deleted(session);
    session_finish(session, END_FLUSH, "quit");
}

/* What popgate itself makes of a status line that goes on to the client. */
static void (*const rows[POP3_VERBS])(struct session *, const struct expectation *, enum pop3_status, struct span) = {
    [POP3_USER] = session_on_user,  [POP3_PASS] = session_on_login, [POP3_APOP] = session_on_login,
    [POP3_AUTH] = session_on_login, [POP3_UIDL] = on_uidl,          [POP3_DELE] = on_dele,
    [POP3_LIST] = on_list,          [POP3_RSET] = on_rset,          [POP3_QUIT] = on_quit,
    [POP3_UTF8] = on_utf8,
};

/* A reply of one line. */
static void
take_status(struct session *session, struct expectation *expectation, enum pop3_status status, struct span text)
{
    if (expectation->command.verb == POP3_PASS && status == POP3_ERR && login_is_refused(&session->login))
        text = bytes_span(&session->login.refusal); /* of the two, the one that says why */
    if (expectation->command.verb == POP3_CAPA) {
        session_answer_without_capa(session, expectation, text);
    } else {
        if (expectation->kind == EXPECT_REPLY)
            session_put_status(session, status, text);
        if (rows[expectation->command.verb] != NULL)
            rows[expectation->command.verb](session, expectation, status, text);
    }
    session_forget(session);
}

/* Does the server have the commands that came after RFC 1081? One that refuses a TOP may lack the message; if it then
 * gives that one to RETR it lacks TOP. */
static void
note_ability(struct session *session, const struct pop3_command *command, enum pop3_status status)
{
    bool ok = status == POP3_OK;

    if (command->verb == POP3_UIDL && (ok || !command->has_number))
        upstream_note_command(&session->link.attempt, UPSTREAM_UIDL, ok, clock_now());
    if (command->verb == POP3_TOP && ok)
        upstream_note_command(&session->link.attempt, UPSTREAM_TOP, true, clock_now());
    if (command->verb == POP3_TOP)
        session->top_refused = ok ? 0 : command->number;
    if (command->verb == POP3_RETR && ok && command->number == session->top_refused)
        upstream_note_command(&session->link.attempt, UPSTREAM_TOP, false, clock_now());
}

static void
start_reply(struct session *session, struct expectation *expectation, enum pop3_status status, struct span text)
{
    if (expectation->command.verb == POP3_TOP && session_asks_less(session, expectation, status))
        return;
    note_ability(session, &expectation->command, status);
    switch (pop3_reply_shape(&expectation->command, status)) {
    case POP3_LINE:
        take_status(session, expectation, status, text);
        break;
    case POP3_LISTING:
        session_start_listing(session, expectation, text);
        break;
    case POP3_MESSAGE:
        session_start_message(session, expectation);
        break;
    }
}

/* Reads the status line of the reply that is due. False if it is not there yet. */
static bool
read_status(struct session *session, struct expectation *expectation)
{
    size_t waiting = peer_waiting(&session->link.peer), most = waiting < STATUS_LINE_MAX ? waiting : STATUS_LINE_MAX,
           len;
    struct span      text, line, input = buffer_pull(&session->link.peer.in, most);
    enum pop3_status status;

    if (session->login.state == LOGIN_RESPONSE && waiting > 0) {
        session_fail(session, "server spoke before its turn");
        return false;
    }
    len = pop3_next_line(input, &line);
    if (len == 0) {
        if (waiting >= STATUS_LINE_MAX)
            session_fail(session, "server's answer has no end");
        return false;
    }
    status = pop3_parse_status(line, &text);
    if (status == POP3_NONSENSE) {
        session_fail(session, "server's answer is not POP3");
        return false;
    }
    if (status == POP3_CONTINUE) {
        if (!session_take_challenge(session, text))
            return false;
    } else
        start_reply(session, expectation, status, text);
    buffer_drain(&session->link.peer.in, len);
    return true;
}

/* Reads on behind a status line. False if the reply is not at its end. */
static bool
read_rest(struct session *session, struct expectation *expectation)
{
    bool complete = session->deliveries.current != NULL ? session_move_message(session)
                                                        : session_read_listing(session, expectation);

    if (!complete || session->state >= SESSION_CLOSING)
        return false;
    session->in_reply = false;
    session_forget(session);
    return true;
}

static bool
take_next(struct session *session)
{
    struct expectation *oldest = expect_oldest(&session->expected);

    if (oldest->kind == EXPECT_LOCAL) {
        peer_put(&session->client, bytes_span(&oldest->answer));
        session_forget(session);
        return true;
    }
    if (peer_waiting(&session->link.peer) == 0 && !session_holds_message(session))
        return false;
    if (!session_settle_trial(session))
        return false;
    oldest = expect_oldest(&session->expected);
    return session->in_reply ? read_rest(session, oldest) : read_status(session, oldest);
}

/* By RFC 1939 a server says nothing without being asked. Some say good-bye before they hang up. */
static void
refuse_unasked(struct session *session)
{
    struct span input = buffer_pull(&session->link.peer.in, 200);

    session_log(session, LOG_LEVEL_WARNING, "server spoke without being asked: %.*s", SPAN_ARG(input));
    session_finish(session, END_FLUSH, "server spoke without being asked");
}

bool
session_client_has_room(const struct session *session)
{
    return peer_unsent(&session->client) < PEER_BATCH && deliveries_have_room(&session->deliveries);
}

bool
session_take_replies(struct session *session)
{
    size_t waiting = peer_waiting(&session->link.peer);
    bool   changed = false;

    if (session->state < SESSION_AUTHORIZATION || session->state > SESSION_UPDATE)
        return false;
    while (session->expected.count > 0 && session->state < SESSION_CLOSING && session_client_has_room(session) &&
           take_next(session))
        changed = true;
    if (session->state < SESSION_CLOSING && session->expected.of_server == 0 && peer_waiting(&session->link.peer) > 0)
        refuse_unasked(session);
    return changed || peer_waiting(&session->link.peer) != waiting;
}
