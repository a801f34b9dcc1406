/*
 * The replies that are due to the client, in their order: one is added when a command goes to the server or popgate
 * answers itself, and the oldest is dropped when it has been given. Whose reply the server's next octets are, and
 * whether it may have another command, is read here. Pure.
 *
 *      oldest                                  newest
 *      RETR 1    RETR 2    popgate's own    TOP 3 0
 *      ^ the server's next octets           ^ `alone`: nothing is sent behind it, if it is so marked
 */
#ifndef PROXY_SESSION_EXPECT_H
#define PROXY_SESSION_EXPECT_H

#include <sys/queue.h>

#include "base/bytes.h"
#include "proxy/pop3/pop3.h"

/* Who asked for what is expected. */
enum expectation_kind {
    EXPECT_REPLY,              /* the client: the reply goes to it */
    EXPECT_LOCAL,              /* nothing comes from the server: popgate's own answer, at its turn */
    EXPECT_CAPA,               /* popgate asked, to learn whether the server pipelines */
    EXPECT_USER,               /* popgate answered USER itself, and sends it with PASS */
    EXPECT_UIDLS,              /* popgate asked, for the unique ids of all messages, or of one */
    EXPECT_SIZES,              /* popgate asked, for the sizes of all messages */
    EXPECT_LIST_OF_MECHANISMS, /* the client sent a bare AUTH; the server was asked for CAPA */
};

/* A reply that is due, in its turn. */
struct expectation {
    STAILQ_ENTRY(expectation) next;
    enum expectation_kind kind;
    bool                  unfinished; /* expect_mark_unfinished() */
    bool                  again;      /* expect_again() */
    struct pop3_command   command;    /* its spans are not kept */
    uint64_t              lines;      /* TOP: what the server was asked for, at least what the client asked for */
    struct bytes          answer;     /* EXPECT_LOCAL: the whole answer */
};

/* Starts with expect_start(). Others read the counters. */
struct expectations {
    STAILQ_HEAD(, expectation) queue; /* oldest first */
    const struct expectation *alone;  /* expect_alone(); NULL: none */
    unsigned                  count;
    unsigned                  of_server;   /* those that are not EXPECT_LOCAL */
    unsigned                  messages;    /* RETR and TOP */
    unsigned                  uidls;       /* EXPECT_UIDLS */
    bool                      after_uidls; /* the last reply of the server's was to an EXPECT_UIDLS */
};

void expect_start(struct expectations *);

/* The one whose turn it is; NULL: none is due. */
struct expectation *expect_oldest(const struct expectations *);

/* Adds what is due next. For EXPECT_LOCAL `answer` is moved in; else it is NULL. `lines` as in the struct. */
struct expectation *expect_add(struct expectations *, enum expectation_kind, const struct pop3_command *,
                               uint64_t lines, struct bytes *answer);

/* Drops the oldest, which there must be: it was met, or never will be. */
void expect_drop(struct expectations *);

/* May another one be added for a command of the client's? If not, the client is read no further. */
bool expect_has_room(const struct expectations *);

/* May the server have another command now, or only when it has answered those before (RFC 2449, 6.6)? `pipelines`: it
 * takes more than one at a time. */
bool expect_may_send(const struct expectations *, bool pipelines);

/*
 * Nothing is sent behind this one, for what its answer will be decides how to go on: until expect_follow(), or until it
 * is dropped. At most one is marked so.
 */
void expect_alone(struct expectations *, const struct expectation *);
void expect_follow(struct expectations *);

/* The oldest may never be answered in full. The next command is sent all the same, and its answer will tell. */
void expect_mark_unfinished(struct expectations *);

/* The oldest, a TOP, is asked again with the client's number of lines: what comes next is the answer to that. */
void expect_again(struct expectations *);

#endif
