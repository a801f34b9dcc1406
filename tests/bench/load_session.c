/* A mail program. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/load.h"
#include "tests/bench/load_session.h"
#include "tests/bench/process.h"

/* What is said when a stage is entered, and what stage follows its answer. */
static const struct {
    const char        *name;
    struct span        command;
    enum session_stage next;
} stages[] = {
    [STAGE_GREETING]  = {"the greeting", {NULL, 0}, STAGE_USER},
    [STAGE_STLS]      = {"STLS", {"STLS\r\n", 6}, STAGE_HANDSHAKE},
    [STAGE_HANDSHAKE] = {"the handshake", {NULL, 0}, STAGE_USER},
    [STAGE_USER]      = {"USER", {"USER bench\r\n", 12}, STAGE_PASS},
    [STAGE_PASS]      = {"PASS", {"PASS secret\r\n", 13}, STAGE_STAT},
    [STAGE_STAT]      = {"STAT", {"STAT\r\n", 6}, STAGE_RETR},
    [STAGE_HOLD]      = {"while it is held", {NULL, 0}, STAGE_QUIT},
    [STAGE_RETR]      = {"RETR", {NULL, 0}, STAGE_QUIT},
    [STAGE_QUIT]      = {"QUIT", {"QUIT\r\n", 6}, STAGE_OVER},
    [STAGE_OVER]      = {"after QUIT", {NULL, 0}, STAGE_FREE},
};

/* Octets of a RETR with its number and CRLF. */
enum { RETR_OCTETS = 8 };

_Noreturn void
session_fail(const struct session *session, const char *why)
{
    process_fail("session %u, %s: %s", session->number, stages[session->stage].name, why);
}

static void
start_tls(struct session *session)
{
    wire_start_client(&session->wire, load_tls, load_options.resume ? session->ticket : NULL);
    if (SSL_set_app_data(session->wire.ssl, session) != 1)
        process_fail_call("SSL_set_app_data");
}

int
session_keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
    struct session *session = SSL_get_app_data(ssl);

    SSL_SESSION_free(session->ticket);
    session->ticket = ticket;
    return 1;
}

/* Sends as many RETR at once as the options say, or as are left. */
static void
ask_for_messages(struct session *session)
{
    static struct bytes commands;
    unsigned            left  = load_options.times - session->fetched;
    unsigned            count = left < load_options.depth ? left : load_options.depth;

    while (commands.len < load_options.depth * RETR_OCTETS)
        bytes_printf(&commands, "RETR %u\r\n", load_options.message);
    session->pending = count;
    session->asked   = process_now();
    wire_say(&session->wire, span_head(bytes_span(&commands), count * RETR_OCTETS));
}

static void
enter(struct session *session, enum session_stage stage)
{
    session->stage = stage;
    if (stages[stage].command.len > 0)
        wire_say(&session->wire, stages[stage].command);
    else if (stage == STAGE_HANDSHAKE)
        start_tls(session);
    else if (stage == STAGE_RETR)
        ask_for_messages(session);
    else if (stage == STAGE_HOLD)
        load_totals.holding++;
}

static void
log_in(struct session *session)
{
    times_add(&load_totals.logins, session->now - session->due);
    if (session->wire.ssl != NULL && SSL_session_reused(session->wire.ssl))
        load_totals.resumed++;
}

static void
check_stat(const struct session *session, struct span line)
{
    char right[SESSION_LINE_MAX];
    int  len = snprintf(right, sizeof(right), "+OK %d %" PRIu64 "\r\n", MAIL_COUNT, mail_octets());

    if (!span_equal(line, (struct span){right, (size_t)len}))
        session_fail(session, "the answer is not the upstream's");
}

static enum session_stage
next_stage(enum session_stage stage)
{
    if (stage == STAGE_GREETING && load_options.security == LOAD_STLS)
        return STAGE_STLS;
    if (stage == STAGE_STAT && load_options.idle)
        return STAGE_HOLD;
    if (stage == STAGE_STAT && load_options.message == 0)
        return STAGE_QUIT;
    return stages[stage].next;
}

/* Takes a complete line of status, CRLF and all. */
static void
take_status(struct session *session, struct span line)
{
    if (!span_starts(line, SPAN("+OK")) || line.data[line.len - 2] != '\r')
        session_fail(session, "the answer is not +OK");
    if (session->stage == STAGE_RETR) {
        check_start(&session->check, mail_get(load_options.message), load_options.edited);
        session->in_message = true;
        return;
    }
    if (session->stage == STAGE_PASS)
        log_in(session);
    if (session->stage == STAGE_STAT)
        check_stat(session, line);
    if (session->stage == STAGE_QUIT && span_equal(line, SPAN("+OK resumed\r\n")))
        load_totals.resumed_behind++;
    enter(session, next_stage(session->stage));
}

static void
take_line(struct session *session, struct span *came)
{
    size_t      end  = span_find(*came, '\n');
    size_t      len  = end < came->len ? end + 1 : end;
    struct span line = span_head(*came, len);

    if (session->line_len + len > sizeof(session->line))
        session_fail(session, "a line of status is too long");
    if (session->line_len > 0 || end == came->len) {
        memcpy(session->line + session->line_len, line.data, len);
        session->line_len += len;
        line = (struct span){session->line, session->line_len};
    }
    if (end < came->len) {
        session->line_len = 0;
        take_status(session, line);
    }
    *came = span_tail(*came, len);
}

static void
take_message(struct session *session, struct span *came)
{
    struct bytes why = {0};

    if (!check_octets(&session->check, came, &why))
        session_fail(session, why.data);
    if (!check_is_done(&session->check))
        return;
    times_add(&load_totals.fetches, session->now - session->asked);
    load_totals.octets += session->check.mail->answer.size;
    session->in_message = false;
    session->fetched++;
    if (--session->pending > 0)
        return;
    if (session->fetched < load_options.times)
        ask_for_messages(session);
    else
        enter(session, STAGE_QUIT);
}

static void
take(struct session *session, struct span came)
{
    while (came.len > 0) {
        if (session->stage == STAGE_HANDSHAKE || session->stage == STAGE_HOLD || session->stage == STAGE_OVER)
            session_fail(session, "octets that nobody asked for");
        if (session->in_message)
            take_message(session, &came);
        else
            take_line(session, &came);
    }
}

static void
end(struct session *session)
{
    wire_close(&session->wire);
    session->stage = STAGE_FREE;
    load_totals.ended++;
    session_ended(session);
}

static void
ready(struct watch *watch, uint32_t events)
{
    struct session *session = container_of(watch, struct session, wire.watch);
    struct span     came;

    if ((events & EPOLLOUT) != 0 && wire_flush(&session->wire))
        wire_watch_output(&session->wire, false);
    if ((events & ~(uint32_t)EPOLLOUT) == 0)
        return;
    wire_fill(&session->wire);
    session->now = process_now();
    while (wire_next(&session->wire, &came))
        take(session, came);
    if (session->stage == STAGE_OVER)
        end(session);
    else if (session->wire.why != NULL)
        session_fail(session, session->wire.why);
    else if (session->stage == STAGE_HANDSHAKE && wire_is_set_up(&session->wire))
        enter(session, STAGE_USER);
}

static void
dial(struct session *session)
{
    const struct sockaddr_in address = {.sin_family      = AF_INET,
                                        .sin_port        = htons((uint16_t)load_options.port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int                      fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
        (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS))
        process_fail_call("connect");
    wire_open(&session->wire, fd, ready);
}

void
session_start(struct session *session, unsigned number, uint64_t due)
{
    *session = (struct session){.number = number, .ticket = session->ticket, .due = due, .stage = STAGE_GREETING};
    dial(session);
    if (load_options.security == LOAD_TLS)
        start_tls(session);
}

void
session_leave(struct session *session)
{
    assert(session->stage == STAGE_HOLD);
    load_totals.holding--;
    enter(session, STAGE_QUIT);
}
