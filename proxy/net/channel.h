/*
 * The channel between the master and one of its children: packets of a few octets, each with at most one descriptor.
 * That it has ended (the master closed its end, or died) is the one signal to come to an end within shutdown_timeout.
 */
#ifndef PROXY_NET_CHANNEL_H
#define PROXY_NET_CHANNEL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

/* What the master says: the audit log that the descriptor is the new file of, or one of these. */
enum {
    CHANNEL_PACKET_SIZE = 6,
    CHANNEL_LOG         = 0xffff, /* with a descriptor: the socket that log lines are sent to from now on */
    CHANNEL_DRAIN       = 0xfffe, /* to a worker that a reload replaces: accept nobody, and end with the last session */
    CHANNEL_EXPIRED     = 0xfffd, /* drain_timeout is over: close the sessions and end */
    CHANNEL_LINE        = 0xfffc, /* to the auditor, with a descriptor: the line from the worker of that process id */
    CHANNEL_LOGS        = 0xfffc, /* audit logs have numbers below this */
};

/* Two ends, close-on-exec and non-blocking. 0; or -1 with errno. */
int channel_open(int ends[2]);

/* Sends `word`, of 16 bits, a number for it and, unless it is -1, `descriptor`, which stays the caller's. 0; or -1 with
 * errno. */
int channel_send(int fd, unsigned word, uint32_t number, int descriptor);

/*
 * Receives a packet: its word, its number, and its descriptor, which is then the caller's, or -1. Returns 1; 0 at the
 * channel's end; -1 with errno, EAGAIN among them when there is none.
 */
int channel_receive(int fd, unsigned *word, uint32_t *number, int *descriptor);

#endif
