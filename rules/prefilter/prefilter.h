/*
 * Which of many patterns may match a text: all their windows (rules/prefilter/window.h) are looked for in one pass over
 * it, as many side by side as the processor has bits in a register. What is not found cannot match; what is found is
 * for the pattern to say. Built when rules are loaded, immutable, shared by fork().
 */
#ifndef RULES_PREFILTER_PREFILTER_H
#define RULES_PREFILTER_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "rules/prefilter/sightings.h"
#include "rules/regex/regex.h"

struct prefilter;

/* Patterns that look at the same texts are a group. */
struct prefilter_group {
    const struct regex *const *patterns; /* NULL among them: always a candidate */
    size_t                     count;
    bool                       short_texts; /* of a line or so: what takes long for a text is not worth a table here */
};

/* The groups are numbered as they come. The patterns need not outlive the call. */
struct prefilter *prefilter_new(const struct prefilter_group *, size_t count);

/* Frees it and sets it to NULL. It may be NULL. */
void prefilter_free(struct prefilter **);

/* How many words prefilter_scan() fills for a group of `count` patterns. */
static inline size_t
prefilter_words(size_t count)
{
    return (count + 63) / 64;
}

/*
 * Sets bit i of `candidates` if pattern i of the group may match the text, and clears it if it cannot, or if it is set
 * in `unwanted`, which may be NULL. `seen`, which may be NULL too, learns where in the text candidates may match.
 */
void prefilter_scan(const struct prefilter *, size_t group, struct span text, const uint64_t *unwanted,
                    uint64_t *candidates, struct sightings *seen);

/* How many patterns the largest group has: for sightings_new(). */
size_t prefilter_largest_group(const struct prefilter *);

/* How many patterns of a group are candidates whatever the text: for measurements. */
size_t prefilter_count_always(const struct prefilter *, size_t group);

#endif
