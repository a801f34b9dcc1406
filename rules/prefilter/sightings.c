/* A list of places for each pattern, in memory that all lists share. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/sightings.h"

enum { PLACES_MAX = 2048 };

/* As the number of a place: there is none. As a pattern's first place: all of the text is of interest. */
#define NONE UINT32_MAX
#define WHOLE (UINT32_MAX - 1)

/* Octets with which a match may begin. */
struct place {
    uint32_t first, last;
    uint32_t next;
};

/* Its places are in their order; none is within another. */
struct trail {
    uint32_t first, last; /* places */
    uint32_t place_cost;  /* to begin to look at one, in octets, */
    size_t   cost;        /* and to look at all of them */
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
sightings_begin(struct sightings *sightings, size_t pattern, uint32_t place_cost)
{
    sightings->trails[pattern] = (struct trail){.first = NONE, .last = NONE, .place_cost = place_cost};
}

/* The last place that is in front of another one; NONE if there is none. */
static uint32_t
place_before(const struct sightings *sightings, const struct trail *trail, const struct place *other)
{
    const struct place *places = sightings->places;
    uint32_t            before = NONE;

    if (trail->last != NONE && places[trail->last].first <= other->first && places[trail->last].last <= other->last)
        return trail->last;
    for (uint32_t at = trail->first; at != NONE; before = at, at = places[at].next)
        if (places[at].first > other->first || places[at].last > other->last)
            break;
    return before;
}

/* The windows of a pattern come in an order of their own where they are in several columns. */
static void
insert(struct sightings *sightings, struct trail *trail, struct place new)
{
    struct place *places = sightings->places;
    uint32_t      before = place_before(sightings, trail, &new), number = (uint32_t)sightings->count;

    new.next = before == NONE ? trail->first : places[before].next;
    if (new.next != NONE && places[new.next].first <= new.first)
        return; /* it is within that one, which ends behind it */
    while (new.next != NONE && places[new.next].last <= new.last)
        new.next = places[new.next].next;
    places[sightings->count++] = new;
    if (before == NONE)
        trail->first = number;
    else
        places[before].next = number;
    if (new.next == NONE)
        trail->last = number;
}

void
sightings_add(struct sightings *sightings, size_t pattern, uint32_t reach, size_t first, size_t last)
{
    struct trail *trail = &sightings->trails[pattern];
    size_t        start = first > reach ? first - reach : 0;

    if (trail->first == WHOLE)
        return;
    trail->cost += last - first + reach + trail->place_cost;
    if (trail->cost > sightings->text_len || sightings->count == PLACES_MAX)
        trail->first = WHOLE;
    else
        insert(sightings, trail, (struct place){(uint32_t)start, (uint32_t)last, NONE});
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
    *from = first > *from ? first : *from;
    *last = sightings->places[trail->first].last;
    return true;
}
