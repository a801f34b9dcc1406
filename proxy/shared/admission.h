/*
 * Who may come in: how many sessions there may be in all, on a listener, and from an address on a listener. They are
 * counted over all workers, those of generations that drain among them.
 */
#ifndef PROXY_SHARED_ADMISSION_H
#define PROXY_SHARED_ADMISSION_H

#include <sys/socket.h>

#include "proxy/config/config.h"
#include "proxy/shared/tally.h"

struct admission {
    const struct config *config;
    struct tally        *own; /* this worker's */
    struct tally *const *all; /* of every worker, its own among them */
    size_t               count;
};

/* What a session is counted as, besides in all. */
struct admission_seat {
    uint64_t listener;
    uint64_t address;
};

enum admission_verdict {
    ADMISSION_GRANTED,
    ADMISSION_ADDRESS_FULL,  /* max_sessions_per_address */
    ADMISSION_LISTENER_FULL, /* the listener's max_sessions */
    ADMISSION_FULL,          /* max_sessions */
    ADMISSION_VERDICTS,
};

/* Once, in the master, before the first worker: the secret of the digests that addresses are counted by. 0; or -1 if
 * there is no randomness. */
int admission_start(void);

/* May a client from this address come in by this listener now? The seat is the one to take. Of an IPv6 address the
 * first 64 bits count, which is what one customer has; an IPv4 address written as IPv6 is the same as without. */
enum admission_verdict admission_ask(const struct admission *, const struct config_listener *, const struct sockaddr *,
                                     struct admission_seat *);

/* Counts a session; and counts it no longer. */
void admission_take(const struct admission *, const struct admission_seat *);
void admission_leave(const struct admission *, const struct admission_seat *);

/* A tally for a worker, to be given to tally_close(). NULL, with errno, if there is no memory. */
struct tally *admission_tally(const struct config *);

#endif
