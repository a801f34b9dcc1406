/* The POP3 of the upstream. */
#include <inttypes.h>

#include "base/count.h"
#include "base/text.h"
#include "tests/bench/process.h"
#include "tests/bench/upstream_pop3.h"
#include "tests/bench/upstream_session.h"

/* Answers that are the same for all. */
static struct {
    struct flow ok, resumed, dot, stat, list, uidl, capa, capa_stls, challenge;
    struct flow list_one[MAIL_COUNT], uidl_one[MAIL_COUNT];
} prepared;

static SSL_CTX *tls_context;

static _Noreturn void
fail(const char *what, struct span line)
{
    process_fail("%s: `%.*s`", what, SPAN_ARG(line));
}

/* The flow of what is in `text`, which is kept for as long as the program runs. */
static struct flow
keep(struct bytes *text)
{
    struct flow flow = flow_of(bytes_span(text));

    *text = (struct bytes){0};
    return flow;
}

static void
prepare_listings(void)
{
    struct bytes list = {0}, uidl = {0}, one = {0};

    bytes_printf(&list, "+OK\r\n");
    bytes_printf(&uidl, "+OK\r\n");
    for (unsigned i = 1; i <= MAIL_COUNT; i++) {
        uint64_t octets = mail_get(i)->octets;
        bytes_printf(&list, "%u %" PRIu64 "\r\n", i, octets);
        bytes_printf(&uidl, "%u bench-%u\r\n", i, i);
        bytes_printf(&one, "+OK %u %" PRIu64 "\r\n", i, octets);
        prepared.list_one[i - 1] = keep(&one);
        bytes_printf(&one, "+OK %u bench-%u\r\n", i, i);
        prepared.uidl_one[i - 1] = keep(&one);
    }
    bytes_printf(&list, ".\r\n");
    bytes_printf(&uidl, ".\r\n");
    prepared.list = keep(&list);
    prepared.uidl = keep(&uidl);
}

void
pop3_prepare(SSL_CTX *tls)
{
    struct bytes stat = {0};

    tls_context = tls;
    bytes_printf(&stat, "+OK %d %" PRIu64 "\r\n", MAIL_COUNT, mail_octets());
    prepared.stat      = keep(&stat);
    prepared.ok        = flow_of(SPAN("+OK\r\n"));
    prepared.resumed   = flow_of(SPAN("+OK resumed\r\n"));
    prepared.dot       = flow_of(SPAN(".\r\n"));
    prepared.challenge = flow_of(SPAN("+ \r\n"));
    prepared.capa      = flow_of(SPAN("+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\n.\r\n"));
    prepared.capa_stls = flow_of(SPAN("+OK\r\nUSER\r\nTOP\r\nUIDL\r\nPIPELINING\r\nSTLS\r\n.\r\n"));
    prepare_listings();
}

/* Takes the number of a message off `argument`. */
static unsigned
read_message(struct span *argument)
{
    uint64_t number;

    if (!text_read_number(text_next_word(argument), 1, MAIL_COUNT, &number))
        fail("no message", *argument);
    return (unsigned)number;
}

static void
answer_retr(struct session *session, struct span argument)
{
    session_answer(session, &mail_get(read_message(&argument))->answer);
}

/* Where `lines` lines behind the header block end; at most where the mail's memory does. */
static size_t
end_of_lines(const struct mail *mail, uint64_t lines)
{
    struct span rest = span_tail(mail->answer.memory, mail->body);

    for (rest.len -= prepared.dot.memory.len; lines > 0 && rest.len > 0; lines--)
        (void)text_next_line(&rest);
    return (size_t)(rest.data - mail->answer.memory.data);
}

static void
answer_top(struct session *session, struct span argument)
{
    const struct mail *mail = mail_get(read_message(&argument));
    uint64_t           lines;

    if (!text_read_number(text_next_word(&argument), 0, UINT32_MAX, &lines))
        fail("no number of lines", argument);
    session_answer_part(session, &mail->answer, end_of_lines(mail, lines));
    session_answer(session, &prepared.dot);
}

static void
answer_list(struct session *session, struct span argument)
{
    session_answer(session, argument.len > 0 ? &prepared.list_one[read_message(&argument) - 1] : &prepared.list);
}

static void
answer_uidl(struct session *session, struct span argument)
{
    session_answer(session, argument.len > 0 ? &prepared.uidl_one[read_message(&argument) - 1] : &prepared.uidl);
}

static void
answer_stat(struct session *session, struct span argument)
{
    (void)argument;
    session_answer(session, &prepared.stat);
}

static void
answer_ok(struct session *session, struct span argument)
{
    (void)argument;
    session_answer(session, &prepared.ok);
}

static void
answer_pass(struct session *session, struct span argument)
{
    session->logged_in = true;
    answer_ok(session, argument);
}

/* With the response behind the mechanism, or on a line of its own. */
static void
answer_auth(struct session *session, struct span argument)
{
    if (!span_equal_nocase(text_next_word(&argument), SPAN("PLAIN")))
        fail("AUTH", argument);
    session->logged_in     = argument.len > 0;
    session->authenticates = argument.len == 0;
    session_answer(session, session->logged_in ? &prepared.ok : &prepared.challenge);
}

static void
answer_capa(struct session *session, struct span argument)
{
    bool offers = tls_context != NULL && session->wire.ssl == NULL && !session->logged_in;

    (void)argument;
    session_answer(session, offers ? &prepared.capa_stls : &prepared.capa);
}

static void
answer_stls(struct session *session, struct span argument)
{
    if (tls_context == NULL || session->wire.ssl != NULL)
        fail("STLS that was not offered", argument);
    session->starts_tls = tls_context;
    answer_ok(session, argument);
}

static void
answer_quit(struct session *session, struct span argument)
{
    const struct wire *wire = &session->wire;

    (void)argument;
    session->ends = true;
    session_answer(session, wire->ssl != NULL && SSL_session_reused(wire->ssl) ? &prepared.resumed : &prepared.ok);
}

enum state { BEFORE = 1, AFTER = 2, ANY = 3 }; /* the login */

static const struct {
    struct span name;
    enum state  state;
    void (*answer)(struct session *, struct span argument);
} commands[] = {
    {{"RETR", 4}, AFTER, answer_retr},  {{"USER", 4}, BEFORE, answer_ok},   {{"PASS", 4}, BEFORE, answer_pass},
    {{"STAT", 4}, AFTER, answer_stat},  {{"QUIT", 4}, ANY, answer_quit},    {{"CAPA", 4}, ANY, answer_capa},
    {{"LIST", 4}, AFTER, answer_list},  {{"UIDL", 4}, AFTER, answer_uidl},  {{"TOP", 3}, AFTER, answer_top},
    {{"DELE", 4}, AFTER, answer_ok},    {{"NOOP", 4}, AFTER, answer_ok},    {{"RSET", 4}, AFTER, answer_ok},
    {{"STLS", 4}, BEFORE, answer_stls}, {{"AUTH", 4}, BEFORE, answer_auth},
};

static void
take_command(struct session *session, struct span line)
{
    struct span argument = line, name = text_next_word(&argument);
    enum state  state = session->logged_in ? AFTER : BEFORE;

    if (argument.len > 0)
        argument = span_tail(argument, 1);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (span_equal_nocase(commands[i].name, name) && (commands[i].state & state) != 0) {
            commands[i].answer(session, argument);
            return;
        }
    fail(session->logged_in ? "a command after the login" : "a command before the login", line);
}

static void
take_line(struct session *session, struct span line)
{
    if (!session->authenticates) {
        take_command(session, line);
        return;
    }
    session->authenticates = false;
    answer_pass(session, line);
}

void
pop3_open(int fd, SSL_CTX *tls)
{
    struct session *session = session_open(fd, take_line, tls);

    answer_ok(session, (struct span){NULL, 0});
    session_send(session);
}
