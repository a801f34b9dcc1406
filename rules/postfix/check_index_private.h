/* What rules/postfix/check_index_build.c builds and rules/postfix/check_index.c looks up in; for these two alone. */
#ifndef RULES_POSTFIX_CHECK_INDEX_PRIVATE_H
#define RULES_POSTFIX_CHECK_INDEX_PRIVATE_H

#include "base/arena.h"
#include "rules/postfix/check_index.h"
#include "rules/prefilter/prefilter.h"

enum { CHECK_NO_GROUP = -1 };

/* The rules for one name, or for any. */
struct header_rules {
    struct span name; /* in lower case */
    uint32_t    hash; /* of the name */
    uint32_t   *numbers;
    size_t      count, capacity;
    ssize_t     group;      /* of the prefilter */
    uint64_t   *ifs;        /* a bit for each: it is an if, whose end has to be known */
    uint64_t   *candidates; /* of the field that is looked at: it may match, */
    uint64_t   *visited;    /* or is an if */
};

struct check_index {
    const struct check_rule *rules;
    size_t                   count;
    struct header_rules      all;
    struct header_rules      any;   /* for fields of any name */
    struct header_rules     *named; /* for fields of one name */
    size_t                   named_count;
    uint32_t                *slots;        /* where the rules for a name stand among them, and 1; by the name's hash */
    size_t                   slot_count;   /* a power of two, at least twice as many as names */
    struct arena             memory;       /* of the names */
    uint64_t                 lengths;      /* of the names: a bit for each, the last for more; */
    uint64_t                 first_octets; /* of the names, by their last six bits */
    struct prefilter        *prefilter;
};

/* The bits of a name in check_index.lengths and first_octets, the latter without regard to case. */
static inline uint64_t
check_length_bit(struct span name)
{
    return UINT64_C(1) << (name.len < 63 ? name.len : 63);
}

static inline uint64_t
check_first_bit(struct span name)
{
    return UINT64_C(1) << ((name.data[0] | 0x20) & 63);
}

/* Without regard to case. */
uint32_t check_hash(struct span name);

/* The slot where the rules for the name stand, or are to stand. There is a free slot. */
uint32_t *check_find_slot(const struct check_index *, struct span name, uint32_t hash);

#endif
