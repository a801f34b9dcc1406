/*
 * Keys and their counts in a hash table with linear probing. A key whose count falls to zero is taken out, and those
 * behind it move up, so that the table never fills with what has been. Readers in other processes may see a key twice
 * or not at all while it moves: they do not wait, and what they read was true a moment ago.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "proxy/shared/tally.h"

struct slot {
    _Atomic uint64_t key; /* 0: empty */
    _Atomic uint64_t count;
};

/* Only the slots are shared. What stands there is not trusted: a worker that was taken over may write anything. */
struct tally {
    size_t       size; /* slots, a power of two */
    size_t       used; /* by this process */
    struct slot *slots;
};

static size_t
octets(size_t size)
{
    return size * sizeof(struct slot);
}

struct tally *
tally_open(size_t keys)
{
    size_t        size = 16;
    struct tally *tally;
    void         *slots;

    while (size < keys * 2)
        size *= 2;
    slots = mmap(NULL, octets(size), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slots == MAP_FAILED)
        return NULL;
    tally  = memory_new(sizeof(*tally));
    *tally = (struct tally){.size = size, .slots = slots};
    return tally;
}

void
tally_close(struct tally **pointer)
{
    if (*pointer == NULL)
        return;
    (void)munmap((*pointer)->slots, octets((*pointer)->size));
    free(*pointer);
    *pointer = NULL;
}

static uint64_t
load(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void
store(_Atomic uint64_t *number, uint64_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

/* Where the search for a key begins: keys are digests, or few. */
static size_t
home(const struct tally *tally, uint64_t key)
{
    return (size_t)key & (tally->size - 1);
}

/* The key's slot, or the empty one where it would be. A reader that meets a table in motion ends all the same. */
static size_t
find_slot(const struct tally *tally, uint64_t key)
{
    size_t i = home(tally, key);

    for (size_t steps = 0; steps < tally->size; steps++, i = (i + 1) & (tally->size - 1)) {
        uint64_t there = load(&tally->slots[i].key);

        if (there == key || there == 0)
            break;
    }
    return i;
}

bool
tally_add(struct tally *tally, uint64_t key)
{
    struct slot *slot = &tally->slots[find_slot(tally, key)];

    assert(key != 0);
    if (load(&slot->key) != key) {
        if (tally->used >= tally->size / 2)
            return false;
        tally->used++;
        store(&slot->count, 0);
        store(&slot->key, key);
    }
    store(&slot->count, load(&slot->count) + 1);
    return true;
}

/* May the key at `from` move to the empty slot `to` in front of it? Not if a search for it begins behind `to`. */
static bool
may_move(const struct tally *tally, size_t from, size_t to)
{
    size_t mask = tally->size - 1;

    return ((from - home(tally, load(&tally->slots[from].key))) & mask) >= ((from - to) & mask);
}

/* Those behind an emptied slot move up, for a search ends at an empty one. */
static void
close_gap(struct tally *tally, size_t gap)
{
    size_t mask = tally->size - 1, i = (gap + 1) & mask;

    for (size_t steps = 0; steps < tally->size && load(&tally->slots[i].key) != 0; steps++, i = (i + 1) & mask) {
        if (!may_move(tally, i, gap))
            continue;
        store(&tally->slots[gap].count, load(&tally->slots[i].count));
        store(&tally->slots[gap].key, load(&tally->slots[i].key));
        gap = i;
    }
    store(&tally->slots[gap].key, 0);
}

void
tally_take(struct tally *tally, uint64_t key)
{
    size_t       i    = find_slot(tally, key);
    struct slot *slot = &tally->slots[i];

    if (load(&slot->key) != key)
        return;
    store(&slot->count, load(&slot->count) - 1);
    if (load(&slot->count) > 0)
        return;
    tally->used--;
    close_gap(tally, i);
}

size_t
tally_count(const struct tally *tally, uint64_t key)
{
    const struct slot *slot = &tally->slots[find_slot(tally, key)];

    return load(&slot->key) == key ? (size_t)load(&slot->count) : 0;
}

void
tally_clear(struct tally *tally)
{
    if (madvise(tally->slots, octets(tally->size), MADV_REMOVE) != 0)
        for (size_t i = 0; i < tally->size; i++)
            store(&tally->slots[i].key, 0);
    tally->used = 0;
}
