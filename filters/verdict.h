/* A spam score written into a message's header, in the fields and words of SpamAssassin, so that users' mail rules
 * work. */
#ifndef FILTERS_VERDICT_H
#define FILTERS_VERDICT_H

#include <stdbool.h>

#include "filters/headers.h"

struct verdict {
    double      score;
    double      required; /* from here on it is spam */
    struct span rules;    /* RULE_A,RULE_B */
    struct span tag; /* UTF-8 without control characters; goes in front of the Subject of spam; empty: nothing does. In
                        it _SCORE_ and _REQD_ stand for score and required, with one decimal */
};

bool verdict_is_spam(const struct verdict *);

/*
 * Takes every X-Spam-Flag, -Score, -Level and -Status out that came with the message, puts its own on top of all fields
 * and, where it is spam, the tag in front of each Subject that has none yet; without a Subject one is added. Where the
 * block ends in front of a line that is no field, an empty line is put there: some programs go on to the first one, and
 * would find in the body what was taken out of the header.
 */
void verdict_write(const struct verdict *, struct header_list *);

#endif
