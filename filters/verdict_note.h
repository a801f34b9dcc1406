/*
 * What the spam-score filter notes of a message: the verdict, and a mark by which the message is known again. Some
 * servers' unique ids are no more than numbers, or what the sender wrote into the message; without the mark the verdict
 * on one message could be taken for that on another.
 */
#ifndef FILTERS_VERDICT_NOTE_H
#define FILTERS_VERDICT_NOTE_H

#include <stdbool.h>

#include "base/siphash.h"
#include "filters/headers.h"

/*
 * A digest, under a secret key, of the whole header block, but for the fields that servers change when a message was
 * read (Status and the like).
 */
struct verdict_mark {
    uint64_t words[SIPHASH_OCTETS / 8];
};
struct verdict_mark verdict_mark(const struct header_list *, const struct siphash_key *);

/* Appends the note to `note`. */
void verdict_note(const struct verdict_mark *, double score, struct span rules, struct bytes *note);

/* Takes a note apart; `rules` is a part of it. False if it is on another message, or is no note. */
bool verdict_read_note(struct span note, const struct verdict_mark *, double *score, struct span *rules);

#endif
