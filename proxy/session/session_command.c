/*
 * What the client says: lines become commands, and each row of the table decides what becomes of one. A command that
 * must wait for something stays in the client's buffer, and all behind it with it: that keeps the order, and bounds the
 * memory.
 */
#include <openssl/crypto.h>

#include "base/count.h"
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

enum {
    FAULTS_MAX = 10,   /* bad commands before login: then it is no mail program */
    LOOK_FIRST = 5,    /* milliseconds until a client's system is asked again what it has acknowledged, */
    LOOK_MAX   = 1000, /* doubled up to this */
};

void
session_forget(struct session *session)
{
    listing_note_over(&session->listing, &expect_oldest(&session->expected)->command);
    expect_drop(&session->expected);
}

enum outcome
session_answer(struct session *session, enum pop3_status status, const char *text)
{
    const struct pop3_command none = {.verb = POP3_OTHER};
    struct bytes              line = {0};

    pop3_write_status(status, span_of(text), &line);
    (void)expect_add(&session->expected, EXPECT_LOCAL, &none, 0, &line);
    return TAKEN;
}

enum outcome
session_refuse(struct session *session, const char *text)
{
    return session_answer(session, POP3_ERR, text);
}

bool
session_may_send(const struct session *session)
{
    return expect_may_send(&session->expected, session->link.pipelining == PIPELINING_YES);
}

void
session_send(struct session *session, enum expectation_kind kind, const struct pop3_command *command, uint64_t lines)
{
    static struct bytes       line;
    struct pop3_command       asked = *command;
    const struct expectation *expectation;

    asked.lines = lines;
    (void)bytes_reserve(&line, POP3_COMMAND_MAX + command->second.len); /* it is not moved while it grows */
    pop3_write_command(&asked, &line);
    peer_put(&session->link.peer, bytes_span(&line));
    OPENSSL_cleanse(line.data, line.len);
    bytes_clear(&line);
    expectation = expect_add(&session->expected, kind, command, lines, NULL);
    if (lines > command->lines && !session->takes_more)
        expect_alone(&session->expected, expectation);
    listing_note_asked(&session->listing, command);
    session->asked = clock_now();
}

void
session_ask_capa(struct session *session, enum expectation_kind kind)
{
    const struct pop3_command capa = {.verb = POP3_CAPA, .name = SPAN("CAPA")};

    session_send(session, kind, &capa, 0);
}

/* Is there another command in the client's buffer behind this one? */
static bool
more_commands(struct session *session, const struct pop3_command *command)
{
    size_t      waiting = peer_waiting(&session->client);
    const char *input   = buffer_pull(&session->client.in, waiting).data;
    const char *line    = command->name.data;
    const char *newline = memchr(line, '\n', waiting - (size_t)(line - input));

    return newline != NULL && memchr(newline + 1, '\n', waiting - (size_t)(newline + 1 - input)) != NULL;
}

/*
 * RFC 2449, 6.6: commands go to the server one by one, unless it says that it can have more. Whether it does is asked
 * when the first client sends two at once, so that sessions of clients that do not are not slower for it.
 */
static bool
may_forward(struct session *session, const struct pop3_command *command)
{
    if (!session_may_send(session))
        return false;
    if (session->link.pipelining == PIPELINING_UNKNOWN && session->login.state == LOGIN_DONE &&
        command->verb != POP3_CAPA && more_commands(session, command)) {
        link_set_pipelining(&session->link, PIPELINING_ASKED);
        session_ask_capa(session, EXPECT_CAPA);
        return false;
    }
    return true;
}

enum outcome
session_forward(struct session *session, const struct pop3_command *command)
{
    if (!may_forward(session, command))
        return LATER;
    session_send(session, EXPECT_REPLY, command, command->lines);
    return TAKEN;
}

/*
 * No event tells when a client's system acknowledges: it is asked again after a while, and after twice as long each
 * time.
 */
static void
look_later(struct session *session)
{
    struct timeval time;

    if (evtimer_pending(&session->again, NULL))
        return;
    session->look = session->look == 0 ? LOOK_FIRST : session->look * 2 < LOOK_MAX ? session->look * 2 : LOOK_MAX;
    time          = (struct timeval){.tv_sec = session->look / 1000, .tv_usec = session->look % 1000 * 1000};
    (void)evtimer_add(&session->again, &time);
}

/*
 * Does the client have every message that it asked for before this command? Its socket must have taken them; and where
 * the command came before they were sent, its system must have acknowledged them too, for a client that died in between
 * never read them.
 */
static bool
client_has_messages(struct session *session)
{
    if (session->expected.messages > 0 || !session_has_delivered(session)) {
        session->awaits_client = true;
        session->look          = 0;
        return false;
    }
    if (session->awaits_client && !peer_acknowledged(&session->client)) {
        look_later(session);
        return false;
    }
    session->awaits_client = false;
    return true;
}

/* Asks for a message, once popgate has asked what it needs to know itself. */
static enum outcome
fetch(struct session *session, const struct pop3_command *command)
{
    if (!session_prepare_fetch(session, command) || !may_forward(session, command))
        return LATER;
    session_send(session, EXPECT_REPLY, command, session_lines_to_ask(session, command));
    return TAKEN;
}

/* Deletes, and the QUIT that commits them, wait for the messages before them. */
static enum outcome
forward_after_messages(struct session *session, const struct pop3_command *command)
{
    return client_has_messages(session) ? session_forward(session, command) : LATER;
}

/* What is known of the message ends with it, so popgate must know which message it is. */
static enum outcome
take_dele(struct session *session, const struct pop3_command *command)
{
    return session_prepare_fetch(session, command) ? forward_after_messages(session, command) : LATER;
}

static enum outcome
take_quit(struct session *session, const struct pop3_command *command)
{
    enum outcome outcome = forward_after_messages(session, command);

    if (outcome == TAKEN)
        session_enter(session, SESSION_UPDATE);
    return outcome;
}

static enum outcome
take_other(struct session *session, const struct pop3_command *command)
{
    if (session->listener->commands == CONFIG_COMMANDS_PASS)
        return session_forward(session, command);
    session->faults++;
    return session_refuse(session, "unknown command");
}

static enum outcome (*const rows[POP3_VERBS])(struct session *, const struct pop3_command *) = {
    [POP3_USER]  = session_take_user,
    [POP3_PASS]  = session_take_pass,
    [POP3_APOP]  = session_take_apop,
    [POP3_AUTH]  = session_take_auth,
    [POP3_CAPA]  = session_forward,
    [POP3_STLS]  = session_take_stls,
    [POP3_STAT]  = session_forward,
    [POP3_LIST]  = session_forward,
    [POP3_UIDL]  = session_forward,
    [POP3_RETR]  = fetch,
    [POP3_TOP]   = fetch,
    [POP3_DELE]  = take_dele,
    [POP3_NOOP]  = session_forward,
    [POP3_RSET]  = session_forward,
    [POP3_QUIT]  = take_quit,
    [POP3_UTF8]  = session_forward,
    [POP3_LANG]  = session_forward,
    [POP3_OTHER] = take_other,
};

/* A browser, or a mail server, that was led here: it gets no word of ours (CVE-2021-3618). */
static bool
speaks_another_protocol(struct span name)
{
    static const char *const verbs[] = {"GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "EHLO", "HELO", "SSH-2.0"};

    for (size_t i = 0; i < COUNT_OF(verbs); i++)
        if (span_starts_nocase(name, span_of(verbs[i])))
            return true;
    return false;
}

static enum outcome
take_command_line(struct session *session, struct span line)
{
    unsigned            state = session->login.state == LOGIN_DONE ? POP3_TRANSACTION : POP3_AUTHORIZATION;
    struct pop3_command command;

    pop3_parse_command(line, &command);
    if (session->login.state != LOGIN_DONE && command.verb == POP3_OTHER && speaks_another_protocol(command.name)) {
        session_finish(session, END_FLUSH, "client speaks another protocol");
        return TAKEN;
    }
    if (command.fault != POP3_FINE) {
        session->faults++;
        return session_refuse(session, pop3_fault_text(command.fault));
    }
    if ((pop3_states(command.verb) & state) == 0) {
        session->faults++;
        return session_refuse(session, session->login.state == LOGIN_DONE ? "not after the login" : "log in first");
    }
    return rows[command.verb](session, &command);
}

/*
 * May the next line be looked at? Before the login commands are taken one by one: what one means depends on the answer
 * to the last.
 */
static bool
may_take(const struct session *session)
{
    if (session->client.state == PEER_HANDSHAKE || session->login.state == LOGIN_STLS ||
        peer_waiting(&session->client) == 0 || peer_unsent(&session->client) >= PEER_HIGH_WATER)
        return false;
    if (session->state == SESSION_AUTHORIZATION)
        return session->expected.count == 0 || session->login.state == LOGIN_RESPONSE;
    return session->state == SESSION_TRANSACTION && expect_has_room(&session->expected);
}

/* What is left of a line that was too long is dropped, as it comes. */
static bool
skip_line(struct session *session, struct span input)
{
    const char *newline = memchr(input.data, '\n', input.len);

    buffer_drain(&session->client.in, newline != NULL ? (size_t)(newline - input.data) + 1 : input.len);
    session->skipping_line = newline == NULL;
    return true;
}

/* There is no line end yet. Are there too many octets already? */
static bool
wait_for_line(struct session *session, struct span input)
{
    size_t most = session->login.state == LOGIN_RESPONSE ? POP3_SASL_MAX : pop3_line_limit(input);

    if (input.len <= most)
        return false;
    session->skipping_line = true;
    if (session->login.state == LOGIN_RESPONSE)
        session_take_response(session, SPAN("-"));
    else
        (void)session_refuse(session, pop3_fault_text(POP3_TOO_LONG));
    return true;
}

static bool
take_next(struct session *session)
{
    struct span line, input = buffer_pull(&session->client.in, peer_waiting(&session->client));
    size_t      len;

    if (session->skipping_line)
        return skip_line(session, input);
    len = pop3_next_line(input, &line);
    if (len == 0)
        return wait_for_line(session, input);
    if (session->login.state == LOGIN_RESPONSE)
        session_take_response(session, line);
    else if (take_command_line(session, line) == LATER)
        return false;
    session->active = clock_now();
    if (session->state != SESSION_GONE)
        buffer_drain(&session->client.in, len);
    return true;
}

/* Are these the first octets of TLS, and of the connection (RFC 8446, 5.1)? */
static bool
begins_tls(const struct session *session)
{
    return session->client.tls == NULL && session->client.received == peer_waiting(&session->client) &&
           span_starts(buffer_first(&session->client.in), SPAN("\x16\x03"));
}

static void
refuse_tls(struct session *session)
{
    session_log(session, LOG_LEVEL_INFO,
                "the client begins TLS with the connection, and this listener does not: set the client to STARTTLS, or "
                "connect it to a listener with tls = \"implicit\"");
    session_finish(session, END_FLUSH, "client began TLS where there is none");
}

bool
session_take_commands(struct session *session)
{
    bool changed = false;

    if (session->faults > FAULTS_MAX && session->login.state != LOGIN_DONE && session->state < SESSION_CLOSING &&
        session->expected.count == 0) {
        session_finish(session, END_FLUSH, "client sent too many bad commands");
        return true;
    }
    if (session->state < SESSION_CLOSING && begins_tls(session)) {
        refuse_tls(session);
        return true;
    }
    while (may_take(session) && take_next(session))
        changed = true;
    return changed;
}
