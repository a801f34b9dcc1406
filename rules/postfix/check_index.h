/*
 * Which of many header_checks rules may apply to a field, so that only those are tried: the rules for fields of its
 * name, and those for fields of any name. Where these are many, one pass over the field says which of their patterns
 * may match (rules/prefilter/prefilter.h). Built when rules are loaded, shared by fork().
 */
#ifndef RULES_POSTFIX_CHECK_INDEX_H
#define RULES_POSTFIX_CHECK_INDEX_H

#include "rules/postfix/check_rule.h"

struct check_index;

/* The rules must outlive the index. */
struct check_index *check_index_new(const struct check_rule *, size_t count);

/* Frees it and sets it to NULL. It may be NULL. */
void check_index_free(struct check_index **);

/* As header_checks_for(). */
const struct header_rules *check_index_find(const struct check_index *, struct span name);

/* A part of the rules on the way from the first to the last. */
struct check_way {
    const struct header_rules *rules;
    size_t                     at;
};

/* The rules that may apply to one field, in their order. One walk at a time: the next one overwrites what it knows. */
struct check_walk {
    const struct check_index *index;
    struct check_way          ways[2];
    size_t                    count; /* of the ways */
};

void check_walk_begin(struct check_walk *, const struct check_index *, const struct header_rules *, struct span header);

/*
 * The number of the first rule at `from` or behind it that has to be tried; the count of rules if there is none. What
 * stands in an if is returned only behind that if, and not if that cannot match: `from` never goes back, and goes on
 * behind the endif when an if that was returned does not apply.
 */
size_t check_walk_next(struct check_walk *, size_t from);

#endif
