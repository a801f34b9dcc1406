/*
 * The mail that the bench sends: made of nothing but its number, so that the upstream and the load know the same
 * octets.
 */
#ifndef BENCH_MAIL_H
#define BENCH_MAIL_H

#include <stdint.h>

#include "base/span.h"

/* The messages of every mailbox, with their sizes in octets, about. */
enum { MAIL_4K = 1, MAIL_64K = 2, MAIL_1M = 3, MAIL_1G = 4, MAIL_COUNT = 4 };

/* Octets that are in memory once; a block of them may come many times, and is not held more often for that. */
struct flow {
    struct span memory;
    size_t      block, block_len; /* where in `memory` the block stands; in a flow without one, all of it */
    uint64_t    size;             /* octets of the flow */
};

/* The octets of `memory` as they are. They have to outlive the flow. */
struct flow flow_of(struct span memory);

/* What stands at `offset`, which is below the flow's size, as far as it is in one piece. */
struct span flow_at(const struct flow *, uint64_t offset);

struct mail {
    struct flow answer; /* to RETR, dots stuffed: a line of status, the header block, the rest with the final `.` */
    size_t      header; /* where in `answer` the header block begins, */
    size_t      body;   /* and what follows the empty line behind it */
    uint64_t    octets; /* of the message, as LIST counts them */
};

/* Makes them all; once, before mail_get(). They live as long as the program. */
void mail_make(void);

/* Message `number`, 1 to MAIL_COUNT. */
const struct mail *mail_get(unsigned number);

/* The octets of all messages, as STAT counts them. */
uint64_t mail_octets(void);

#endif
