/* An array that doubles. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "proxy/pop3/sizes.h"

enum { CAPACITY_MIN = 64 };

static void
make_room(struct sizes *sizes, size_t number)
{
    size_t capacity = sizes->capacity > 0 ? sizes->capacity : CAPACITY_MIN;

    if (number <= sizes->capacity)
        return;
    while (capacity < number)
        capacity *= 2;
    sizes->octets = memory_resize_array(sizes->octets, capacity, sizeof(*sizes->octets));
    memset(sizes->octets + sizes->capacity, 0, (capacity - sizes->capacity) * sizeof(*sizes->octets));
    sizes->capacity = capacity;
}

void
sizes_set(struct sizes *sizes, uint64_t number, uint64_t octets)
{
    if (number == 0 || number > SIZES_MAX)
        return;
    make_room(sizes, (size_t)number);
    sizes->octets[number - 1] = octets < UINT32_MAX ? (uint32_t)octets : UINT32_MAX;
}

void
sizes_add(struct sizes *sizes, struct span line)
{
    uint64_t number, octets;

    if (text_read_number(text_next_word(&line), 1, SIZES_MAX, &number) &&
        text_read_number(text_next_word(&line), 0, INT64_C(1) << 59, &octets))
        sizes_set(sizes, number, octets);
}

uint64_t
sizes_find(const struct sizes *sizes, uint64_t number)
{
    return number > 0 && number <= sizes->capacity ? sizes->octets[number - 1] : 0;
}

void
sizes_free(struct sizes *sizes)
{
    free(sizes->octets);
    *sizes = (struct sizes){0};
}
