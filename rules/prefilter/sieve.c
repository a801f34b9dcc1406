/* Octets are looked up where they stand in front of the end; what is left of a bucket at its last place may be one. */
#include "rules/prefilter/sieve.h"

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

/* Where something is left of the buckets, place by place. */
INLINE uint32_t
look(const struct sieve *sieve, const char *at, size_t rows)
{
    __m256i a = _mm256_set1_epi8(-1), b = a, c = a, d = a, any;

    for (size_t place = SIEVE_DEPTH - sieve->depth; place < SIEVE_DEPTH; place++) {
        const struct sieve_table *tables  = sieve->tables[place];
        const __m256i             octets  = _mm256_loadu_si256((const __m256i *)(at + place - (SIEVE_DEPTH - 1)));
        struct indices            indices = indices_of(octets);

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

/* `rows` is a constant, so that there is a loop for each. */
INLINE const char *
find(const struct sieve *sieve, const char *at, const char *end, uint32_t *marks, size_t rows)
{
    for (*marks = 0; end - at >= SIEVE_AT_ONCE; at += SIEVE_AT_ONCE) {
        *marks = look(sieve, at, rows);
        if (*marks != 0)
            break;
    }
    return at;
}

FOR_AVX2 const char *
sieve_find(const struct sieve *sieve, const char *at, const char *end, uint32_t *marks)
{
    switch (sieve->rows) {
    case 1:
        return find(sieve, at, end, marks, 1);
    case 2:
        return find(sieve, at, end, marks, 2);
    case 3:
        return find(sieve, at, end, marks, 3);
    default:
        return find(sieve, at, end, marks, SIEVE_ROWS);
    }
}

bool
sieve_works(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

const char *
sieve_find(const struct sieve *sieve, const char *at, const char *end, uint32_t *marks)
{
    (void)sieve;
    *marks = 0;
    return end;
}

bool
sieve_works(void)
{
    return false;
}

#endif
