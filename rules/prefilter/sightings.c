/* A list of places for each pattern, in memory that all lists share. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/sightings.h"

enum {
    PLACES_MAX = 2048,
    PLACE_COST =
        64, /* to look at a place takes as long as to look at so many octets on the way, and half of those in it */
};

/* As the number of a place: there is none. As a pattern's first place: all of the text is of interest. */
#define NONE UINT32_MAX
#define WHOLE (UINT32_MAX - 1)

/* Octets with which windows end. */
struct place {
    uint32_t first, last;
    uint32_t next;
};

struct trail {
    uint32_t first, last; /* places */
    uint32_t reach;
    size_t   cost; /* to look at all of them, in octets */
};

struct sightings {
    size_t       text_len;
    size_t       count; /* places in use */
    struct place places[PLACES_MAX];
    struct trail trails[]; /* of each pattern */
};

struct sightings *
sightings_new(size_t patterns)
{
    struct sightings *sightings = memory_resize(NULL, sizeof(*sightings) + patterns * sizeof(sightings->trails[0]));

    sightings_clear(sightings, 0);
    return sightings;
}

void
sightings_free(struct sightings **sightings)
{
    free(*sightings);
    *sightings = NULL;
}

void
sightings_clear(struct sightings *sightings, size_t text_len)
{
    sightings->count    = 0;
    sightings->text_len = text_len;
}

void
sightings_set_whole(struct sightings *sightings, size_t pattern)
{
    sightings->trails[pattern].first = WHOLE;
}

void
sightings_begin(struct sightings *sightings, size_t pattern, uint32_t reach)
{
    sightings->trails[pattern] = (struct trail){.first = NONE, .reach = reach};
}

void
sightings_add(struct sightings *sightings, size_t pattern, size_t first, size_t last)
{
    struct trail *trail = &sightings->trails[pattern];
    uint32_t      place = (uint32_t)sightings->count;

    if (trail->first == WHOLE)
        return;
    trail->cost += 2 * (last - first + trail->reach) + PLACE_COST;
    if (trail->cost > sightings->text_len || place == PLACES_MAX ||
        (trail->first != NONE && sightings->places[trail->last].last > last)) {
        trail->first = WHOLE;
        return;
    }
    sightings->places[sightings->count++] = (struct place){(uint32_t)first, (uint32_t)last, NONE};
    if (trail->first == NONE)
        trail->first = place;
    else
        sightings->places[trail->last].next = place;
    trail->last = place;
}

bool
sightings_are_whole(const struct sightings *sightings, size_t pattern)
{
    return sightings->trails[pattern].first == WHOLE;
}

bool
sightings_next(struct sightings *sightings, size_t pattern, size_t *from, size_t *last)
{
    struct trail *trail = &sightings->trails[pattern];
    size_t        first;

    if (trail->first == WHOLE) {
        *last = sightings->text_len;
        return *from <= *last;
    }
    while (trail->first != NONE && sightings->places[trail->first].last < *from)
        trail->first = sightings->places[trail->first].next;
    if (trail->first == NONE)
        return false;
    first = sightings->places[trail->first].first;
    *from = first > *from + trail->reach ? first - trail->reach : *from;
    *last = sightings->places[trail->first].last;
    return true;
}
