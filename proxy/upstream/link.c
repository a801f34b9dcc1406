/* The way to a server that can have commands: a row of the table below for each state. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/pop3/pop3.h"
#include "proxy/upstream/link.h"

enum { STATUS_LINE_MAX = 8 * 1024 /* octets of a status line */ };

struct row {
    const char *name;
    const char *doing;
    enum link_answer (*step)(struct link *); /* LINK_WAITS: nothing has changed */
};

static const struct row rows[LINK_STATES];

/* An address that failed was doing what it was until another one is tried. */
static void
enter(struct link *link, enum link_state state)
{
    link->state = state;
    if (state != LINK_IDLE)
        link->doing = rows[state].doing;
}

/* `why` may be the peer's own, which is closed in the next step. */
static enum link_answer
give_way(struct link *link, const char *why)
{
    bytes_clear(&link->greeting);
    link->why = why;
    enter(link, LINK_IDLE);
    return LINK_GAVE_WAY;
}

/* The peer keeps whom to wake. */
static enum link_answer
begin(struct link *link)
{
    struct peer *peer = &link->peer;
    int          fd;

    peer_close(peer);
    if (upstream_exhausted(&link->attempt)) {
        link->doing = NULL;
        return LINK_FAILED;
    }
    link->doing = rows[LINK_CONNECTING].doing;
    fd          = upstream_connect(&link->attempt);
    if (fd < 0 || peer_open(peer, link->base, fd, true, PEER_BATCH, peer->wake, peer->context) != 0)
        return give_way(link, upstream_fault(&link->attempt, errno));
    link->began = clock_now();
    enter(link, LINK_CONNECTING);
    return LINK_WENT_ON;
}

static enum link_answer
start_tls(struct link *link, enum link_state state)
{
    bool unknown = link->attempt.turn == UPSTREAM_TURN_SECOND;

    enter(link, state);
    peer_start_tls(&link->peer, tls_connect(upstream_remote(&link->attempt), link->peer.fd, unknown));
    return LINK_WENT_ON;
}

static enum link_answer
connected(struct link *link)
{
    if (!peer_connect(&link->peer) || link->peer.state != PEER_OPEN)
        return LINK_WAITS;
    if (link_target(link)->tls == CONFIG_TLS_IMPLICIT)
        return start_tls(link, LINK_TLS);
    enter(link, LINK_GREETING);
    return LINK_WENT_ON;
}

static enum link_answer
become_ready(struct link *link)
{
    upstream_works(&link->attempt);
    enter(link, LINK_UP);
    return LINK_READY;
}

/* False while the handshake goes on, or when it failed. */
static bool
is_secured(struct link *link)
{
    return peer_handshake(&link->peer) && link->peer.state == PEER_OPEN;
}

static enum link_answer
secured(struct link *link)
{
    if (!is_secured(link))
        return LINK_WAITS;
    enter(link, LINK_GREETING);
    return LINK_SECURED;
}

/* TLS is told of first, and the link is ready in the step behind it. */
static enum link_answer
secured_after_stls(struct link *link)
{
    if (link->peer.state == PEER_OPEN)
        return become_ready(link);
    return is_secured(link) ? LINK_SECURED : LINK_WAITS;
}

/* The server's next line; false if it is not there yet. */
static bool
read_line(struct link *link, enum pop3_status *status, struct span *text)
{
    struct span line, input = buffer_pull(&link->peer.in, peer_waiting(&link->peer));

    if (pop3_next_line(input, &line) == 0)
        return false;
    *status = pop3_parse_status(line, text);
    return true;
}

static enum link_answer
wait_for_line(struct link *link)
{
    return peer_waiting(&link->peer) < STATUS_LINE_MAX ? LINK_WAITS : give_way(link, "it sent a line without an end");
}

/* Takes the line that was read out of the buffer; what is behind it was not asked for, and is an attack or a fault. */
static bool
take_line(struct link *link)
{
    struct span line, input = buffer_pull(&link->peer.in, peer_waiting(&link->peer));

    buffer_drain(&link->peer.in, pop3_next_line(input, &line));
    return peer_waiting(&link->peer) == 0;
}

static enum link_answer
ask_for_stls(struct link *link)
{
    enter(link, LINK_STLS);
    peer_put(&link->peer, SPAN("STLS\r\n"));
    return LINK_WENT_ON;
}

static enum link_answer
read_greeting(struct link *link)
{
    enum pop3_status status;
    struct span      text;

    if (!read_line(link, &status, &text))
        return wait_for_line(link);
    if (status != POP3_OK && status != POP3_ERR)
        return give_way(link, "its greeting is not POP3");
    bytes_add(&link->greeting, text);
    if (status == POP3_ERR)
        return LINK_REFUSED;
    if (!take_line(link))
        return give_way(link, "it sent more than it was asked for");
    return link_target(link)->tls == CONFIG_TLS_STLS ? ask_for_stls(link) : become_ready(link);
}

/* RFC 2595, 4: from the CR LF of the answer on there is nothing but TLS. */
static enum link_answer
read_stls_answer(struct link *link)
{
    enum pop3_status status;
    struct span      text;

    if (!read_line(link, &status, &text))
        return wait_for_line(link);
    if (peer_unsent(&link->peer) > 0)
        return give_way(link, "it answered before it was asked");
    if (status != POP3_OK)
        return give_way(link, "it has no STLS, which tls = \"stls\" requires");
    if (link->peer.state != PEER_OPEN)
        return LINK_WAITS; /* it has gone meanwhile */
    if (!take_line(link))
        return give_way(link, "it sent more than it was asked for");
    return start_tls(link, LINK_STLS_TLS);
}

static const struct row rows[LINK_STATES] = {
    [LINK_IDLE]       = {"idle", NULL, begin},
    [LINK_CONNECTING] = {"connecting", "connecting to the server", connected},
    [LINK_TLS]        = {"tls", "setting up TLS with the server", secured},
    [LINK_GREETING]   = {"greeting", "reading the greeting", read_greeting},
    [LINK_STLS]       = {"stls", "asking the server for STLS", read_stls_answer},
    [LINK_STLS_TLS]   = {"tls after stls", "setting up TLS with the server", secured_after_stls},
    [LINK_UP]         = {"up", NULL, NULL},
};

/* A server that cannot bear a session which it gave itself is tried without one before its address gives way. */
static enum link_answer
break_off(struct link *link)
{
    const struct peer *peer = &link->peer;

    if (peer->tls == NULL || !tls_offer_failed(peer->tls) || !upstream_try_again(&link->attempt))
        return give_way(link, peer->why);
    bytes_clear(&link->greeting);
    enter(link, LINK_IDLE);
    return LINK_WENT_ON;
}

enum link_answer
link_step(struct link *link)
{
    enum link_answer answer;

    assert(link->state != LINK_UP);
    answer = rows[link->state].step(link);
    if (answer != LINK_WAITS)
        return answer;
    if (link->peer.state == PEER_BROKEN)
        return break_off(link);
    if (link->peer.state == PEER_ENDED)
        return give_way(link, "it closed the connection before it greeted");
    if (peer_flush(&link->peer))
        return LINK_WENT_ON;
    return peer_fill(&link->peer, PEER_HIGH_WATER) ? LINK_WENT_ON : LINK_WAITS;
}

void
link_start(struct link *link, struct upstream *upstream, struct event_base *base, void (*wake)(void *), void *context)
{
    *link = (struct link){.base = base, .attempt = {.upstream = upstream}, .peer = {.wake = wake, .context = context}};
}

void
link_take_greeting(struct link *link)
{
    bytes_free(&link->greeting);
}

int64_t
link_deadline(const struct link *link)
{
    return link->began + link_target(link)->connect_timeout;
}

/* A server that is silent where it should greet may be waiting for TLS to begin. */
void
link_expire(struct link *link)
{
    bool silent = link->state == LINK_GREETING && link->peer.tls == NULL && link->peer.received == 0;

    (void)peer_break(&link->peer,
                     silent ? "server did not greet in time (connect_timeout): if this is its port for TLS, as "
                              "995 is, tls has to be \"implicit\""
                            : "server did not greet in time (connect_timeout)");
}

void
link_restart(struct link *link)
{
    peer_close(&link->peer);
    link->attempt = (struct upstream_attempt){.upstream = link->attempt.upstream};
    enter(link, LINK_IDLE);
}

void
link_close(struct link *link)
{
    peer_close(&link->peer);
    bytes_free(&link->greeting);
}

const char *
link_state_name(enum link_state state)
{
    return rows[state].name;
}

const struct target *
link_target(const struct link *link)
{
    return &link->attempt.upstream->target;
}

const char *
link_address(const struct link *link)
{
    return upstream_address(&link->attempt)->text;
}

void
link_set_pipelining(struct link *link, enum pipelining pipelining)
{
    link->pipelining = pipelining;
}

void
link_note_capa(struct link *link, bool listed)
{
    bool pipelines = listed && link_target(link)->pipelining;

    link_set_pipelining(link, pipelines ? PIPELINING_YES : PIPELINING_NO);
    upstream_note_pipelining(&link->attempt, pipelines, clock_now());
}

bool
link_takes_login_together(const struct link *link)
{
    return link->pipelining != PIPELINING_NO && upstream_pipelines(&link->attempt, clock_now()) &&
           upstream_takes_user(&link->attempt);
}
