/* Where filters of a test keep text: in memory. */
#ifndef TESTS_UNIT_KEPT_MEMORY_H
#define TESTS_UNIT_KEPT_MEMORY_H

#include <stdlib.h>

#include "base/memory.h"
#include "filters/chain.h"

static int
keep_in_memory(void *context, void **kept, struct span text)
{
    struct bytes *all = *kept != NULL ? *kept : (*kept = memory_new(sizeof(*all)));

    (void)context;
    bytes_add(all, text);
    return 0;
}

static int
show_memory(void *context, void *kept, struct span *text)
{
    (void)context;
    *text = bytes_span(kept);
    return 0;
}

static void
drop_memory(void *context, void **kept)
{
    (void)context;
    bytes_free(*kept);
    free(*kept);
    *kept = NULL;
}

#endif
