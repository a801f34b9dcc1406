/* Blocks that are filled from the front, a new one when the last is full; big requests get a block of their own. */
#include <stdalign.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"

enum { BLOCK_SIZE = 64 * 1024, SPARE_MAX = 4 /* blocks */ };

struct arena_block {
    struct arena_block *older;
    size_t              used;
    size_t              size;
    alignas(max_align_t) char octets[];
};

static size_t
aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

/* Some blocks that were given back are kept for the next message. */
static struct {
    struct arena_block *newest;
    size_t              count;
} spare;

static struct arena_block *
new_block(size_t size)
{
    struct arena_block *block = spare.newest;

    if (size > BLOCK_SIZE || block == NULL)
        return memory_resize(NULL, sizeof(*block) + size);
    spare.newest = block->older;
    spare.count--;
    return block;
}

static void
give_block_back(struct arena_block *block)
{
    if (block->size > BLOCK_SIZE || spare.count == SPARE_MAX) {
        free(block);
        return;
    }
    block->older = spare.newest;
    spare.newest = block;
    spare.count++;
}

static void
add_block(struct arena *arena, size_t least)
{
    size_t              size  = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct arena_block *block = new_block(size);

    *block        = (struct arena_block){.older = arena->newest, .size = size};
    arena->newest = block;
}

void *
arena_new(struct arena *arena, size_t size)
{
    size_t need = aligned(size > 0 ? size : 1);

    if (arena->newest == NULL || arena->newest->size - arena->newest->used < need)
        add_block(arena, need);
    arena->newest->used += need;
    return arena->newest->octets + arena->newest->used - need;
}

void
arena_trim(struct arena *arena, size_t size, size_t used)
{
    arena->newest->used -= aligned(size > 0 ? size : 1) - aligned(used > 0 ? used : 1);
}

struct span
arena_copy(struct arena *arena, struct span span)
{
    char *copy = arena_new(arena, span.len);

    if (span.len > 0)
        memcpy(copy, span.data, span.len);
    return (struct span){copy, span.len};
}

void
arena_free(struct arena *arena)
{
    while (arena->newest != NULL) {
        struct arena_block *older = arena->newest->older;

        give_block_back(arena->newest);
        arena->newest = older;
    }
}

void
spans_add(struct spans *spans, struct span span)
{
    if (spans->count == spans->capacity) {
        spans->capacity = spans->capacity > 0 ? spans->capacity * 2 : 16;
        spans->items    = memory_resize_array(spans->items, spans->capacity, sizeof(spans->items[0]));
    }
    spans->items[spans->count++] = span;
}

static int
compare_spans(const void *left, const void *right)
{
    return span_compare(*(const struct span *)left, *(const struct span *)right);
}

void
spans_sort_unique(struct spans *spans)
{
    size_t kept = 0;

    if (spans->count > 0)
        qsort(spans->items, spans->count, sizeof(spans->items[0]), compare_spans);
    for (size_t i = 0; i < spans->count; i++)
        if (kept == 0 || !span_equal(spans->items[kept - 1], spans->items[i]))
            spans->items[kept++] = spans->items[i];
    spans->count = kept;
}

void
spans_free(struct spans *spans)
{
    free(spans->items);
    *spans = (struct spans){0};
}
