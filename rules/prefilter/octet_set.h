/* Sets of octets. */
#ifndef RULES_PREFILTER_OCTET_SET_H
#define RULES_PREFILTER_OCTET_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as {0}, empty. */
struct octet_set {
    uint64_t words[4];
};

static inline void
octet_set_add(struct octet_set *set, unsigned octet)
{
    set->words[octet / 64] |= UINT64_C(1) << octet % 64;
}

static inline bool
octet_set_has(const struct octet_set *set, unsigned octet)
{
    return set->words[octet / 64] >> octet % 64 & 1;
}

static inline void
octet_set_add_range(struct octet_set *set, unsigned first, unsigned last)
{
    for (unsigned octet = first; octet <= last; octet++)
        octet_set_add(set, octet);
}

/* All octets of `more` too. */
static inline void
octet_set_merge(struct octet_set *set, const struct octet_set *more)
{
    for (size_t i = 0; i < 4; i++)
        set->words[i] |= more->words[i];
}

static inline void
octet_set_invert(struct octet_set *set)
{
    for (size_t i = 0; i < 4; i++)
        set->words[i] = ~set->words[i];
}

/* Each letter of ASCII, and with `latin` of Latin-1 too, also in its other case. */
static inline void
octet_set_fold(struct octet_set *set, bool latin)
{
    for (unsigned upper = 'A'; upper <= (latin ? 0xde : 'Z'); upper++) {
        if ((upper > 'Z' && upper < 0xc0) || upper == 0xd7)
            continue;
        if (octet_set_has(set, upper))
            octet_set_add(set, upper + 0x20);
        else if (octet_set_has(set, upper + 0x20))
            octet_set_add(set, upper);
    }
}

#endif
