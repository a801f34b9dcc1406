/* The notes of a chain's filters: whose is whose. For chain.c; filters call filter_recall() and filter_remember(). */
#ifndef FILTERS_CHAIN_NOTES_H
#define FILTERS_CHAIN_NOTES_H

#include "filters/chain.h"

/*
 * The note of the filter at `at`. Its scope is the names of that filter and of all in front of it: within one reading
 * of proxy.conf a name is a configuration, and what stands in front decides what the filter gets to see. `notes` may be
 * NULL.
 */
bool chain_recall(const struct chain *, size_t at, const struct message_info *, const struct chain_notes *,
                  struct bytes *note);
void chain_remember(const struct chain *, size_t at, const struct message_info *, const struct chain_notes *,
                    struct span note);

/* How many lines of a body the filter has to be shown, if it has no note of the message. */
uint64_t chain_filter_needs(const struct chain_filter *);

#endif
