/*
 * The subset construction: a state is the set of places where the program's machine may be, the start always among
 * them, as a match can begin at each octet. Octets that no place tells apart are one class, and a column of the table.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/automaton.h"
#include "rules/prefilter/program.h"

enum {
    PLACES_MAX  = 4096,
    STATES_MAX  = 6000,
    BUILD_WORK  = 50000000, /* words of sets that may be put together for a table */
    FOLLOW_WORK = 64, /* steps for each octet of a text that may be taken to see whether matches follow each other */
    COPIES_MAX  = 10, /* of what repeats, if the table is not too large then */
};

struct automaton {
    unsigned char classes[256]; /* of each octet */
    size_t        class_count;
    size_t        state_count;
    unsigned      times; /* a text needs so many matches, one behind the other */
    uint32_t     *next;  /* for each state and class: where the row of the next state begins; or ACCEPTED */

    /*
     * The same for matches that begin exactly where they are looked for, to see whether they follow each other without
     * a gap; may be NULL. ACCEPTED is a flag in its cells, and from `dead` no match comes.
     */
    struct automaton *follower;
    uint32_t          dead;
};

#define ACCEPTED 0x80000000 /* more than there are cells */

/* Sets of places are rows of bits; `words` long. */
struct building {
    struct automaton *automaton;
    struct program    program;
    size_t            cells;    /* of the table, at most */
    size_t            work;     /* words put together so far */
    bool              anchored; /* a match begins at the first octet */
    size_t            place_count, words;
    uint32_t         *place_of; /* of each step: its number among the places */
    uint32_t         *step_of;  /* of each place */
    uint64_t         *behind;   /* of each place: where it leads to; of the last: the start */
    bool             *ends;     /* of the same: a match may end there */
    uint64_t         *taking;   /* of each class: the places that take it */
    uint64_t         *states;   /* of each state: its places */
    uint32_t         *table;    /* states by their hash, + 1 */
    size_t            table_size;
};

/* Splits the classes of octets by one more set. */
static void
split_classes(struct automaton *automaton, const struct octet_set *set)
{
    int inside[256], outside[256]; /* the new number of those of a class that are in the set, or not */

    for (size_t i = 0; i < automaton->class_count; i++)
        inside[i] = outside[i] = -1;
    automaton->class_count = 0;
    for (unsigned octet = 0; octet < 256; octet++) {
        int *number = octet_set_has(set, octet) ? inside : outside;

        number += automaton->classes[octet];
        if (*number < 0)
            *number = (int)automaton->class_count++;
        automaton->classes[octet] = (unsigned char)*number;
    }
}

static void
number_places(struct building *building)
{
    const struct program *program = &building->program;

    building->place_of = memory_resize_array(NULL, program->count, sizeof(building->place_of[0]));
    building->step_of  = memory_resize_array(NULL, program->count, sizeof(building->step_of[0]));
    for (uint32_t step = 0; step < program->count; step++) {
        if (program->steps[step].operation != PROGRAM_TAKE)
            continue;
        building->place_of[step]                   = (uint32_t)building->place_count;
        building->step_of[building->place_count++] = step;
    }
    building->words = (building->place_count + 63) / 64;
}

static void
set_bit(uint64_t *row, size_t bit)
{
    row[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void
find_behind(struct building *building, struct program_places *places, size_t place, uint32_t step)
{
    program_clear(&building->program, places);
    program_reach(&building->program, step, places);
    building->ends[place] = places->ends;
    for (size_t i = 0; i < places->count; i++)
        set_bit(building->behind + place * building->words, building->place_of[places->items[i]]);
}

/* Prepares all that does not depend on the state. */
static void
prepare_places(struct building *building)
{
    struct automaton     *automaton = building->automaton;
    const struct program *program   = &building->program;
    size_t                count     = building->place_count;
    struct program_places places    = program_places(program);

    building->behind = memory_new((count + 1) * building->words * sizeof(building->behind[0]));
    building->ends   = memory_new((count + 1) * sizeof(building->ends[0]));
    for (size_t place = 0; place < count; place++) {
        const struct program_step *step = &program->steps[building->step_of[place]];

        find_behind(building, &places, place, step->next);
        if (step->set != NULL)
            split_classes(automaton, step->set);
    }
    find_behind(building, &places, count, program->start);
    free(places.items);
    building->taking = memory_new(automaton->class_count * building->words * sizeof(building->taking[0]));
    for (size_t place = 0; place < count; place++) {
        const struct octet_set *set = program->steps[building->step_of[place]].set;

        for (unsigned octet = 0; octet < 256; octet++)
            if (set == NULL || octet_set_has(set, octet))
                set_bit(building->taking + automaton->classes[octet] * building->words, place);
    }
}

static size_t
hash_of(const uint64_t *row, size_t words)
{
    uint64_t hash = 0;

    for (size_t i = 0; i < words; i++) {
        hash = (hash ^ row[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        hash *= UINT64_C(0xff51afd7ed558ccd); /* twice, for the highest bits to come down to the lowest */
        hash ^= hash >> 32;
    }
    return (size_t)hash;
}

/* The number of the state whose places are those behind the last one, which may be that very one. */
static size_t
find_state(struct building *building)
{
    size_t    words = building->words, last = building->automaton->state_count;
    uint64_t *row = building->states + last * words;
    size_t    at  = hash_of(row, words) & (building->table_size - 1);

    while (building->table[at] != 0) {
        size_t state = building->table[at] - 1;

        if (memcmp(building->states + state * words, row, words * sizeof(row[0])) == 0)
            return state;
        at = (at + 1) & (building->table_size - 1);
    }
    building->table[at] = (uint32_t)last + 1;
    building->automaton->state_count++;
    return last;
}

/*
 * Puts the places where `state` gets to by a class behind the last state, the start among them unless matches are
 * anchored. True if a match ends on the way.
 */
static bool
step_to(struct building *building, size_t state, size_t class)
{
    size_t          words = building->words;
    const uint64_t *from = building->states + state * words, *taking = building->taking + class * words;
    uint64_t       *to   = building->states + building->automaton->state_count * words;
    bool            ends = false;

    memcpy(to, building->behind + building->place_count * words, words * sizeof(to[0]));
    if (building->anchored)
        memset(to, 0, words * sizeof(to[0]));
    for (size_t word = 0; word < words; word++) {
        for (uint64_t bits = from[word] & taking[word]; bits != 0; bits &= bits - 1) {
            size_t place = 64 * word + (size_t)__builtin_ctzll(bits);

            ends |= building->ends[place];
            building->work += words;
            for (size_t i = 0; i < words; i++)
                to[i] |= building->behind[place * words + i];
        }
    }
    return ends;
}

/* False if the table gets too large. */
static bool
build(struct building *building)
{
    struct automaton *automaton = building->automaton;
    size_t            classes = automaton->class_count, most = building->cells / classes;

    most                 = most < STATES_MAX ? most : STATES_MAX;
    building->table_size = 1;
    while (building->table_size < 2 * most)
        building->table_size *= 2;
    building->table  = memory_new(building->table_size * sizeof(building->table[0]));
    building->states = memory_resize_array(NULL, (most + 1) * building->words, sizeof(building->states[0]));
    automaton->next  = memory_resize_array(NULL, most * classes, sizeof(automaton->next[0]));
    memcpy(building->states, building->behind + building->place_count * building->words,
           building->words * sizeof(building->states[0]));
    (void)find_state(building);
    for (size_t state = 0; state < automaton->state_count; state++) {
        for (size_t class = 0; class < classes; class ++) {
            uint32_t *next = &automaton->next[state * classes + class];

            *next = step_to(building, state, class) ? ACCEPTED : 0;
            if (*next == 0 || building->anchored)
                *next |= (uint32_t)(find_state(building) * classes);
            if (automaton->state_count == most || building->work > BUILD_WORK)
                return false;
        }
    }
    automaton->next =
        memory_resize_array(automaton->next, automaton->state_count * classes, sizeof(automaton->next[0]));
    return true;
}

static void
building_free(struct building *building)
{
    program_free(&building->program);
    free(building->place_of);
    free(building->step_of);
    free(building->behind);
    free(building->ends);
    free(building->taking);
    free(building->states);
    free(building->table);
}

/* The row of the state without places. */
static uint32_t
find_dead(const struct building *building)
{
    const struct automaton *automaton = building->automaton;

    for (size_t state = 0; state < automaton->state_count; state++) {
        const uint64_t *row = building->states + state * building->words;
        size_t          i   = 0;

        while (i < building->words && row[i] == 0)
            i++;
        if (i == building->words)
            return (uint32_t)(state * automaton->class_count);
    }
    return ACCEPTED;
}

static struct automaton *
automaton_of(struct syntax_node *root, size_t cells, uint32_t copies, bool anchored)
{
    struct building building = {
        .automaton = memory_new(sizeof(*building.automaton)), .cells = cells, .anchored = anchored};
    bool built = false;

    building.automaton->class_count = 1;
    building.automaton->times       = 1;
    program_write(&building.program, root, copies);
    number_places(&building);
    if (building.place_count > 0 && building.place_count <= PLACES_MAX) {
        prepare_places(&building);
        built = !building.ends[building.place_count] && build(&building);
    }
    if (built)
        building.automaton->dead = find_dead(&building);
    building_free(&building);
    if (!built)
        automaton_free(&building.automaton);
    return building.automaton;
}

/* The first part that each match has to pass several times. */
static struct syntax_node *
find_repeated(struct syntax_node *node)
{
    struct syntax_node *found = NULL;

    if (node->kind == SYNTAX_REPEAT && node->least > 1)
        return node;
    if (node->kind != SYNTAX_SEQUENCE && (node->kind != SYNTAX_REPEAT || node->least == 0))
        return NULL;
    for (struct syntax_node *part = node->part; part != NULL && found == NULL; part = part->next)
        found = find_repeated(part);
    return found;
}

/* Where the whole pattern is too large, a part of it that has to match several times may be enough. */
static struct automaton *
automaton_of_part(struct syntax_node *root, size_t cells)
{
    struct syntax_node *repeated  = find_repeated(root);
    struct automaton   *automaton = NULL;

    if (repeated != NULL)
        automaton = automaton_of(repeated->part, cells, 1, false);
    if (automaton == NULL)
        return automaton_of(root, cells, 1, false);
    automaton->times    = repeated->least;
    automaton->follower = automaton_of(repeated->part, cells, 1, true);
    return automaton;
}

struct automaton *
automaton_new(struct span pattern, struct span flags, size_t cells)
{
    struct arena        arena     = {0};
    struct syntax_node *root      = syntax_read(&arena, pattern, flags);
    struct automaton   *automaton = NULL;

    if (root != NULL)
        automaton = automaton_of(root, cells, COPIES_MAX, false);
    if (root != NULL && automaton == NULL)
        automaton = automaton_of_part(root, cells);
    arena_free(&arena);
    return automaton;
}

void
automaton_free(struct automaton **automaton)
{
    if (*automaton == NULL)
        return;
    automaton_free(&(*automaton)->follower);
    free((*automaton)->next);
    free(*automaton);
    *automaton = NULL;
}

/* Four on their way through a text. */
struct running {
    const struct automaton *automatons[AUTOMATONS_AT_ONCE];
    uint32_t                states[AUTOMATONS_AT_ONCE];
    unsigned                times[AUTOMATONS_AT_ONCE];
};

/* All of them up to an octet where one accepts; how many octets that was. */
static size_t
run_together(struct running *running, struct span text)
{
    const struct automaton *a = running->automatons[0], *b = running->automatons[1];
    const struct automaton *c = running->automatons[2], *d = running->automatons[3];
    uint32_t               *states = running->states, s = states[0], t = states[1], u = states[2], v = states[3];
    size_t                  at = 0;

    for (; at < text.len; at++) {
        unsigned char octet = (unsigned char)text.data[at];
        uint32_t      s1 = a->next[s + a->classes[octet]], t1 = b->next[t + b->classes[octet]];
        uint32_t      u1 = c->next[u + c->classes[octet]], v1 = d->next[v + d->classes[octet]];

        if (((s1 | t1 | u1 | v1) & ACCEPTED) != 0)
            break;
        s = s1;
        t = t1;
        u = u1;
        v = v1;
    }
    states[0] = s;
    states[1] = t;
    states[2] = u;
    states[3] = v;
    return at;
}

/* Each takes one octet. One that has matched often enough makes way for `idle`; the bits of those. */
static unsigned
step_each(struct running *running, char octet)
{
    static uint32_t               nowhere;
    static const struct automaton idle     = {.next = &nowhere, .class_count = 1, .state_count = 1};
    unsigned                      finished = 0;

    for (size_t i = 0; i < AUTOMATONS_AT_ONCE; i++) {
        const struct automaton *automaton = running->automatons[i];
        uint32_t                next = automaton->next[running->states[i] + automaton->classes[(unsigned char)octet]];

        running->states[i] = next != ACCEPTED ? next : 0; /* the match that ends first leaves most room for others */
        if (next != ACCEPTED || ++running->times[i] < automaton->times)
            continue;
        running->automatons[i] = &idle;
        finished |= 1u << i;
    }
    return finished;
}

/* Marks where matches that begin at `at` end. False if that takes more than `*work` steps, which are taken off it. */
static bool
mark_ends(const struct automaton *automaton, struct span text, size_t at, bool *ends, size_t *work)
{
    uint32_t state = 0;

    for (; at < text.len && state != automaton->dead; at++) {
        uint32_t next = automaton->next[state + automaton->classes[(unsigned char)text.data[at]]];

        if ((*work)-- == 0)
            return false;
        ends[at + 1] |= (next & ACCEPTED) != 0;
        state = next & ~ACCEPTED;
    }
    return true;
}

/* Are there `times` matches without a gap between them? Says yes, too, if it would take too long to find out. */
static bool
follow_each_other(const struct automaton *automaton, unsigned times, struct span text)
{
    size_t work = FOLLOW_WORK * text.len;
    bool  *here = memory_resize_array(NULL, text.len + 1, sizeof(here[0])), *there, *swap, any = true, told = true;

    there = memory_resize_array(NULL, text.len + 1, sizeof(there[0]));
    memset(here, true, text.len + 1);
    for (; times > 0 && any && told; times--) {
        memset(there, false, text.len + 1);
        for (size_t at = 0; at < text.len && told; at++)
            told = !here[at] || mark_ends(automaton, text, at, there, &work);
        any   = memchr(there, 1, text.len + 1) != NULL;
        swap  = here;
        here  = there;
        there = swap;
    }
    free(here);
    free(there);
    return any || !told;
}

unsigned
automatons_accept(const struct automaton *const *automatons, size_t count, struct span text)
{
    struct running running  = {0};
    unsigned       accepted = 0, all = (1u << count) - 1;

    assert(count > 0 && count <= AUTOMATONS_AT_ONCE);
    for (size_t i = 0; i < AUTOMATONS_AT_ONCE; i++)
        running.automatons[i] = automatons[i < count ? i : 0];
    while ((accepted & all) != all) {
        text = span_tail(text, run_together(&running, text));
        if (text.len == 0)
            break;
        accepted |= step_each(&running, text.data[0]);
        text = span_tail(text, 1);
    }
    return accepted & all;
}

bool
automaton_confirms(const struct automaton *automaton, struct span text)
{
    return automaton->follower == NULL || follow_each_other(automaton->follower, automaton->times, text);
}

size_t
automaton_size(const struct automaton *automaton)
{
    size_t follower = automaton->follower != NULL ? automaton_size(automaton->follower) : 0;

    return automaton->state_count * automaton->class_count * sizeof(automaton->next[0]) + follower;
}
