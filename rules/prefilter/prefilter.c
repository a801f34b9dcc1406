/*
 * Shift-and, with the positions of a window as the outer order: bit i of `masks[octet][p]` says whether the octet may
 * stand at position p of window i. One register for each position holds the windows found up to there, and each octet
 * moves all of them one position on. A window shorter than WINDOW_MAX is set against the right end: what is in front of
 * it is taken as found from the beginning.
 */
#include <stdalign.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/automaton.h"
#include "rules/prefilter/prefilter.h"
#include "rules/prefilter/window.h"

enum { LANE_WORDS = 4, LANE_BITS = 64 * LANE_WORDS };

/*
 * What a pattern costs with its windows alone, in cycles for each octet of text, to be worth an automaton, and how
 * large a one.
 */
static const struct {
    double cost;
    size_t cells;
} costly[] = {{1, 150000}, {0.2, 50000}};

/*
 * As wide as the widest registers that are common; the compiler makes two or four of it where they are narrower. The
 * alignment is said because GCC has it depend on the processor that a function is compiled for.
 */
typedef uint64_t lane __attribute__((vector_size(8 * LANE_WORDS), aligned(8 * LANE_WORDS)));

#if defined(__x86_64__) && defined(__GNUC__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

_Static_assert(WINDOW_MAX == 8, "scan_column() is written for windows of eight");

struct column {
    lane     masks[256][WINDOW_MAX];
    lane     start[WINDOW_MAX]; /* what counts as found before the first octet */
    uint32_t owners[LANE_BITS]; /* of each bit: the number of its pattern in its group */
    size_t   used;              /* bits */
};

struct group {
    uint64_t          *always; /* a bit for each pattern: it has no windows */
    size_t             words;
    struct automaton **automatons; /* of each pattern; NULL: a match is cheap enough, */
    uint64_t          *automatic;  /* and no bit is set here */
    size_t             count;
    size_t             first, last; /* its columns, if it has windows */
    size_t             from, to;    /* its bits: from there in the first column, up to there in the last */
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
gather(struct gathering *gathering, const struct windows *found, size_t owner)
{
    if (gathering->count + found->count > gathering->capacity) {
        gathering->capacity = 2 * gathering->capacity + WINDOWS_MAX;
        gathering->windows = memory_resize_array(gathering->windows, gathering->capacity, sizeof gathering->windows[0]);
        gathering->owners  = memory_resize_array(gathering->owners, gathering->capacity, sizeof gathering->owners[0]);
    }
    for (size_t i = 0; i < found->count; i++) {
        gathering->windows[gathering->count]  = found->items[i];
        gathering->owners[gathering->count++] = (uint32_t)owner;
    }
}

static void
add_column(struct prefilter *prefilter)
{
    size_t         size    = (prefilter->column_count + 1) * sizeof *prefilter->columns;
    struct column *columns = aligned_alloc(alignof(struct column), size);

    if (columns == NULL)
        abort();
    if (prefilter->column_count > 0)
        memcpy(columns, prefilter->columns, prefilter->column_count * sizeof *columns);
    memset(&columns[prefilter->column_count++], 0, sizeof *columns);
    free(prefilter->columns);
    prefilter->columns = columns;
}

static void
set_bit(lane *bits, size_t bit)
{
    (*bits)[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void
place(struct column *column, const struct window *window, uint32_t owner)
{
    size_t bit = column->used++, front = WINDOW_MAX - window->len;

    column->owners[bit] = owner;
    for (size_t position = 0; position < WINDOW_MAX; position++) {
        if (position < front)
            set_bit(&column->start[position], bit);
        for (unsigned octet = 0; octet < 256; octet++)
            if (position < front || octet_set_has(&window->sets[position - front], octet))
                set_bit(&column->masks[octet][position], bit);
    }
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
        place(&prefilter->columns[prefilter->column_count - 1], &gathering->windows[i], gathering->owners[i]);
    }
    group->last = prefilter->column_count - 1;
    group->to   = prefilter->columns[group->last].used;
}

static struct automaton *
automaton_for(const struct regex *regex, double cost)
{
    for (size_t row = 0; row < sizeof costly / sizeof costly[0]; row++)
        if (cost > costly[row].cost)
            return automaton_new(regex_pattern(regex), regex_flags(regex), costly[row].cells);
    return NULL;
}

static void
fill_group(struct prefilter *prefilter, struct group *group, const struct prefilter_group *from)
{
    struct gathering gathering = {0};

    group->count      = from->count;
    group->words      = prefilter_words(from->count);
    group->always     = memory_new(group->words * sizeof group->always[0]);
    group->automatic  = memory_new(group->words * sizeof group->automatic[0]);
    group->automatons = memory_new(from->count * sizeof group->automatons[0]);
    for (size_t i = 0; i < from->count; i++) {
        const struct regex *regex  = from->patterns[i];
        struct windows      found  = {.count = 0};
        bool                usable = regex != NULL && windows_find(&found, regex_pattern(regex), regex_flags(regex));

        if (usable)
            gather(&gathering, &found, i);
        else
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
    struct prefilter *prefilter = memory_new(sizeof *prefilter);

    prefilter->groups      = memory_new(count * sizeof prefilter->groups[0]);
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

/* The windows of a column that stand in the text. */
FOR_THIS_PROCESSOR static void
scan_column(const struct column *column, struct span text, lane *found)
{
    lane                 s0 = column->start[0], s1 = column->start[1], s2 = column->start[2], s3 = column->start[3];
    lane                 s4 = column->start[4], s5 = column->start[5], s6 = column->start[6], all = {0};
    const unsigned char *at = (const unsigned char *)text.data, *end = at + text.len;

    for (; at < end; at++) {
        const lane *mask = column->masks[*at];

        all |= s6 & mask[7];
        s6 = s5 & mask[6];
        s5 = s4 & mask[5];
        s4 = s3 & mask[4];
        s3 = s2 & mask[3];
        s2 = s1 & mask[2];
        s1 = s0 & mask[1];
        s0 = mask[0];
    }
    *found = all;
}

/* `word` is the number of these 64 bits in the column. */
static void
add_owners(const struct column *column, size_t word, uint64_t bits, uint64_t *candidates)
{
    for (; bits != 0; bits &= bits - 1) {
        uint32_t owner = column->owners[64 * word + (size_t)__builtin_ctzll(bits)];

        candidates[owner / 64] |= UINT64_C(1) << owner % 64;
    }
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

static void
scan_columns(const struct prefilter *prefilter, const struct group *group, struct span text, uint64_t *candidates)
{
    for (size_t i = group->first; i <= group->last; i++) {
        size_t from = i == group->first ? group->from : 0, to = i == group->last ? group->to : LANE_BITS;
        lane   found;

        scan_column(&prefilter->columns[i], text, &found);
        for (size_t word = 0; word < LANE_WORDS; word++)
            add_owners(&prefilter->columns[i], word, found[word] & bits_between(word, from, to), candidates);
    }
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

static void
run_automatons(const struct group *group, struct span text, uint64_t *candidates)
{
    struct batch batch = {.count = 0};

    for (size_t word = 0; word < group->words; word++) {
        for (uint64_t bits = candidates[word] & group->automatic[word]; bits != 0; bits &= bits - 1) {
            size_t number = 64 * word + (size_t)__builtin_ctzll(bits);

            batch.automatons[batch.count] = group->automatons[number];
            batch.numbers[batch.count++]  = number;
            if (batch.count == AUTOMATONS_AT_ONCE)
                run_batch(&batch, text, candidates);
        }
    }
    run_batch(&batch, text, candidates);
}

void
prefilter_scan(const struct prefilter *prefilter, size_t group_number, struct span text, const uint64_t *unwanted,
               uint64_t *candidates)
{
    const struct group *group = &prefilter->groups[group_number];

    for (size_t i = 0; i < group->words; i++)
        candidates[i] = group->always[i];
    if (group->to > 0)
        scan_columns(prefilter, group, text, candidates);
    for (size_t i = 0; i < group->words && unwanted != NULL; i++)
        candidates[i] &= ~unwanted[i];
    run_automatons(group, text, candidates);
}

size_t
prefilter_count_always(const struct prefilter *prefilter, size_t group)
{
    size_t count = 0;

    for (size_t i = 0; i < prefilter->groups[group].words; i++)
        count += (size_t)__builtin_popcountll(prefilter->groups[group].always[i]);
    return count;
}
