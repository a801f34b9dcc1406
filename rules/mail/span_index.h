/* Numbers for spans: 0 for the first, 1 for the next that is different, ... A hostile mail cannot make them collide. */
#ifndef RULES_MAIL_SPAN_INDEX_H
#define RULES_MAIL_SPAN_INDEX_H

#include <stdint.h>

#include "base/arena.h"

/* Starts as {0}. */
struct span_index {
    struct spans spans; /* by number; not copied, they have to live as long as the index */
    uint32_t    *slots; /* a number + 1, or 0 */
    size_t       slot_count;
};

/* The number of `span`, which is a new one, the count before, if it was not there. */
size_t span_index_add(struct span_index *, struct span);

void span_index_free(struct span_index *);

#endif
