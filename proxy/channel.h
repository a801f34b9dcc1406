/*
 * The channel between the master and one of its children: packets of a few octets, each with at most one descriptor.
 * That it has ended (the master closed its end, or died) is the one signal to come to an end within shutdown_timeout.
 */
#ifndef PROXY_CHANNEL_H
#define PROXY_CHANNEL_H

#include <sys/types.h>

#include "base/span.h"

/* What the master says, in two octets: the audit log that the descriptor is the new file of, or one of these. */
enum {
    CHANNEL_PACKET_SIZE = 2,
    CHANNEL_LOG         = 0xffff, /* with a descriptor: the new file of the daemon's own log */
    CHANNEL_DRAIN       = 0xfffe, /* to a worker that a reload replaces: accept nobody, and end with the last session */
    CHANNEL_EXPIRED     = 0xfffd, /* drain_timeout is over: close the sessions and end */
    CHANNEL_LOGS        = 0xfffd, /* audit logs have numbers below this */
};

/* Two ends, close-on-exec and non-blocking. 0; or -1 with errno. */
int channel_open(int ends[2]);

/* Sends `word` and, unless it is -1, `descriptor`, which stays the caller's. 0; or -1 with errno. */
int channel_send(int fd, unsigned word, int descriptor);

/*
 * Receives a packet: its word, and its descriptor, which is then the caller's, or -1. Returns 1; 0 at the channel's
 * end; -1 with errno, EAGAIN among them when there is none.
 */
int channel_receive(int fd, unsigned *word, int *descriptor);

#endif
