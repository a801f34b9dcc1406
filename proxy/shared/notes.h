/*
 * Notes on messages, in memory that all workers of a generation share: what one has found out about a message another
 * one knows. The master makes the table before it forks; it lives as long as the generation, for with new rules there
 * are new verdicts.
 *
 * The table is an array of sets of a few slots. A key has its set, where the note that was not used for the longest
 * time gives way: finding and keeping take the same time however full it is.
 *
 * There is no lock that a worker could die with. Each slot is sealed with a keyed digest of all that is in it, and a
 * reader looks at a copy of its own: what two workers wrote at once, or one wrote in part before it was killed, does
 * not fit its seal and counts as absent. This costs a digest, a tenth of a microsecond. A lock would have to be robust,
 * and whoever found its owner dead would have to repair what it protects.
 */
#ifndef PROXY_SHARED_NOTES_H
#define PROXY_SHARED_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/siphash.h"

enum {
    NOTES_SLOT     = 1024,           /* octets of a note with all that belongs to it */
    NOTES_NOTE_MAX = 976,            /* octets of a note */
    NOTES_WAYS     = 8,              /* slots of a set */
    NOTES_KEY      = SIPHASH_OCTETS, /* octets of a key */
};

struct notes;

/* The name of a note: a digest under a secret that only this table knows, so that nobody can tell the name from it. */
struct notes_key {
    uint64_t words[NOTES_KEY / sizeof(uint64_t)];
};

/* A table in `octets` of memory, which are taken as they are used; at least one set. NULL with errno. */
struct notes *notes_open(int64_t octets);

/* Takes the table from this process and sets it to NULL. It may be NULL. */
void notes_close(struct notes **);

/* The key of a name that has several parts; other parts, or the same octets cut elsewhere, are another name. */
struct notes_key notes_key(const struct notes *, const struct span *parts, size_t count);

/* Replaces `note` by what was kept under the key. False: nothing is known. */
bool notes_find(struct notes *, const struct notes_key *, struct bytes *note);

/* Keeps `note` in place of an older one of the same key. False: it is longer than NOTES_NOTE_MAX. */
bool notes_keep(struct notes *, const struct notes_key *, struct span note);

/* Nothing is known under the key any more. */
void notes_forget(struct notes *, const struct notes_key *);

#endif
