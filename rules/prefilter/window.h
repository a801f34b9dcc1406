/*
 * What a pattern needs: short sequences of sets of octets, its windows, one of which stands in every text that it
 * matches. A text without any need not be run through the pattern.
 *
 *      /\bfoo(?:bar|\d+)/i      [Ff] [Oo] [Oo] [Bb0-9] [Aa0-9...] ...
 */
#ifndef RULES_PREFILTER_WINDOW_H
#define RULES_PREFILTER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "rules/prefilter/lead.h"
#include "rules/prefilter/octet_set.h"

enum { WINDOW_MAX = 8, WINDOWS_MAX = 48, WINDOW_ENTRIES = 12 };

struct window {
    struct octet_set sets[WINDOW_MAX];
    size_t           len;  /* sets in use, at least one */
    double           odds; /* that it stands at some octet of a text */

    /* For window.c: the places in the pattern's program where it begins; more than these fit: too many to know. */
    uint32_t entries[WINDOW_ENTRIES];
    size_t   entry_count;
};

struct windows {
    struct window items[WINDOWS_MAX];
    size_t        count;
    double        odds; /* that one of them does */
    double        cost; /* cycles for each octet of text: to look for them, and to match what has one */
    uint32_t      lead; /* a match begins so many octets in front of one of them at most; or LEAD_ENDLESS */
};

/*
 * Fills `windows` with the cheapest of those that the pattern, with flags as regex_compile() takes them, allows. False
 * if it has none that are worth looking for: it is to be run on every text.
 */
bool windows_find(struct windows *, struct span pattern, struct span flags);

#endif
