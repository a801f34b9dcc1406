/*
 * The memory of one message: what is made while a mail is looked at lives until all of it goes at once. And lists of
 * spans, which is what rules look at.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/span.h"

/* Starts as {0}. */
struct arena {
    struct arena_block *newest;
};

/* `size` octets, not cleared, aligned for anything. */
void *arena_new(struct arena *, size_t size);

/* Gives back the end of what the last arena_new() returned: of `size` octets `used` are kept. */
void arena_trim(struct arena *, size_t size, size_t used);

/* A copy that lives as long as the arena. */
struct span arena_copy(struct arena *, struct span);

/* Frees everything; the arena is {0} again. */
void arena_free(struct arena *);

/* Starts as {0}. The spans belong to somebody else, the list of them does not. */
struct spans {
    struct span *items;
    size_t       count;
    size_t       capacity;
};

void spans_add(struct spans *, struct span);

/* Sorts them by their octets and leaves one of each. */
void spans_sort_unique(struct spans *);

void spans_free(struct spans *);

#endif
