/*
 * A mail program: greeting, USER, PASS, STAT, RETR as often as the options say, QUIT. Every octet that comes back is
 * looked at; the first that is wrong ends the process, and so does a connection that ends too early.
 */
#ifndef BENCH_LOAD_SESSION_H
#define BENCH_LOAD_SESSION_H

#include "tests/bench/load_check.h"
#include "tests/bench/wire.h"

/* A status line's limit (RFC 2449, section 4). */
enum { SESSION_LINE_MAX = 512 };

enum session_stage {
    STAGE_FREE, /* no session */
    STAGE_GREETING,
    STAGE_STLS,
    STAGE_HANDSHAKE,
    STAGE_USER,
    STAGE_PASS,
    STAGE_STAT,
    STAGE_HOLD, /* says nothing until session_leave() */
    STAGE_RETR,
    STAGE_QUIT,
    STAGE_OVER, /* QUIT was answered */
};

/* Starts as {0}; it is used again for session after session. */
struct session {
    struct wire        wire;
    enum session_stage stage;
    unsigned           number;  /* of the session, for messages */
    SSL_SESSION       *ticket;  /* of the session before */
    uint64_t           due;     /* when the session was to begin, */
    uint64_t           now;     /* when the last octets came, */
    uint64_t           asked;   /* and when the last RETR was sent, in nanoseconds */
    unsigned           fetched; /* messages that are complete */
    unsigned           pending; /* RETR without a complete answer */
    bool               in_message;
    struct check       check; /* of the message that comes */
    char               line[SESSION_LINE_MAX];
    size_t             line_len; /* of a line that is not complete */
};

/* Connects. Its times count from `due`. */
void session_start(struct session *, unsigned number, uint64_t due);

/* Ends one that holds. */
void session_leave(struct session *);

/* Ends the process: the session cannot go on, and this is why. */
_Noreturn void session_fail(const struct session *, const char *why);

/* Remembers the ticket; to be given to SSL_CTX_sess_set_new_cb(). */
int session_keep_ticket(SSL *, SSL_SESSION *);

/* Called when a session is over: the slot is free. Whoever links a session defines it. */
void session_ended(struct session *);

#endif
