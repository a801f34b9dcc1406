/* Open addressing; the hash begins with a number that nobody outside of the process knows. */
#include <stdlib.h>
#include <sys/random.h>

#include "base/memory.h"
#include "rules/mail/span_index.h"

enum { SLOTS_MIN = 64 };

/* Drawn by the first process that needs it; those forked from it share it. */
static uint64_t
seed(void)
{
    static uint64_t drawn;

    while (drawn == 0)
        if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
            drawn = 0;
    return drawn;
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
    __extension__ unsigned __int128 product = (unsigned __int128)(hash ^ word ^ seed()) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
hash_of(struct span span)
{
    uint64_t hash = mix(span.len, 0);

    for (; span.len > 0; span = span_tail(span, span.len < 8 ? span.len : 8)) {
        uint64_t word = 0;

        memcpy(&word, span.data, span.len < 8 ? span.len : 8);
        hash = mix(hash, word);
    }
    return hash;
}

/* Where the number of `span` stands, or is to stand. There is a free slot. */
static size_t
find_slot(const struct span_index *index, struct span span)
{
    size_t slot = (size_t)hash_of(span) & (index->slot_count - 1);

    while (index->slots[slot] != 0 && !span_equal(index->spans.items[index->slots[slot] - 1], span))
        slot = (slot + 1) & (index->slot_count - 1);
    return slot;
}

static void
make_room(struct span_index *index)
{
    if (index->spans.count * 2 < index->slot_count)
        return;
    free(index->slots);
    index->slot_count = index->slot_count > 0 ? index->slot_count * 2 : SLOTS_MIN;
    index->slots      = memory_new(index->slot_count * sizeof(index->slots[0]));
    for (size_t i = 0; i < index->spans.count; i++)
        index->slots[find_slot(index, index->spans.items[i])] = (uint32_t)i + 1;
}

size_t
span_index_add(struct span_index *index, struct span span)
{
    size_t slot;

    make_room(index);
    slot = find_slot(index, span);
    if (index->slots[slot] == 0) {
        spans_add(&index->spans, span);
        index->slots[slot] = (uint32_t)index->spans.count;
    }
    return index->slots[slot] - 1;
}

void
span_index_free(struct span_index *index)
{
    free(index->slots);
    spans_free(&index->spans);
    *index = (struct span_index){0};
}
