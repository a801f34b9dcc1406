/*
 * Looking at many octets at a time. A block is as wide as the widest registers that are common; where registers are
 * narrower the compiler uses two. Code that uses blocks is compiled for several processors: put FOR_THIS_PROCESSOR in
 * front of a function that calls what is here, or what is BLOCK_INLINE.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 32 };

typedef uint8_t block __attribute__((vector_size(BLOCK)));
typedef int8_t  signed_block __attribute__((vector_size(BLOCK)));

#if defined(__x86_64__) && defined(__GNUC__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

#define BLOCK_INLINE static inline __attribute__((always_inline))

/* The octets of a block in eights. */
struct block_eights {
    uint64_t items[BLOCK / 8];
};

/* Is any bit set? */
BLOCK_INLINE bool
block_any(const block *marks)
{
    struct block_eights eights;

    memcpy(&eights, marks, BLOCK);
    return (eights.items[0] | eights.items[1] | eights.items[2] | eights.items[3]) != 0;
}

/* The number of the first octet that is not 0. There must be one. */
BLOCK_INLINE size_t
block_first(const block *marks)
{
    struct block_eights eights;
    size_t              i = 0;

    memcpy(&eights, marks, BLOCK);
    while (eights.items[i] == 0)
        i++;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return 8 * i + (size_t)__builtin_clzll(eights.items[i]) / 8;
#else
    return 8 * i + (size_t)__builtin_ctzll(eights.items[i]) / 8;
#endif
}

/* A block of octets, each 0 or 0xff, as bits, the first octet's lowest. */
BLOCK_INLINE uint32_t
block_bits(const block *marks)
{
#ifdef __SSE2__
    typedef char half __attribute__((vector_size(BLOCK / 2)));
    half         halves[2];

    memcpy(halves, marks, BLOCK);
    return (uint32_t)__builtin_ia32_pmovmskb128(halves[0]) | (uint32_t)__builtin_ia32_pmovmskb128(halves[1]) << 16;
#else
    uint32_t bits = 0;

    for (unsigned i = 0; i < BLOCK; i++)
        bits |= (uint32_t)((*marks)[i] & 1) << i;
    return bits;
#endif
}

#endif
