/*
 * Unique ids by number: all ids in one string, and where in it each begins.
 *
 *      ids     "first\0third\0"
 *      starts  1, 0, 7               of the numbers 1, 2, 3; one more than the offset, 0: not known
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/uidl.h"

enum { ID_MAX = 255 }; /* octets; RFC 1939 says 70 */

struct uidl_table {
    struct bytes ids;
    uint32_t    *starts;
    size_t       last;     /* the highest number that is known */
    size_t       capacity; /* of starts; those behind `last` are 0 */
    size_t       further;  /* the number of the last id that did not fit; 0: all did */
    char         further_id[ID_MAX + 1];
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
fits(const struct uidl_table *table, size_t number, size_t id_len)
{
    size_t last = number > table->last ? number : table->last;

    return last * sizeof *table->starts + table->ids.len + id_len + 1 <= UIDL_OCTETS_MAX;
}

/* Makes room for `number`, doubling what there is. */
static void
reach(struct uidl_table *table, size_t number)
{
    size_t capacity = table->capacity > 0 ? table->capacity : 64;

    if (number > table->last)
        table->last = number;
    if (number <= table->capacity)
        return;
    while (capacity < number)
        capacity *= 2;
    table->starts = memory_resize_array(table->starts, capacity, sizeof *table->starts);
    memset(table->starts + table->capacity, 0, (capacity - table->capacity) * sizeof *table->starts);
    table->capacity = capacity;
}

static void
store(struct uidl_table *table, size_t number, struct span id)
{
    reach(table, number);
    table->starts[number - 1] = (uint32_t)table->ids.len + 1;
    bytes_add(&table->ids, id);
    bytes_add_char(&table->ids, '\0');
}

static void
store_further(struct uidl_table *table, size_t number, struct span id)
{
    table->further = number;
    memcpy(table->further_id, id.data, id.len);
    table->further_id[id.len] = '\0';
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
        *table = memory_new(sizeof **table);
    if (fits(*table, number, id.len))
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
    return table->ids.data + table->starts[number - 1] - 1;
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
        free(*table);
    }
    *table = NULL;
}
