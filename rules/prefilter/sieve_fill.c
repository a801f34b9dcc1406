/*
 * The two buckets that become the least coarser by it are made one, until there are few enough. How many buckets are
 * best, and how many octets of a window to look at, is tried out on usual mail.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/sieve.h"
#include "rules/prefilter/usual.h"

enum {
    SIEVE_WINDOWS_MAX = 128,
    BUCKETS           = 8,  /* of a row */
    COST_MAX          = 12, /* instructions for an octet of a text: what it takes without the sieve */
    LOOK_COST         = 60, /* of a place where a window may end */
    PLACE_COST        = 8,  /* of octets that are looked at at once, */
    ROW_COST          = 9,  /* and for each row */
};

/* What may stand at each place: lower five bits of an octet, and upper four; a bit for each. */
struct bucket {
    uint32_t lower[SIEVE_DEPTH], upper[SIEVE_DEPTH];
    double   odds;
};

/* A bucket, and the one behind it that is best merged with it. */
struct candidate {
    struct bucket bucket;
    double        more; /* odds that this adds */
    size_t        with; /* 0: there is none */
};

/* How likely octets with these upper bits are whose lower bits are among some: of 0 to 7, and of 8 to 15. */
static double likely[16][2][256];

static void
prepare_odds(void)
{
    if (likely[' ' >> 4][0][1] > 0)
        return;
    for (unsigned upper = 0; upper < 16; upper++)
        for (unsigned part = 0; part < 2; part++)
            for (unsigned bits = 0; bits < 256; bits++) {
                struct octet_set set = {{0}};

                for (unsigned lower = 0; lower < 8; lower++)
                    if ((bits >> lower & 1) != 0)
                        octet_set_add(&set, upper << 4 | part << 3 | lower);
                likely[upper][part][bits] = usual_odds(&set);
            }
}

static double
odds_of(const struct bucket *bucket)
{
    double odds = 1;

    for (size_t place = 0; place < SIEVE_DEPTH; place++) {
        double sum = 0;

        for (unsigned upper = 0; upper < 16; upper++) {
            uint32_t lower = bucket->lower[place] >> upper % 2 * 16;

            if ((bucket->upper[place] >> upper & 1) != 0)
                sum += likely[upper][0][lower & 0xff] + likely[upper][1][lower >> 8 & 0xff];
        }
        odds *= sum;
    }
    return odds;
}

static struct bucket
bucket_of(const struct sieve_end *end)
{
    struct bucket bucket = {.odds = 0};

    for (size_t place = 0; place < SIEVE_DEPTH; place++)
        for (unsigned octet = 0; octet < 256; octet++)
            if (octet_set_has(&end->sets[place], octet)) {
                bucket.lower[place] |= UINT32_C(1) << octet % 32;
                bucket.upper[place] |= UINT32_C(1) << octet / 16;
            }
    bucket.odds = odds_of(&bucket);
    return bucket;
}

static struct bucket
merged(const struct bucket *a, const struct bucket *b)
{
    struct bucket both = *a;

    for (size_t place = 0; place < SIEVE_DEPTH; place++) {
        both.lower[place] |= b->lower[place];
        both.upper[place] |= b->upper[place];
    }
    both.odds = odds_of(&both);
    return both;
}

/* Would the candidate at `at` rather be merged with that at `with`? */
static void
consider(struct candidate *candidates, size_t at, size_t with)
{
    struct candidate *candidate = &candidates[at];
    double            before    = candidate->bucket.odds + candidates[with].bucket.odds;
    double            more      = merged(&candidate->bucket, &candidates[with].bucket).odds - before;

    if (candidate->with > 0 && more >= candidate->more)
        return;
    candidate->more = more;
    candidate->with = with;
}

static void
choose(struct candidate *candidates, size_t count, size_t at)
{
    candidates[at].with = 0;
    for (size_t i = at + 1; i < count; i++)
        consider(candidates, at, i);
}

/* Merges the two that are best merged; the last takes the place that is free then. */
static void
merge_two(struct candidate *candidates, size_t count)
{
    size_t best = 0, with, last = count - 1;

    for (size_t i = 1; i < last; i++)
        if (candidates[i].more < candidates[best].more)
            best = i;
    with                    = candidates[best].with;
    candidates[best].bucket = merged(&candidates[best].bucket, &candidates[with].bucket);
    candidates[with].bucket = candidates[last].bucket;
    for (size_t i = 0; i < last; i++) {
        size_t partner = candidates[i].with;

        if (i == best || i == with || partner == best || partner == with || partner == last)
            choose(candidates, last, i);
        else if (i < best)
            consider(candidates, i, best);
    }
}

static void
put_bucket(struct sieve_table *table, const struct bucket *bucket, size_t place, size_t number)
{
    for (unsigned bits = 0; bits < 32; bits++)
        table->lower[bits] |= (uint8_t)((bucket->lower[place] >> bits & 1) << number);
    for (unsigned bits = 0; bits < 16; bits++)
        table->upper[bits] |= (uint8_t)((bucket->upper[place] >> bits & 1) << number);
}

/* What an octet of a text costs that is looked at so, in instructions. */
static double
cost_of(const struct sieve *sieve)
{
    const char *at = usual_text.data + SIEVE_DEPTH - 1, *end = usual_text.data + usual_text.len;
    size_t      places = 0;
    uint32_t    marks;

    while (end - (at = sieve_find(sieve, at, end, &marks)) >= SIEVE_AT_ONCE) {
        places += (size_t)__builtin_popcount(marks);
        at += SIEVE_AT_ONCE;
    }
    return ((double)places * LOOK_COST) / (double)usual_text.len +
           (double)(sieve->depth * (ROW_COST * sieve->rows + PLACE_COST)) / SIEVE_AT_ONCE;
}

/* Makes the sieve of these buckets if that is better than what it is. */
static void
try(struct sieve *sieve, const struct candidate *candidates, size_t count, double *least)
{
    struct sieve tried = {.rows = (count + BUCKETS - 1) / BUCKETS};

    for (size_t i = 0; i < count; i++)
        for (size_t place = 0; place < SIEVE_DEPTH; place++)
            put_bucket(&tried.tables[place][i / BUCKETS], &candidates[i].bucket, place, i % BUCKETS);
    for (tried.depth = 3; tried.depth <= SIEVE_DEPTH; tried.depth++) {
        double cost = cost_of(&tried);

        if (cost >= *least)
            continue;
        *least = cost;
        *sieve = tried;
    }
}

void
sieve_fill(struct sieve *sieve, const struct sieve_end *ends, size_t count)
{
    struct candidate *candidates;
    double            least = COST_MAX;

    if (count > SIEVE_WINDOWS_MAX || !sieve_works())
        return;
    prepare_odds();
    candidates = memory_new(count * sizeof(*candidates));
    for (size_t i = 0; i < count; i++)
        candidates[i].bucket = bucket_of(&ends[i]);
    for (size_t i = 0; i < count; i++)
        choose(candidates, count, i);
    for (size_t rows = SIEVE_ROWS; rows > 0; rows--) {
        for (; count > rows * BUCKETS; count--)
            merge_two(candidates, count);
        try(sieve, candidates, count, &least);
    }
    free(candidates);
}
