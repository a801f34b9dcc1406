/*
 * The windows of all groups stand in columns (rules/prefilter/column.h). In a text that is not short the places where
 * windows stand are of use, too: a pattern whose windows are close to where its matches begin is run there alone.
 */
#include <stdalign.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/prefilter/automaton.h"
#include "rules/prefilter/column.h"
#include "rules/prefilter/prefilter.h"

enum { REACH_MAX = 512 /* octets in front of the end of a window where a match may begin, to be of interest */ };

/*
 * The cycles for each octet that one more window costs. A column costs the same whatever is in it; and a window merged
 * of two stands in far more texts than the odds have it, which take octets to come by chance: what that costs in
 * matches is more than columns cost.
 */
#define WINDOW_COST 0.00002

/* To begin a match somewhere takes as long as to pass over so many octets where none can begin; fewer, where a pattern
 * tries many beginnings at each. */
enum { BEGIN_OCTETS = 300 };

/*
 * How many cycles for each octet of text a pattern must cost with its windows alone to be worth an automaton, and how
 * large that may be.
 */
static const struct {
    double cost;
    size_t cells;
} costly[] = {{1, 150000}, {0.2, 50000}};

struct group {
    uint64_t          *always;      /* a bit for each pattern: it has no windows */
    uint32_t          *place_costs; /* of each pattern, for sightings_begin() */
    size_t             words;
    struct automaton **automatons; /* of each pattern; NULL: a match is cheap enough, */
    uint64_t          *automatic;  /* and no bit is set here */
    size_t             count;
    struct sieve      *sieves; /* of each of its columns, if it has windows: these are */
    size_t             first, last;
    size_t             from, to; /* its bits: from there in the first column, up to there in the last */
};

struct prefilter {
    struct column *columns;
    size_t         column_count;
    struct group  *groups;
    size_t         group_count;
};

/* The windows of one group while they are gathered. */
struct gathering {
    struct window *windows;
    uint32_t      *owners;
    size_t         count, capacity;
};

static void
gather_windows(struct gathering *gathering, const struct windows *found, size_t owner)
{
    if (gathering->count + found->count > gathering->capacity) {
        gathering->capacity = 2 * gathering->capacity + WINDOWS_MAX;
        gathering->windows =
            memory_resize_array(gathering->windows, gathering->capacity, sizeof(gathering->windows[0]));
        gathering->owners = memory_resize_array(gathering->owners, gathering->capacity, sizeof(gathering->owners[0]));
    }
    for (size_t i = 0; i < found->count; i++) {
        gathering->windows[gathering->count]  = found->items[i];
        gathering->owners[gathering->count++] = (uint32_t)owner;
    }
}

static void
add_column(struct prefilter *prefilter)
{
    size_t         size    = (prefilter->column_count + 1) * sizeof(*prefilter->columns);
    struct column *columns = aligned_alloc(alignof(struct column), size);

    if (columns == NULL)
        abort();
    if (prefilter->column_count > 0)
        memcpy(columns, prefilter->columns, prefilter->column_count * sizeof(*columns));
    memset(&columns[prefilter->column_count++], 0, sizeof(*columns));
    free(prefilter->columns);
    prefilter->columns = columns;
}

/* The last sets of a window. */
static struct sieve_end
end_of(const struct window *window)
{
    struct sieve_end end;

    for (size_t i = 0; i < SIEVE_DEPTH; i++)
        if (i + window->len < SIEVE_DEPTH)
            memset(&end.sets[i], 0xff, sizeof(end.sets[i]));
        else
            end.sets[i] = window->sets[i + window->len - SIEVE_DEPTH];
    return end;
}

static void
fill_sieves(struct group *group, const struct gathering *gathering)
{
    struct sieve_end *ends = memory_new(gathering->count * sizeof(*ends));

    for (size_t i = 0; i < gathering->count; i++)
        ends[i] = end_of(&gathering->windows[i]);
    group->sieves = memory_new((group->last - group->first + 1) * sizeof(group->sieves[0]));
    for (size_t at = 0, column = group->first; column <= group->last; column++) {
        size_t from = column == group->first ? group->from : 0, to = column == group->last ? group->to : LANE_BITS;

        sieve_fill(&group->sieves[column - group->first], ends + at, to - from);
        at += to - from;
    }
    free(ends);
}

/* From the end of a window; 0: a match may begin anywhere. */
static uint32_t
reach_of(const struct window *window)
{
    return window->lead <= REACH_MAX - WINDOW_MAX ? window->lead + WINDOW_MAX - 1 : 0;
}

/* A group that fits into one column does not begin in the rest of another. */
static void
place_group(struct prefilter *prefilter, struct group *group, const struct gathering *gathering)
{
    size_t used = prefilter->column_count > 0 ? prefilter->columns[prefilter->column_count - 1].used : LANE_BITS;

    if (gathering->count == 0)
        return;
    if (used == LANE_BITS || (gathering->count <= LANE_BITS && used + gathering->count > LANE_BITS))
        add_column(prefilter);
    group->first = prefilter->column_count - 1;
    group->from  = prefilter->columns[group->first].used;
    for (size_t i = 0; i < gathering->count; i++) {
        if (prefilter->columns[prefilter->column_count - 1].used == LANE_BITS)
            add_column(prefilter);
        column_place(&prefilter->columns[prefilter->column_count - 1], &gathering->windows[i], gathering->owners[i],
                     reach_of(&gathering->windows[i]));
    }
    group->last = prefilter->column_count - 1;
    group->to   = prefilter->columns[group->last].used;
    fill_sieves(group, gathering);
}

static struct automaton *
automaton_for(const struct regex *regex, double cost)
{
    for (size_t row = 0; row < COUNT_OF(costly); row++)
        if (cost > costly[row].cost)
            return automaton_new(regex_pattern(regex), regex_flags(regex), costly[row].cells);
    return NULL;
}

static void
fill_group(struct prefilter *prefilter, struct group *group, const struct prefilter_group *from)
{
    struct gathering gathering = {0};

    group->count       = from->count;
    group->words       = prefilter_words(from->count);
    group->always      = memory_new(group->words * sizeof(group->always[0]));
    group->place_costs = memory_new(from->count * sizeof(group->place_costs[0]));
    group->automatic   = memory_new(group->words * sizeof(group->automatic[0]));
    group->automatons  = memory_new(from->count * sizeof(group->automatons[0]));
    for (size_t i = 0; i < from->count; i++) {
        const struct regex *regex = from->patterns[i];
        struct windows      found = {.count = 0};
        bool usable = regex != NULL && windows_find(&found, regex_pattern(regex), regex_flags(regex), WINDOW_COST);

        if (usable)
            gather_windows(&gathering, &found, i);
        group->place_costs[i] = usable ? BEGIN_OCTETS / (uint32_t)(1 + found.begins) : 0;
        if (!usable)
            group->always[i / 64] |= UINT64_C(1) << i % 64;
        if (regex != NULL && !from->short_texts)
            group->automatons[i] = automaton_for(regex, found.cost);
        if (group->automatons[i] != NULL)
            group->automatic[i / 64] |= UINT64_C(1) << i % 64;
    }
    place_group(prefilter, group, &gathering);
    free(gathering.windows);
    free(gathering.owners);
}

struct prefilter *
prefilter_new(const struct prefilter_group *groups, size_t count)
{
    struct prefilter *prefilter = memory_new(sizeof(*prefilter));

    prefilter->groups      = memory_new(count * sizeof(prefilter->groups[0]));
    prefilter->group_count = count;
    for (size_t i = 0; i < count; i++)
        fill_group(prefilter, &prefilter->groups[i], &groups[i]);
    return prefilter;
}

static void
free_group(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        automaton_free(&group->automatons[i]);
    free(group->automatons);
    free(group->automatic);
    free(group->place_costs);
    free(group->sieves);
    free(group->always);
}

void
prefilter_free(struct prefilter **prefilter)
{
    if (*prefilter == NULL)
        return;
    for (size_t i = 0; i < (*prefilter)->group_count; i++)
        free_group(&(*prefilter)->groups[i]);
    free((*prefilter)->groups);
    free((*prefilter)->columns);
    free(*prefilter);
    *prefilter = NULL;
}

/* The bits of one word that are from `from` up to `to`, both counted in the column. */
static uint64_t
bits_between(size_t word, size_t from, size_t to)
{
    uint64_t bits = UINT64_MAX;

    if (from > 64 * word)
        bits &= from >= 64 * (word + 1) ? 0 : UINT64_MAX << (from - 64 * word);
    if (to < 64 * (word + 1))
        bits &= to <= 64 * word ? 0 : UINT64_MAX >> (64 * (word + 1) - to);
    return bits;
}

/* What a group has of one of its columns. */
static void
set_part(struct column_part *part, const struct prefilter *prefilter, const struct group *group, size_t column)
{
    size_t from = column == group->first ? group->from : 0, to = column == group->last ? group->to : LANE_BITS;

    part->column = &prefilter->columns[column];
    part->sieve  = &group->sieves[column - group->first];
    for (size_t word = 0; word < LANE_WORDS; word++)
        part->bits[word] = bits_between(word, from, to);
}

/* A text whose candidates are looked for. */
struct scan {
    const struct group *group;
    uint64_t           *candidates;
    struct sightings   *seen; /* NULL: nobody asks where */
};

static void
note(void *context, const struct column_find *find)
{
    struct scan *scan  = context;
    uint32_t     owner = find->owner;
    uint64_t    *word = &scan->candidates[owner / 64], bit = UINT64_C(1) << owner % 64;

    if (scan->seen != NULL && (*word & bit) == 0)
        sightings_begin(scan->seen, owner, scan->group->place_costs[owner]);
    if (scan->seen != NULL && find->reach == 0)
        sightings_set_whole(scan->seen, owner);
    else if (scan->seen != NULL)
        sightings_add(scan->seen, owner, find->reach, find->first, find->last);
    *word |= bit;
}

/* Some candidates that have an automaton, by their numbers. */
struct batch {
    const struct automaton *automatons[AUTOMATONS_AT_ONCE];
    size_t                  numbers[AUTOMATONS_AT_ONCE];
    size_t                  count;
};

/* Clears the candidates that their automatons do not accept. */
static void
run_batch(struct batch *batch, struct span text, uint64_t *candidates)
{
    unsigned accepted = batch->count > 0 ? automatons_accept(batch->automatons, batch->count, text) : 0;

    for (size_t i = 0; i < batch->count; i++)
        if ((accepted >> i & 1) == 0 || !automaton_confirms(batch->automatons[i], text))
            candidates[batch->numbers[i] / 64] &= ~(UINT64_C(1) << batch->numbers[i] % 64);
    batch->count = 0;
}

/* For those that have to be run on all of the text. */
static void
run_automatons(const struct group *group, struct span text, uint64_t *candidates, const struct sightings *seen)
{
    struct batch batch = {.count = 0};

    for (size_t word = 0; word < group->words; word++) {
        for (uint64_t bits = candidates[word] & group->automatic[word]; bits != 0; bits &= bits - 1) {
            size_t number = 64 * word + (size_t)__builtin_ctzll(bits);

            if (seen != NULL && !sightings_are_whole(seen, number))
                continue;
            batch.automatons[batch.count] = group->automatons[number];
            batch.numbers[batch.count++]  = number;
            if (batch.count == AUTOMATONS_AT_ONCE)
                run_batch(&batch, text, candidates);
        }
    }
    run_batch(&batch, text, candidates);
}

/* Patterns without windows are to be run on all of the text. */
static void
begin_sightings(struct sightings *seen, const struct group *group, size_t text_len)
{
    sightings_clear(seen, text_len);
    for (size_t word = 0; word < group->words; word++)
        for (uint64_t bits = group->always[word]; bits != 0; bits &= bits - 1)
            sightings_set_whole(seen, 64 * word + (size_t)__builtin_ctzll(bits));
}

void
prefilter_scan(const struct prefilter *prefilter, size_t group_number, struct span text, const uint64_t *unwanted,
               uint64_t *candidates, struct sightings *seen)
{
    const struct group *group = &prefilter->groups[group_number];
    struct scan         scan  = {group, candidates, seen};

    for (size_t i = 0; i < group->words; i++)
        candidates[i] = group->always[i];
    if (seen != NULL)
        begin_sightings(seen, group, text.len);
    for (size_t i = group->first; group->to > 0 && i <= group->last; i++) {
        struct column_part part;

        set_part(&part, prefilter, group, i);
        column_locate(&part, text, note, &scan);
    }
    for (size_t i = 0; i < group->words && unwanted != NULL; i++)
        candidates[i] &= ~unwanted[i];
    run_automatons(group, text, candidates, seen);
}

size_t
prefilter_largest_group(const struct prefilter *prefilter)
{
    size_t largest = 0;

    for (size_t i = 0; i < prefilter->group_count; i++)
        largest = prefilter->groups[i].count > largest ? prefilter->groups[i].count : largest;
    return largest;
}

size_t
prefilter_count_always(const struct prefilter *prefilter, size_t group)
{
    size_t count = 0;

    for (size_t i = 0; i < prefilter->groups[group].words; i++)
        count += (size_t)__builtin_popcountll(prefilter->groups[group].always[i]);
    return count;
}
