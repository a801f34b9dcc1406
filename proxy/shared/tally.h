/*
 * Counts: how many sessions an address has, a listener, and all together. Each worker has a tally of its own, in memory
 * that it shares with the master and the other workers: it alone writes there, the others read, and what all of them
 * count is the sum. So there is no lock that a worker could die with, and the master clears the tally of one that died.
 * A reader may be wrong by what changes while it reads.
 */
#ifndef PROXY_SHARED_TALLY_H
#define PROXY_SHARED_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally;

/* An empty tally for up to `keys` different keys at a time, which a fork() shares. Its memory is taken as it is used.
 * NULL, with errno, if there is none. */
struct tally *tally_open(size_t keys);

/* Gives it back, in this process, and sets the pointer to NULL; nothing if it is NULL. */
void tally_close(struct tally **);

/* One more of `key`, which is not 0. False if there are too many keys: it was not counted. */
bool tally_add(struct tally *, uint64_t key);

/* One less of a key that was added; nothing if somebody who was taken over has removed it. */
void tally_take(struct tally *, uint64_t key);

/* How many there are of `key`. */
size_t tally_count(const struct tally *, uint64_t key);

/* Nothing is counted any more, for whoever wrote there has ended; its memory goes back to the system. */
void tally_clear(struct tally *);

#endif
