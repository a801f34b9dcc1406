/* The reference's steps. Words are read as this machine has them: digests do not leave it. */
#include "base/siphash.h"

enum { WORD = sizeof(uint64_t) };

#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t
rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

INLINE void
mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

INLINE void
take(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    mix(v);
    v[0] ^= word;
}

static void
finish_rounds(uint64_t v[4])
{
    mix(v);
    mix(v);
    mix(v);
    mix(v);
}

void
siphash_begin(struct siphash *hash, const struct siphash_key *key)
{
    *hash = (struct siphash){
        .state = {UINT64_C(0x736f6d6570736575) ^ key->words[0], UINT64_C(0x646f72616e646f6d) ^ key->words[1] ^ 0xee,
                  UINT64_C(0x6c7967656e657261) ^ key->words[0], UINT64_C(0x7465646279746573) ^ key->words[1]}};
}

void
siphash_add(struct siphash *hash, struct span text)
{
    uint64_t v[4]   = {hash->state[0], hash->state[1], hash->state[2], hash->state[3]};
    unsigned filled = hash->len % WORD * 8; /* bits of `rest` */
    uint64_t rest   = hash->rest;
    size_t   at     = 0;

    for (; text.len - at >= WORD; at += WORD) {
        uint64_t word;

        memcpy(&word, text.data + at, WORD);
        take(v, rest | word << filled);
        rest = filled > 0 ? word >> (64 - filled) : 0;
    }
    for (; at < text.len; at++) {
        rest |= (uint64_t)(unsigned char)text.data[at] << filled;
        filled = (filled + 8) % 64;
        if (filled == 0) {
            take(v, rest);
            rest = 0;
        }
    }
    memcpy(hash->state, v, sizeof(v));
    hash->rest = rest;
    hash->len += text.len;
}

void
siphash_end(struct siphash *hash, uint64_t digest[SIPHASH_OCTETS / 8])
{
    uint64_t *v = hash->state;

    take(v, hash->rest | hash->len << 56);
    v[2] ^= 0xee;
    finish_rounds(v);
    digest[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    finish_rounds(v);
    digest[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
}
