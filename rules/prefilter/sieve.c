/*
 * The two buckets that become the least coarser by it are made one, until there are few enough. How many there are, and
 * how much of windows is looked at, is tried out on what mail usually says.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/prefilter/sieve.h"
#include "rules/prefilter/usual.h"

enum {
    WINDOWS_MOST = 128,
    BUCKETS      = 8,  /* of a row */
    COST_MOST    = 12, /* instructions for an octet of a text: what it takes without the sieve */
    LOOK_COST    = 60, /* of a place where a window may end */
    PLACE_COST   = 8,  /* of octets that are looked at at once, */
    ROW_COST     = 9,  /* and for each row */
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

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define FOR_AVX2 __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline, target("avx2")))

/* Octets on their way to be looked up: indices, of which those over 127 find nothing. */
struct indices {
    __m256i even, odd; /* the lower four bits, where the fifth is 0, and where it is 1 */
    __m256i upper;
};

INLINE struct indices
indices_of(__m256i octets)
{
    const __m256i four = _mm256_set1_epi8(0x0f), fifth = _mm256_set1_epi8(0x10), top = _mm256_set1_epi8((char)0x80);
    __m256i       odd  = _mm256_slli_epi16(_mm256_and_si256(octets, fifth), 3);
    __m256i       even = _mm256_or_si256(_mm256_and_si256(octets, four), odd);

    return (struct indices){even, _mm256_xor_si256(even, top), _mm256_and_si256(_mm256_srli_epi16(octets, 4), four)};
}

INLINE __m256i
look_up_half(const uint8_t table[16], __m256i indices)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table)), indices);
}

INLINE __m256i
look_up(const struct sieve_table *table, const struct indices *at)
{
    __m256i lower = _mm256_or_si256(look_up_half(table->lower, at->even), look_up_half(table->lower + 16, at->odd));

    return _mm256_and_si256(lower, look_up_half(table->upper, at->upper));
}

/* Where something is left of the buckets, place by place; `rows` is a constant. */
INLINE uint32_t
look(const struct sieve *sieve, const char *at, size_t rows)
{
    __m256i a = _mm256_set1_epi8(-1), b = a, c = a, d = a, any;

    for (size_t place = SIEVE_DEPTH - sieve->depth; place < SIEVE_DEPTH; place++) {
        const struct sieve_table *tables = sieve->tables[place];
        struct indices indices = indices_of(_mm256_loadu_si256((const __m256i *)(at + place - (SIEVE_DEPTH - 1))));

        a = _mm256_and_si256(a, look_up(&tables[0], &indices));
        if (rows > 1)
            b = _mm256_and_si256(b, look_up(&tables[1], &indices));
        if (rows > 2)
            c = _mm256_and_si256(c, look_up(&tables[2], &indices));
        if (rows > 3)
            d = _mm256_and_si256(d, look_up(&tables[3], &indices));
    }
    any = rows > 1 ? _mm256_or_si256(a, b) : a;
    any = rows > 2 ? _mm256_or_si256(any, c) : any;
    any = rows > 3 ? _mm256_or_si256(any, d) : any;
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256()));
}

FOR_AVX2 uint32_t
sieve_look(const struct sieve *sieve, const char *at)
{
    switch (sieve->rows) {
    case 1:
        return look(sieve, at, 1);
    case 2:
        return look(sieve, at, 2);
    case 3:
        return look(sieve, at, 3);
    default:
        return look(sieve, at, SIEVE_ROWS);
    }
}

static bool
processor_can(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

uint32_t
sieve_look(const struct sieve *sieve, const char *at)
{
    (void)sieve;
    (void)at;
    return UINT32_MAX;
}

static bool
processor_can(void)
{
    return false;
}

#endif

/* How likely octets with these upper bits are whose lower bits are among some: of 0 to 7, and of 8 to 15. */
static double likely[16][2][256];

static void
prepare(void)
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
put(struct sieve_table *table, const struct bucket *bucket, size_t place, size_t number)
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
    size_t places = 0, octets = 0;

    for (size_t at = SIEVE_DEPTH - 1; at + SIEVE_AT_ONCE <= usual_text.len; at += SIEVE_AT_ONCE) {
        places += (size_t)__builtin_popcount(sieve_look(sieve, usual_text.data + at));
        octets += SIEVE_AT_ONCE;
    }
    return ((double)places * LOOK_COST) / (double)octets +
           (double)(sieve->depth * (ROW_COST * sieve->rows + PLACE_COST)) / SIEVE_AT_ONCE;
}

/* Makes the sieve of these buckets if that is better than what it is. */
static void
try(struct sieve *sieve, const struct candidate *candidates, size_t count, double *least)
{
    struct sieve tried = {.rows = (count + BUCKETS - 1) / BUCKETS};

    for (size_t i = 0; i < count; i++)
        for (size_t place = 0; place < SIEVE_DEPTH; place++)
            put(&tried.tables[place][i / BUCKETS], &candidates[i].bucket, place, i % BUCKETS);
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
    double            least = COST_MOST;

    if (count > WINDOWS_MOST || !processor_can())
        return;
    prepare();
    candidates = memory_new(count * sizeof *candidates);
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
