/*
 * The channel between the master and one of its children: typed frames, both ways, each with at most one descriptor,
 * over a pair of AF_UNIX sockets that keep packets apart (SOCK_SEQPACKET, unix(7)). A table says of each type how many
 * octets it may bring, who may send it, and whether a descriptor comes with it.
 *
 * A frame with a number is a question, and the frame with that number that comes back is its answer. Whoever asks
 * remembers the question until then, and asks it again if the process dies, once another has taken its place.
 *
 * That a channel has ended (the master closed its end, or died) is the one signal to come to an end within
 * shutdown_timeout.
 */
#ifndef PROXY_NET_CHANNEL_H
#define PROXY_NET_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

enum channel_type {
    CHANNEL_LOG,     /* the descriptor is the socket that log lines are sent to from now on */
    CHANNEL_DRAIN,   /* to a worker that a reload replaces: accept nobody, and end with the last session */
    CHANNEL_EXPIRED, /* drain_timeout is over: close the sessions and end */
    CHANNEL_FILE,    /* to the auditor: the descriptor is the audit log of number `value`, the body is its path */
    CHANNEL_LINE,    /* to the auditor: the descriptor is the line from the worker of process id `value` */
    CHANNEL_WRITES,  /* from the auditor, the answer to a file: its records go there from now on */
    CHANNEL_TYPES
};

enum channel_side { CHANNEL_MASTER, CHANNEL_CHILD };

enum { CHANNEL_BODY_MAX = 4096 }; /* octets; a type's own bound may be less */

struct channel_frame {
    enum channel_type type;
    uint32_t          number; /* of a question and its answer; 0: neither */
    uint32_t          value;
    struct span       body;       /* of a frame that was received: valid until the next is */
    int               descriptor; /* -1: none */
};

enum channel_result {
    CHANNEL_FRAME,  /* there is one; its descriptor is the receiver's now */
    CHANNEL_EMPTY,  /* there is none yet */
    CHANNEL_ENDED,  /* there will be no more */
    CHANNEL_BROKEN, /* what came is no frame, or not one for this side to get: nothing of it is kept */
};

/* Opens a channel: two ends, close-on-exec and non-blocking. 0; or -1 with errno. */
int channel_open(int ends[2]);

/*
 * Sends the frame, which must fit the table. The descriptor stays the caller's. 0; or -1 with errno: EAGAIN where the
 * other side does not read, which bounds what can wait.
 */
int channel_send(int fd, const struct channel_frame *);

/*
 * Receives a frame, at the end that `side` has. One whose descriptor this process has no room for is passed over, and
 * that is logged.
 */
enum channel_result channel_receive(int fd, enum channel_side side, struct channel_frame *);

#endif
