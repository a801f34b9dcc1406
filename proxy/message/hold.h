/*
 * Where a message waits while a filter decides on it: in memory, as the buffers it came in, and past the worker's
 * hold_memory in a file. What was parked in memory is moved out as it was moved in, what is in the file is read piece
 * by piece as the client takes it. It is counted until the message is closed: the client may let it wait for long.
 */
#ifndef PROXY_MESSAGE_HOLD_H
#define PROXY_MESSAGE_HOLD_H

#include "proxy/message/hold_budget.h"
#include "proxy/message/spool.h"
#include "proxy/net/buffer.h"

/* One for a message. */
struct hold {
    struct hold_budget *budget;
    struct buffer       parked;  /* put octets in here, then call hold_settle() */
    int64_t             counted; /* octets of `parked` that the budget knows of */
    struct spool        spool;   /* what stands in front of them */
    off_t               drained; /* octets of the file that have gone on */
};

void hold_open(struct hold *, struct hold_budget *);

/* Accounts for what was parked, and spills it if it is too much. 0; or -1 with errno if it could not be written: it is
 * still parked. */
int hold_settle(struct hold *);

enum hold_drain {
    HOLD_EMPTY,  /* all has gone on */
    HOLD_FULL,   /* `to` is full, and more has to go on */
    HOLD_BROKEN, /* the file cannot be read: errno says why */
};

/* Moves what is held to the end of `to`, while that has fewer than `most` octets. Nothing is parked any more then. */
enum hold_drain hold_drain(struct hold *, struct buffer *to, size_t most);

/* Gives everything back; what is still held is lost. The struct may be {0}. */
void hold_close(struct hold *);

#endif
