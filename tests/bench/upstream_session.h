/* A connection to the upstream: lines are taken as they come, and answers go out of memory that others prepared. */
#ifndef BENCH_UPSTREAM_SESSION_H
#define BENCH_UPSTREAM_SESSION_H

#include "tests/bench/mail.h"
#include "tests/bench/wire.h"

struct session;
typedef void session_take_line(struct session *, struct span line); /* without its CRLF; it lives for the call */

/* The start of a flow, that is to be sent. */
struct item {
    const struct flow *flow;
    uint64_t           len; /* octets */
};

struct session {
    struct wire        wire;
    session_take_line *take_line;
    struct bytes       line;  /* one that is not complete */
    struct item       *items; /* answers; those from `first` on have not been sent */
    size_t             first, count, capacity;
    uint64_t           sent;                     /* octets of the first */
    SSL_CTX           *starts_tls;               /* with this, when all is sent; or NULL */
    bool               ends;                     /* when all is sent */
    bool               logged_in, authenticates; /* for who takes the lines */
};

/* Takes over `fd`. `tls`: it begins with TLS; or NULL. The session frees itself when it is over. */
struct session *session_open(int fd, session_take_line *, SSL_CTX *tls);

/* Puts a flow, or its first `len` octets, behind the answers that are to be sent. It has to outlive the session. */
void session_answer(struct session *, const struct flow *);
void session_answer_part(struct session *, const struct flow *, uint64_t len);

/* Sends what the socket takes; the session may be gone after it. Called for whoever takes lines; not by them. */
void session_send(struct session *);

#endif
