/*
 * SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012): a digest under a secret key, for short texts. Who does not
 * know the key can neither tell digests from chance nor find two texts with the same one. It takes a fifth of the time
 * of HMAC-SHA-256 and no memory; it is not for what has to be safe from those who know the key.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stdint.h>

#include "base/span.h"

enum { SIPHASH_OCTETS = 16 /* of a digest */ };

struct siphash_key {
    uint64_t words[2];
};

/* A digest in the making. */
struct siphash {
    uint64_t state[4];
    uint64_t rest; /* octets that do not fill a word yet */
    uint64_t len;  /* octets so far */
};

void siphash_begin(struct siphash *, const struct siphash_key *);

/* Adds a piece of the text: how it is cut makes no difference. */
void siphash_add(struct siphash *, struct span);

void siphash_end(struct siphash *, uint64_t digest[SIPHASH_OCTETS / 8]);

#endif
