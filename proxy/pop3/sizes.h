/*
 * The sizes of the messages of one session, as a server lists them (RFC 1939, LIST) or as they were counted. Bounded:
 * those of numbers beyond SIZES_MAX are not remembered.
 */
#ifndef PROXY_POP3_SIZES_H
#define PROXY_POP3_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { SIZES_MAX = 128 * 1024 };

/* Starts as {0}. */
struct sizes {
    uint32_t *octets; /* of the numbers 1, 2, ...; 0: not known; UINT32_MAX: that or more */
    size_t    capacity;
};

/* Takes "NUMBER OCTETS" (a line of the listing, or the text of a status line), without its line end; others are
 * ignored. */
void sizes_add(struct sizes *, struct span line);

/* The size of message `number`, as it was counted; a number beyond SIZES_MAX is ignored. */
void sizes_set(struct sizes *, uint64_t number, uint64_t octets);

/* 0: not known. */
uint64_t sizes_find(const struct sizes *, uint64_t number);

void sizes_free(struct sizes *);

#endif
