/*
 * The mail that the bench sends: made of nothing but its size, so that the upstream and the load know the same octets.
 */
#ifndef BENCH_MAIL_H
#define BENCH_MAIL_H

#include "base/span.h"

/* Messages 1, 2 and 3 of every mailbox, with their sizes in octets, about. */
enum { MAIL_4K = 1, MAIL_64K = 2, MAIL_1M = 3, MAIL_COUNT = 3 };

/* A message in wire form, dots stuffed: its header block with the empty line, and the rest with the final `.`. */
struct mail {
    struct span wire;
    struct span header;
    struct span body;
};

/* Makes them all; once, before mail_get(). They live as long as the program. */
void mail_make(void);

/* Message `number`, 1 to MAIL_COUNT. */
const struct mail *mail_get(unsigned number);

#endif
