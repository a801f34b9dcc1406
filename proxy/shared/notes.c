/*
 * The table in shared memory. Its words are written and read one by one, in no order that anybody counts on: the seal
 * alone says whether a copy is one note.
 */
#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "proxy/shared/notes.h"

enum {
    WORD       = sizeof(uint64_t),
    KEY_WORDS  = NOTES_KEY / WORD,
    NOTE_WORDS = NOTES_NOTE_MAX / WORD,
};

/* What a slot holds, but for its stamp. */
struct entry {
    uint64_t seal[KEY_WORDS]; /* of all that follows */
    uint64_t key[KEY_WORDS];
    uint64_t len; /* octets of `note` */
    uint64_t note[NOTE_WORDS];
};

enum {
    ENTRY_WORDS = sizeof(struct entry) / WORD,
    KEY_AT      = offsetof(struct entry, key) / WORD,
    NOTE_AT     = offsetof(struct entry, note) / WORD,
};

struct slot {
    _Atomic uint64_t used; /* when it was written or found, by `clock`; 0: never. Outside the seal: any value will do */
    _Atomic uint64_t words[ENTRY_WORDS];
};
_Static_assert(sizeof(struct slot) == NOTES_SLOT, "a slot's size is what the sizes above add up to");

struct set {
    struct slot slots[NOTES_WAYS];
};

/* In shared memory. */
struct table {
    _Atomic uint64_t clock; /* ticks with every use */
    struct set       sets[];
};

/* Every process has one of its own, from the master's by fork(). */
struct notes {
    struct table      *table;
    size_t             octets; /* mapped */
    size_t             sets;
    struct siphash_key secret;
};

void
notes_close(struct notes **notes)
{
    if (*notes == NULL)
        return;
    (void)munmap((*notes)->table, (*notes)->octets);
    OPENSSL_cleanse(&(*notes)->secret, sizeof((*notes)->secret));
    free(*notes);
    *notes = NULL;
}

struct notes *
notes_open(int64_t octets)
{
    struct notes *notes = memory_new(sizeof(*notes));

    assert(octets >= 0);
    notes->sets   = (size_t)octets / sizeof(struct set) > 0 ? (size_t)octets / sizeof(struct set) : 1;
    notes->octets = sizeof(struct table) + notes->sets * sizeof(struct set);
    notes->table = mmap(NULL, notes->octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (notes->table == MAP_FAILED) {
        free(notes);
        return NULL;
    }
    if (RAND_bytes((unsigned char *)&notes->secret, sizeof(notes->secret)) != 1) {
        notes_close(&notes);
        errno = EIO;
    }
    return notes;
}

struct notes_key
notes_key(const struct notes *notes, const struct span *parts, size_t count)
{
    struct siphash   name;
    struct notes_key key;

    siphash_begin(&name, &notes->secret);
    for (size_t i = 0; i < count; i++) {
        siphash_add(&name, (struct span){(const char *)&parts[i].len, sizeof(parts[i].len)});
        siphash_add(&name, parts[i]);
    }
    siphash_end(&name, key.words);
    return key;
}

static struct set *
find_set(const struct notes *notes, const struct notes_key *key)
{
    return &notes->table->sets[key->words[0] % notes->sets];
}

static bool
has_key(const struct slot *slot, const struct notes_key *key)
{
    for (size_t i = 0; i < KEY_WORDS; i++)
        if (atomic_load_explicit(&slot->words[KEY_AT + i], memory_order_relaxed) != key->words[i])
            return false;
    return true;
}

/* How many words an entry takes, which has a length that can be. */
static size_t
words_of(const struct entry *entry)
{
    return NOTE_AT + (entry->len + WORD - 1) / WORD;
}

static void
seal(const struct notes *notes, struct entry *entry)
{
    struct siphash sealed;

    siphash_begin(&sealed, &notes->secret);
    siphash_add(&sealed, (struct span){(const char *)entry->key, (words_of(entry) - KEY_AT) * WORD});
    siphash_end(&sealed, entry->seal);
}

/* A copy of the slot. False if it is not what was once written there. */
static bool
read_slot(const struct notes *notes, const struct slot *slot, struct entry *entry)
{
    uint64_t *words = (uint64_t *)entry;
    uint64_t  found[KEY_WORDS];

    for (size_t i = 0; i < NOTE_AT; i++)
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    if (entry->len > NOTES_NOTE_MAX)
        return false;
    for (size_t i = NOTE_AT; i < words_of(entry); i++)
        words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
    memcpy(found, entry->seal, sizeof(found));
    seal(notes, entry);
    return memcmp(found, entry->seal, sizeof(found)) == 0;
}

static void
touch(struct notes *notes, struct slot *slot)
{
    uint64_t now = atomic_fetch_add_explicit(&notes->table->clock, 1, memory_order_relaxed) + 1;

    atomic_store_explicit(&slot->used, now, memory_order_relaxed);
}

bool
notes_find(struct notes *notes, const struct notes_key *key, struct bytes *note)
{
    struct set  *set = find_set(notes, key);
    struct entry entry;

    entry.len = 0; /* until it is read */
    for (size_t i = 0; i < NOTES_WAYS; i++) {
        struct slot *slot = &set->slots[i];

        if (!has_key(slot, key) || !read_slot(notes, slot, &entry) || memcmp(entry.key, key, NOTES_KEY) != 0)
            continue;
        touch(notes, slot);
        bytes_clear(note);
        bytes_add(note, (struct span){(const char *)entry.note, entry.len});
        return true;
    }
    return false;
}

/* Where a note goes: in place of an older one with the same key, or of the one least recently used. */
static struct slot *
choose_slot(struct set *set, const struct notes_key *key)
{
    struct slot *oldest = &set->slots[0];

    for (size_t i = 0; i < NOTES_WAYS; i++) {
        struct slot *slot = &set->slots[i];

        if (has_key(slot, key))
            return slot;
        if (atomic_load_explicit(&slot->used, memory_order_relaxed) <
            atomic_load_explicit(&oldest->used, memory_order_relaxed))
            oldest = slot;
    }
    return oldest;
}

bool
notes_keep(struct notes *notes, const struct notes_key *key, struct span note)
{
    struct slot    *slot = choose_slot(find_set(notes, key), key);
    struct entry    entry;
    const uint64_t *words = (const uint64_t *)&entry;

    if (note.len > NOTES_NOTE_MAX)
        return false;
    entry.len = note.len;
    memcpy(entry.key, key, NOTES_KEY);
    if (note.len > 0) {
        entry.note[(note.len - 1) / WORD] = 0; /* zeros behind the note, in its last word */
        memcpy(entry.note, note.data, note.len);
    }
    seal(notes, &entry);
    for (size_t i = 0; i < words_of(&entry); i++)
        atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
    touch(notes, slot);
    return true;
}

/* With another key it does not fit its seal, either. */
void
notes_forget(struct notes *notes, const struct notes_key *key)
{
    struct set *set = find_set(notes, key);

    for (size_t i = 0; i < NOTES_WAYS; i++)
        if (has_key(&set->slots[i], key))
            atomic_store_explicit(&set->slots[i].words[KEY_AT], ~key->words[0], memory_order_relaxed);
}
