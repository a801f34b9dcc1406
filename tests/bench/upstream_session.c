/* A connection to the upstream. */
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "tests/bench/process.h"
#include "tests/bench/upstream_session.h"

enum { LINE_MAX_OCTETS = 512, PIECES = 64 };

static void
free_session(struct session *session)
{
    wire_close(&session->wire);
    bytes_free(&session->line);
    free(session->items);
    free(session);
}

void
session_answer_part(struct session *session, const struct flow *flow, uint64_t len)
{
    if (session->count == session->capacity) {
        session->capacity = session->capacity > 0 ? session->capacity * 2 : 4;
        session->items    = memory_resize_array(session->items, session->capacity, sizeof(*session->items));
    }
    session->items[session->count++] = (struct item){flow, len};
}

void
session_answer(struct session *session, const struct flow *flow)
{
    session_answer_part(session, flow, flow->size);
}

/* The next octets to be sent, in up to PIECES pieces. */
static int
collect(const struct session *session, struct iovec *pieces, size_t *total)
{
    uint64_t offset = session->sent;
    int      count  = 0;

    *total = 0;
    for (size_t i = session->first; i < session->count && count < PIECES;) {
        const struct item *item = &session->items[i];
        struct span        part = flow_at(item->flow, offset);
        if (part.len > item->len - offset)
            part.len = (size_t)(item->len - offset);
        pieces[count++] = (struct iovec){.iov_base = (char *)part.data, .iov_len = part.len};
        *total += part.len;
        offset += part.len;
        if (offset == item->len) {
            offset = 0;
            i++;
        }
    }
    return count;
}

static void
forget(struct session *session, size_t taken)
{
    session->sent += taken;
    while (session->first < session->count && session->sent >= session->items[session->first].len)
        session->sent -= session->items[session->first++].len;
    if (session->first == session->count)
        session->first = session->count = 0;
}

/* True: all was sent. */
static bool
send_items(struct session *session)
{
    struct iovec pieces[PIECES];
    size_t       total, taken;

    while (session->count > 0) {
        int count = collect(session, pieces, &total);
        taken     = wire_put(&session->wire, pieces, count);
        forget(session, taken);
        if (taken < total)
            return false;
    }
    return wire_flush(&session->wire);
}

void
session_send(struct session *session)
{
    bool all = session->wire.why == NULL && send_items(session);

    if (session->wire.why != NULL || (all && session->ends)) {
        free_session(session);
        return;
    }
    wire_watch_output(&session->wire, !all);
    if (all && session->starts_tls != NULL) {
        wire_start_server(&session->wire, session->starts_tls);
        session->starts_tls = NULL;
    }
}

/* Hands on the lines that are complete. */
static void
take(struct session *session, struct span came)
{
    for (size_t end; (end = span_find(came, '\n')) < came.len; came = span_tail(came, end + 1)) {
        struct span line = span_head(came, end + 1);
        if (session->ends || session->starts_tls != NULL)
            process_fail("octets behind QUIT or STLS");
        if (session->line.len > 0) {
            bytes_add(&session->line, line);
            line = bytes_span(&session->line);
        }
        if (line.len < 2 || line.len > LINE_MAX_OCTETS || line.data[line.len - 2] != '\r')
            process_fail("a line that is not one: `%.*s`", SPAN_ARG(line));
        session->take_line(session, span_head(line, line.len - 2));
        bytes_clear(&session->line);
    }
    if (came.len > 0)
        bytes_add(&session->line, came);
    if (session->line.len > LINE_MAX_OCTETS)
        process_fail("a line without an end");
}

static void
ready(struct watch *watch, uint32_t events)
{
    struct session *session = container_of(watch, struct session, wire.watch);
    struct span     came;

    if ((events & ~(uint32_t)EPOLLOUT) != 0) {
        wire_fill(&session->wire);
        while (wire_next(&session->wire, &came))
            take(session, came);
    }
    session_send(session);
}

struct session *
session_open(int fd, session_take_line *take_line, SSL_CTX *tls)
{
    struct session *session = memory_new(sizeof(*session));

    session->take_line = take_line;
    wire_open(&session->wire, fd, ready);
    if (tls != NULL)
        wire_start_server(&session->wire, tls);
    return session;
}
