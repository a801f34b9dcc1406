/*
 * Which of an upstream's servers a session talks to. A worker remembers for each upstream which server answered last:
 * the next session begins there, so that a dead server costs one session its connect_timeout and not all of them. It
 * also remembers for an hour what that server said it can do, so that not every session has to ask.
 */
#ifndef PROXY_UPSTREAM_UPSTREAM_H
#define PROXY_UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/upstream/target.h"

/* What a server may be too old for. */
enum upstream_command { UPSTREAM_UIDL, UPSTREAM_TOP, UPSTREAM_MORE_LINES, UPSTREAM_COMMANDS };

/* One for a worker and an upstream. Starts as {.target = ...}, and ends with upstream_release(). */
struct upstream {
    struct target       target;
    size_t              preferred; /* index of the address to begin with */
    struct tls_remote **remotes;   /* one for each address, NULL before the first connection to it; of all, NULL */
    /* What is known of the server there, from sessions before: */
    bool    pipelines;                  /* it lists PIPELINING, which popgate may use */
    int64_t pipelined;                  /* when it did so last, in milliseconds of clock_now() */
    bool    takes_user;                 /* USER and PASS were the way into a mailbox, and no USER was refused since */
    bool    spares_uidl;                /* a UIDL that no client had asked for was too much for it */
    int64_t refused[UPSTREAM_COMMANDS]; /* when it refused the command as such; 0: it did not, or took it since */
};

/* How often an address is tried. */
enum upstream_turn {
    UPSTREAM_TURN_FIRST,
    UPSTREAM_TURN_DUE, /* once more, with the next upstream_connect() */
    UPSTREAM_TURN_SECOND,
};

/* One session's search. Starts as {.upstream = ...}. */
struct upstream_attempt {
    struct upstream   *upstream;
    unsigned           index; /* of the address in use */
    unsigned           tried; /* how many addresses were tried */
    enum upstream_turn turn;  /* of the one in use */
};

/* Gives back what sessions before have left there: not before the last of them has ended. */
void upstream_release(struct upstream *);

/*
 * Begins to connect to the next address. Returns a non-blocking socket on which connect(2) is under way; -1 with errno
 * if this one failed at once: call again for the next. Not after upstream_exhausted().
 */
int upstream_connect(struct upstream_attempt *);

/* Why there is no socket for the address in use; `error` is upstream_connect()'s errno. */
const char *upstream_fault(const struct upstream_attempt *, int error);

/* Have all addresses been tried? */
bool upstream_exhausted(const struct upstream_attempt *);

/* The address in use, for logs and for the certificate's name. */
const struct config_address *upstream_address(const struct upstream_attempt *);

/* The server in use, as TLS knows it: the name that its certificate must hold, and what it left. Only with a context.
 */
struct tls_remote *upstream_remote(const struct upstream_attempt *);

/* The next upstream_connect() shall be to the address in use once more. False if that is the second time already. */
bool upstream_try_again(struct upstream_attempt *);

/* The server greeted: later sessions begin with it. */
void upstream_works(struct upstream_attempt *);

/* What the server in use says in its capabilities, and whether it took a name. */
void upstream_note_pipelining(struct upstream_attempt *, bool pipelines, int64_t now);
void upstream_note_user(struct upstream_attempt *, bool taken);

/* The server in use took one of these commands, or does not know it. */
void upstream_note_command(struct upstream_attempt *, enum upstream_command, bool taken, int64_t now);

/* Has it lately said that it does not know it? */
bool upstream_refuses(const struct upstream_attempt *, enum upstream_command, int64_t now);

/* Notes that a UIDL which no client asked for made the server in use fail; or that it gave such a list after all. */
void upstream_spare_uidl(struct upstream_attempt *, bool spare);
bool upstream_spares_uidl(const struct upstream_attempt *);

/* The server in use is not as it was known to be: another one may stand there. What is known of it is forgotten. */
void upstream_forget(struct upstream_attempt *);

/* Has the server in use lately said that it takes several commands at a time (RFC 2449, 6.6)? */
bool upstream_pipelines(const struct upstream_attempt *, int64_t now);

/*
 * Does it take names without refusing them? Only then may PASS follow USER before its answer: else a password would be
 * sent for nothing.
 */
bool upstream_takes_user(const struct upstream_attempt *);

#endif
