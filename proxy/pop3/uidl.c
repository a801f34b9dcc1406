/*
 * Unique ids by number: all ids in one string, and where in it each begins.
 *
 *      ids     "first\0third\0"
 *      starts  1, 0, 7               of the numbers 1, 2, 3; one more than the offset, 0: not known
 *
 * Beside the offset stand two marks. Which ids are there twice is found out when the first is asked for: the numbers
 * are put into an index, by a keyed digest of their ids, and those that come later are put there as they come.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "base/text.h"
#include "proxy/pop3/uidl.h"

enum {
    ID_MAX = 255, /* octets; RFC 1939 says 70 */

    /* In `starts`. */
    SHARED  = 1 << 30, /* another has the same id */
    DELETED = 1 << 29,
    START   = DELETED - 1,
};
_Static_assert((int)UIDL_OCTETS_MAX < (int)START, "an offset leaves room for the marks");

struct uidl_table {
    struct bytes ids;
    uint32_t    *starts;
    size_t       last;     /* the highest number that is known */
    size_t       capacity; /* of starts; those behind `last` are 0 */
    size_t       further;  /* the number of the last id that did not fit; 0: all did */
    char         further_id[ID_MAX + 1];
    bool         further_shared;
    uint32_t    *index;  /* numbers; 0: nothing. NULL: nobody has asked */
    size_t       places; /* of the index: a power of two, more than the half of them free */
    size_t       indexed;
};

static bool
is_id(struct span id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] < '!' || id.data[i] > '~')
            return false;
    return id.len > 0 && id.len <= ID_MAX;
}

static bool
id_fits(const struct uidl_table *table, size_t number, size_t id_len)
{
    size_t last = number > table->last ? number : table->last;

    return last * sizeof(*table->starts) + table->ids.len + id_len + 1 <= UIDL_OCTETS_MAX;
}

/* Makes room for `number`, doubling what there is. */
static void
make_room(struct uidl_table *table, size_t number)
{
    size_t capacity = table->capacity > 0 ? table->capacity : 64;

    if (number > table->last)
        table->last = number;
    if (number <= table->capacity)
        return;
    while (capacity < number)
        capacity *= 2;
    table->starts = memory_resize_array(table->starts, capacity, sizeof(*table->starts));
    memset(table->starts + table->capacity, 0, (capacity - table->capacity) * sizeof(*table->starts));
    table->capacity = capacity;
}

static const char *
id_of(const struct uidl_table *table, size_t number)
{
    return table->ids.data + (table->starts[number - 1] & START) - 1;
}

/* Where in the index the id is, or would go. Ids are the server's, and often the sender's, to choose: hence the key. */
static size_t
place_of(const struct uidl_table *table, struct span id)
{
    static struct siphash_key key;
    static bool               chosen;
    uint64_t                  digest[SIPHASH_OCTETS / 8];
    struct siphash            hash;
    size_t                    place;

    if (!chosen)
        chosen = getentropy(&key, sizeof(key)) == 0;
    siphash_begin(&hash, &key);
    siphash_add(&hash, id);
    siphash_end(&hash, digest);
    place = digest[0] & (table->places - 1);
    while (table->index[place] != 0 && !span_equal(span_of(id_of(table, table->index[place])), id))
        place = (place + 1) & (table->places - 1);
    return place;
}

/* Marks the message that has the id, if there is one. */
static bool
mark_same(struct uidl_table *table, struct span id)
{
    uint32_t number = table->index[place_of(table, id)];

    if (number == 0)
        return false;
    table->starts[number - 1] |= SHARED;
    return true;
}

static void
put_into_index(struct uidl_table *table, size_t number)
{
    struct span id = span_of(id_of(table, number));

    if (mark_same(table, id)) {
        table->starts[number - 1] |= SHARED;
        return;
    }
    table->index[place_of(table, id)] = (uint32_t)number;
    table->indexed++;
}

/* The index of all that are known. */
static void
make_index(struct uidl_table *table, size_t places)
{
    free(table->index);
    table->places  = places;
    table->indexed = 0;
    table->index   = memory_new(places * sizeof(*table->index));
    for (size_t number = 1; number <= table->last; number++)
        if (table->starts[number - 1] != 0)
            put_into_index(table, number);
    if (table->further != 0)
        table->further_shared = mark_same(table, span_of(table->further_id));
}

static void
enter_id(struct uidl_table *table, size_t number)
{
    if (table->indexed >= table->places / 2)
        make_index(table, table->places * 2);
    else
        put_into_index(table, number);
}

bool
uidl_is_shared(struct uidl_table *table, uint64_t number)
{
    if (uidl_find(table, number) == NULL)
        return false;
    if (table->index == NULL)
        make_index(table, table->capacity > 0 ? table->capacity * 2 : 2);
    return number == table->further ? table->further_shared : (table->starts[number - 1] & SHARED) != 0;
}

static void
store(struct uidl_table *table, size_t number, struct span id)
{
    make_room(table, number);
    table->starts[number - 1] = (uint32_t)table->ids.len + 1;
    bytes_add(&table->ids, id);
    bytes_add_char(&table->ids, '\0');
    if (table->index != NULL)
        enter_id(table, number);
}

static void
store_further(struct uidl_table *table, size_t number, struct span id)
{
    table->further = number;
    memcpy(table->further_id, id.data, id.len);
    table->further_id[id.len] = '\0';
    table->further_shared     = table->index != NULL && mark_same(table, id);
}

void
uidl_add(struct uidl_table **table, struct span line)
{
    struct span id;
    uint64_t    number;

    if (!text_read_number(text_next_word(&line), 1, UINT32_MAX, &number))
        return;
    id = text_next_word(&line);
    if (!is_id(id) || uidl_find(*table, number) != NULL)
        return;
    if (*table == NULL)
        *table = memory_new(sizeof(**table));
    if (id_fits(*table, number, id.len))
        store(*table, number, id);
    else
        store_further(*table, number, id);
}

const char *
uidl_find(const struct uidl_table *table, uint64_t number)
{
    if (table == NULL || number == 0)
        return NULL;
    if (number == table->further)
        return table->further_id;
    if (number > table->last || table->starts[number - 1] == 0)
        return NULL;
    return id_of(table, (size_t)number);
}

void
uidl_delete(struct uidl_table *table, uint64_t number)
{
    if (uidl_find(table, number) != NULL && number != table->further)
        table->starts[number - 1] |= DELETED;
}

uint64_t
uidl_next_deleted(const struct uidl_table *table, uint64_t number)
{
    for (size_t next = (size_t)number + 1; table != NULL && next <= table->last; next++)
        if ((table->starts[next - 1] & DELETED) != 0)
            return next;
    return 0;
}

void
uidl_undelete(struct uidl_table *table)
{
    for (size_t number = 1; table != NULL && number <= table->last; number++)
        table->starts[number - 1] &= ~(uint32_t)DELETED;
}

bool
uidl_is_full(const struct uidl_table *table)
{
    return table != NULL && table->further != 0;
}

void
uidl_free(struct uidl_table **table)
{
    if (*table != NULL) {
        bytes_free(&(*table)->ids);
        free((*table)->starts);
        free((*table)->index);
        free(*table);
    }
    *table = NULL;
}
