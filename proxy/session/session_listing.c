/*
 * Lists: LIST, UIDL and LANG go on as they come, UIDL being read along for the audit log and the filters' notes; CAPA
 * is kept, and made anew for the client.
 */
#include "proxy/clock.h"
#include "proxy/message/relay.h"
#include "proxy/net/buffer.h"
#include "proxy/session/session_private.h"

enum {
    LINE_MOST = 1024,             /* octets of a line that popgate reads; the rest of it is not looked at */
    LIST_MOST = 256 * 1024 * 1024 /* octets of a list that no client gets, and that no client so brings to an end */
};

/* Cuts the text of a list into lines. */
struct line_reader {
    struct sink     sink;
    struct session *session;
    enum pop3_verb  verb; /* whose list it is */
};

/* Takes what came; true if that is more than can be meant. */
static bool
is_endless(struct session *session, size_t octets)
{
    session->list_octets += octets;
    if (session->list_octets <= LIST_MOST)
        return false;
    session_fail(session, "server's list has no end");
    return true;
}

static void
take_line(const struct line_reader *reader)
{
    struct span line = bytes_span(&reader->session->line);

    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (reader->verb == POP3_CAPA)
        capa_add(&reader->session->capa, line);
    else if (reader->verb == POP3_UIDL)
        uidl_add(&reader->session->uidls, line);
    else
        sizes_add(&reader->session->sizes, line);
    bytes_clear(&reader->session->line);
}

static void
take_text(struct sink *sink, struct span text)
{
    const struct line_reader *reader = container_of(sink, struct line_reader, sink);
    struct bytes             *line   = &reader->session->line;

    while (text.len > 0) {
        const char *newline = memchr(text.data, '\n', text.len);
        size_t      len     = newline != NULL ? (size_t)(newline - text.data) : text.len;
        size_t      room    = LINE_MOST - line->len;

        bytes_add(line, span_head(text, len < room ? len : room));
        text = span_tail(text, newline != NULL ? len + 1 : len);
        if (newline != NULL)
            take_line(reader);
    }
}

bool
session_passes_listing(const struct expectation *expectation)
{
    return expectation->kind == EXPECT_REPLY && expectation->command.verb != POP3_CAPA;
}

struct dot_reader
session_dot_reader(const struct session *session)
{
    bool lf = link_target(&session->link)->lf_ends_line;

    return (struct dot_reader){.lf_ends_line = lf,
                               .keep_bare_lf = !lf && session->listener->bare_lf == CONFIG_BARE_LF_PASS};
}

void
session_start_listing(struct session *session, struct expectation *expectation, struct span text)
{
    session->in_reply    = true;
    session->reader      = session_dot_reader(session);
    session->list_octets = 0;
    bytes_clear(&session->line);
    if (session_passes_listing(expectation))
        session_put_status(session, POP3_OK, text);
}

static struct capa_offer
offer(const struct session *session)
{
    int64_t now = clock_now();

    return (struct capa_offer){.stls      = login_stls_offered(&session->login),
                               .plaintext = login_plaintext_allowed(&session->login),
                               .login     = login_allowed(&session->login),
                               .uidl      = !upstream_refuses(&session->link.attempt, UPSTREAM_UIDL, now),
                               .top       = !upstream_refuses(&session->link.attempt, UPSTREAM_TOP, now)};
}

/* The server's list is whole: the client gets popgate's, unless popgate asked for itself. */
static void
answer_capa(struct session *session, enum expectation_kind kind)
{
    const struct capa_offer now   = offer(session);
    struct bytes            reply = {0};

    session->capa.known = true;
    link_note_capa(&session->link, session->capa.pipelining && session->login.state != LOGIN_AGAIN);
    if (kind == EXPECT_REPLY)
        capa_write(&session->capa, &now, &reply);
    else if (kind == EXPECT_LIST_OF_MECHANISMS)
        capa_write_mechanisms(&session->capa, &now, &reply);
    peer_put(&session->client, bytes_span(&reply));
    bytes_free(&reply);
    capa_free(&session->capa);
    bytes_free(&session->line);
}

/* Mail programs try what they need where there is no list, and leave what a list lacks alone: there is none but where
 * they could not know of STLS without one. */
void
session_answer_without_capa(struct session *session, const struct expectation *expectation, struct span text)
{
    const struct capa_offer now   = offer(session);
    struct bytes            reply = {0};

    link_note_capa(&session->link, false);
    if (expectation->kind == EXPECT_REPLY && now.stls)
        capa_write(&session->capa, &now, &reply);
    else if (expectation->kind != EXPECT_CAPA)
        pop3_write_status(POP3_ERR, text, &reply);
    peer_put(&session->client, bytes_span(&reply));
    bytes_free(&reply);
}

/* A list of unique ids begins with a number. What looks like a status line is the answer to the next command: there is
 * no list, though the server said +OK. */
static bool
lacks_list(struct session *session, const struct expectation *expectation)
{
    struct span input = buffer_pull(&session->link.peer.in, 1);

    return expectation->kind == EXPECT_UIDLS && session->list_octets == 0 && input.len > 0 &&
           (input.data[0] == '+' || input.data[0] == '-');
}

/* Is the list of use to popgate? */
static bool
is_read(struct session *session, enum pop3_verb verb)
{
    return verb == POP3_CAPA || (verb == POP3_UIDL && session_learns_uidls(session)) ||
           (verb == POP3_LIST && session_notes(session) != NULL);
}

bool
session_read_listing(struct session *session, const struct expectation *expectation)
{
    bool               capa   = expectation->command.verb == POP3_CAPA;
    bool               read   = is_read(session, expectation->command.verb);
    struct line_reader lines  = {.sink.take = take_text, .session = session, .verb = expectation->command.verb};
    bool               passes = session_passes_listing(expectation);
    struct buffer     *to     = passes ? &session->client.out : NULL;
    uint64_t           unused = 0;

    if (lacks_list(session, expectation)) {
        upstream_spare_uidl(&session->link.attempt, true);
        return true;
    }
    if (!passes && is_endless(session, peer_waiting(&session->link.peer)))
        return false;
    while (relay_piece(&session->reader, &session->link.peer.in, to, read ? &lines.sink : NULL, &unused))
        ;
    if (session->reader.done && capa)
        answer_capa(session, expectation->kind);
    if (session->reader.done && expectation->command.verb == POP3_UIDL)
        upstream_spare_uidl(&session->link.attempt, false);
    return session->reader.done;
}
