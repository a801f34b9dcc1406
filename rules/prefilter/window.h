/*
 * What a pattern needs: short sequences of sets of octets, its windows, one of which stands in every text that it
 * matches. A text without any of them is not run through the pattern, and other texts only near the windows, if it is
 * known how far in front of them a match begins.
 *
 *      /\bfoo(?:bar|\d+)/i      [Ff] [Oo] [Oo] [Bb0-9] [Aa0-9...] ...
 */
#ifndef RULES_PREFILTER_WINDOW_H
#define RULES_PREFILTER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "rules/prefilter/octet_set.h"

enum { WINDOW_MAX = 8, WINDOWS_MAX = 48 };

enum { WINDOW_ANYWHERE = UINT32_MAX };

struct window {
    struct octet_set sets[WINDOW_MAX];
    size_t           len;  /* sets in use, at least one */
    double           odds; /* that it stands at some octet of a text */
    uint32_t         lead; /* a match begins so many octets in front of it at most; or WINDOW_ANYWHERE */
};

struct windows {
    struct window items[WINDOWS_MAX];
    size_t        count;
    double        odds;   /* that one of them does */
    double        cost;   /* cycles for each octet of text: to look for them, and to match what has one */
    uint32_t      lead;   /* of all */
    size_t        begins; /* in how many ways a match of the pattern can begin */
};

/*
 * Fills `windows` with the cheapest of those that the pattern, with flags as regex_compile() takes them, allows.
 * `window_cost`: cycles for each octet that it takes to look for one more. False if it has none that are worth looking
 * for: it is to be run on every text.
 */
bool windows_find(struct windows *, struct span pattern, struct span flags, double window_cost);

#endif
