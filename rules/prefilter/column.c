/*
 * Two ways to look for windows: by shift-and, with the positions of a window as the outer order, where each octet moves
 * all that is found one position on; or a sieve says where some window may end, and there all positions are looked at.
 */
#include "rules/prefilter/column.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

enum { STRETCH = 64 };

_Static_assert(WINDOW_MAX == 8, "written for windows of eight");

static void
set_bit(lane *bits, size_t bit)
{
    (*bits)[bit / 64] |= UINT64_C(1) << bit % 64;
}

void
column_place(struct column *column, const struct window *window, uint32_t owner, uint32_t reach)
{
    size_t bit = column->used++, front = WINDOW_MAX - window->len;

    column->owners[bit] = owner;
    column->reach[bit]  = reach;
    for (size_t position = 0; position < WINDOW_MAX; position++) {
        if (position < front)
            set_bit(&column->start[position], bit);
        for (unsigned octet = 0; octet < 256; octet++)
            if (position < front || octet_set_has(&window->sets[position - front], octet))
                set_bit(&column->masks[octet][position], bit);
    }
}

/* A text that is looked at. */
struct search {
    const struct column_part *part;
    struct span               text;
    void (*take)(void *context, const struct column_find *);
    void *context;
};

static void
take_all(const struct search *search, const lane *found, size_t first, size_t last)
{
    const struct column *column = search->part->column;

    for (size_t word = 0; word < LANE_WORDS; word++)
        for (uint64_t bits = (*found)[word]; bits != 0; bits &= bits - 1) {
            size_t             bit  = 64 * word + (size_t)__builtin_ctzll(bits);
            struct column_find find = {column->owners[bit], column->reach[bit], first, last};

            search->take(search->context, &find);
        }
}

/* What is found is looked at after a stretch of octets. */
FOR_THIS_PROCESSOR static void
shift_and(const struct search *search)
{
    const struct column *column = search->part->column;
    lane                 s0 = column->start[0], s1 = column->start[1], s2 = column->start[2], s3 = column->start[3];
    lane                 s4 = column->start[4], s5 = column->start[5], s6 = column->start[6];

    for (size_t first = 0, len; first < search->text.len; first += len) {
        const unsigned char *at  = (const unsigned char *)search->text.data + first;
        lane                 all = {0};

        len = search->text.len - first < STRETCH ? search->text.len - first : STRETCH;
        for (size_t i = 0; i < len; i++) {
            const lane *mask = column->masks[at[i]];

            all |= s6 & mask[7];
            s6 = s5 & mask[6];
            s5 = s4 & mask[5];
            s4 = s3 & mask[4];
            s3 = s2 & mask[3];
            s2 = s1 & mask[2];
            s1 = s0 & mask[1];
            s0 = mask[0];
        }
        all &= search->part->bits;
        if ((all[0] | all[1] | all[2] | all[3]) != 0)
            take_all(search, &all, first, first + len - 1);
    }
}

/* Marks the windows that end at `end`. As many octets as a window can have stand in front of it. */
static inline __attribute__((always_inline)) void
windows_at(const struct column *column, const char *end, lane *found)
{
    const unsigned char *octets = (const unsigned char *)end - (WINDOW_MAX - 1);

    *found = column->masks[octets[0]][0];
    *found &= column->masks[octets[1]][1];
    *found &= column->masks[octets[2]][2];
    *found &= column->masks[octets[3]][3];
    *found &= column->masks[octets[4]][4];
    *found &= column->masks[octets[5]][5];
    *found &= column->masks[octets[6]][6];
    *found &= column->masks[octets[7]][7];
}

/* The same where fewer octets stand in front of `end`. */
static inline __attribute__((always_inline)) void
windows_early(const struct column *column, struct span text, size_t end, lane *found)
{
    size_t missing = WINDOW_MAX - 1 - end;

    *found = column->start[missing - 1];
    for (size_t position = missing; position < WINDOW_MAX; position++)
        *found &= column->masks[(unsigned char)text.data[position - missing]][position];
}

/* Looks for windows that end at `end`. */
static inline __attribute__((always_inline)) void
locate_at(const struct search *search, size_t end)
{
    const struct column *column = search->part->column;
    lane                 found;

    if (end < WINDOW_MAX - 1)
        windows_early(column, search->text, end, &found);
    else
        windows_at(column, search->text.data + end, &found);
    found &= search->part->bits;
    if ((found[0] | found[1] | found[2] | found[3]) != 0)
        take_all(search, &found, end, end);
}

/* The same for all ends that are marked, counted from `start`. */
FOR_THIS_PROCESSOR static void
locate_marked(const struct search *search, size_t start, uint32_t marks)
{
    for (; marks != 0; marks &= marks - 1)
        locate_at(search, start + (size_t)__builtin_ctz(marks));
}

/* The end of a text, shorter than what is looked at at once, is copied out first. */
static void
look_at_rest(const struct search *search, size_t end)
{
    const char *text = search->text.data, *from = text + end - (SIEVE_DEPTH - 1);
    char        room[SIEVE_DEPTH - 1 + SIEVE_AT_ONCE] = {0};
    size_t      rest                                  = search->text.len - end;
    uint32_t    marks;

    memcpy(room, from, SIEVE_DEPTH - 1 + rest);
    (void)sieve_find(search->part->sieve, room + SIEVE_DEPTH - 1, room + sizeof(room), &marks);
    locate_marked(search, end, marks & ((UINT32_C(1) << rest) - 1));
}

static void
look(const struct search *search)
{
    struct span text = search->text;
    const char *end = text.data + text.len, *at = text.len < SIEVE_DEPTH - 1 ? end : text.data + SIEVE_DEPTH - 1;
    uint32_t    marks;

    locate_marked(search, 0, (UINT32_C(1) << (at - text.data)) - 1);
    while (end - (at = sieve_find(search->part->sieve, at, end, &marks)) >= SIEVE_AT_ONCE) {
        locate_marked(search, (size_t)(at - text.data), marks);
        at += SIEVE_AT_ONCE;
    }
    if (at < end)
        look_at_rest(search, (size_t)(at - text.data));
}

void
column_locate(const struct column_part *part, struct span text, void (*take)(void *context, const struct column_find *),
              void *context)
{
    const struct search search = {part, text, take, context};

    if (part->sieve->rows > 0)
        look(&search);
    else
        shift_and(&search);
}
