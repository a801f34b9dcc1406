/*
 * A server's side, from its address to the moment when it can have commands: TCP, TLS or none, the greeting and, where
 * the target says so, STLS. An address that fails on the way gives way to the next one. A link knows no client: its
 * caller decides what becomes of the greeting, of a refusal, and of what is said later.
 *
 *      IDLE -> CONNECTING -> [TLS] -> GREETING -> [STLS -> STLS_TLS] -> UP
 *        ^----------- each of them, when the address fails ------'
 */
#ifndef PROXY_UPSTREAM_LINK_H
#define PROXY_UPSTREAM_LINK_H

#include "base/bytes.h"
#include "proxy/net/peer.h"
#include "proxy/upstream/upstream.h"

enum link_state {
    LINK_IDLE, /* no address is being tried */
    LINK_CONNECTING,
    LINK_TLS, /* implicit: before the greeting */
    LINK_GREETING,
    LINK_STLS,     /* STLS was sent */
    LINK_STLS_TLS, /* and accepted */
    LINK_UP,
    LINK_STATES
};

/* Does the server take more than one command at a time (RFC 2449, 6.6)? */
enum pipelining {
    PIPELINING_UNKNOWN,
    PIPELINING_ASKED, /* popgate has asked for CAPA by itself */
    PIPELINING_NO,
    PIPELINING_YES,
};

/* The result of a step. */
enum link_answer {
    LINK_WAITS,    /* for the server */
    LINK_WENT_ON,  /* step again */
    LINK_SECURED,  /* the same; TLS with the server stands: peer.tls says which */
    LINK_GAVE_WAY, /* the same; the address is out of the question: link_address(), `why` */
    LINK_READY,    /* it may have commands; `greeting` is what it said */
    LINK_REFUSED,  /* it turned popgate away; `greeting` is what it said */
    LINK_FAILED,   /* no address is left */
};

/* Starts with link_start(). Others read the members; from LINK_READY on they read and fill the peer's buffers. */
struct link {
    struct peer             peer;
    struct event_base      *base;
    struct upstream_attempt attempt;
    enum link_state         state;
    enum pipelining         pipelining;
    int64_t                 began;    /* with this address, in milliseconds of clock_now() */
    const char             *doing;    /* "reading the greeting": for the log; NULL: nothing that the log should say */
    const char             *why;      /* LINK_GAVE_WAY: in words, until the next step */
    struct bytes            greeting; /* the text of the server's status line, until link_take_greeting() */
};

/* `wake` is called with `context` for every event: then step. Both outlive the link, and so does `upstream`. */
void link_start(struct link *, struct upstream *, struct event_base *, void (*wake)(void *), void *context);

/* Goes on as far as it can in one step, reading and writing included. Not after LINK_READY, LINK_REFUSED, LINK_FAILED.
 */
enum link_answer link_step(struct link *);

/* The greeting has been passed on: its memory is given back. */
void link_take_greeting(struct link *);

/* Until when may this address take, in milliseconds of clock_now()? Not in LINK_IDLE nor LINK_UP. */
int64_t link_deadline(const struct link *);

/* That time is over: the next step gives up the address. */
void link_expire(struct link *);

/* Leaves the server, and begins with the addresses again. What is known of pipelining stays. */
void link_restart(struct link *);

/* Ends it in good order. Also before link_start(), on zeros. */
void link_close(struct link *);

/* "idle", "greeting": for the log. */
const char *link_state_name(enum link_state);

const struct target *link_target(const struct link *);

/* The address in use, or last in use, as it was written: for logs. */
const char *link_address(const struct link *);

/* The one way in which `pipelining` changes; and the server's CAPA was answered, with PIPELINING in it or not: that is
 * remembered for links that come. */
void link_set_pipelining(struct link *, enum pipelining);
void link_note_capa(struct link *, bool listed);

/* May name and password go to the server together, for all that is remembered of it? */
bool link_takes_login_together(const struct link *);

#endif
