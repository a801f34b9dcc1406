/*
 * Messages on their way to the client, in their order: one that is being read from the server, and behind it in time
 * those whose last octets wait to be handed to the client's socket. A message is delivered when that is done.
 */
#ifndef PROXY_SESSION_DELIVERIES_H
#define PROXY_SESSION_DELIVERIES_H

#include <stdint.h>
#include <sys/queue.h>

#include "proxy/message/message.h"

struct delivery {
    STAILQ_ENTRY(delivery) next;
    struct message     *message;
    struct message_info info;
    char               *uidl;    /* info.uidl */
    int64_t             started; /* when the server's +OK was read, in milliseconds of clock_now() */
    uint64_t            mark;    /* how many octets the client has been sent once it has all of the message */
};

/* Starts with deliveries_start(). */
struct deliveries {
    struct delivery *current;          /* is being read; NULL: none is */
    STAILQ_HEAD(, delivery) completed; /* oldest first */
    unsigned count;                    /* of those */
};

void deliveries_start(struct deliveries *);

/*
 * Begins one; there must be no current one. `setup`, its `info` and the unique id are copied; what else they point to
 * must outlive the delivery.
 */
void deliveries_begin(struct deliveries *, const struct message_setup *);

/* The current one is complete in the client's buffer, up to `mark` octets in all. */
void deliveries_complete(struct deliveries *, uint64_t mark);

/* May another one be completed? If not, the client has to take those that are first. */
bool deliveries_have_room(const struct deliveries *);

/* The oldest, be it completed or current; NULL: there is none. */
struct delivery *deliveries_oldest(const struct deliveries *);

/* The oldest, if the client's socket has taken all of it: `sent` octets in all. Else NULL. */
struct delivery *deliveries_delivered(const struct deliveries *, uint64_t sent);

/* Frees the oldest, which there must be. */
void deliveries_drop(struct deliveries *);

#endif
