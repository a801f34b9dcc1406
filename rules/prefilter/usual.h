/* What mail is usually like: how likely an octet is, and what words are in it. For rules/prefilter/window.c. */
#ifndef RULES_PREFILTER_USUAL_H
#define RULES_PREFILTER_USUAL_H

#include "base/span.h"
#include "rules/prefilter/octet_set.h"

/* The odds, 0 to 1, that an octet of a mail's text or header is in the set. */
double usual_odds(const struct octet_set *);

/* Texts that rules look at, of all kinds: header fields, relays, addresses, paragraphs, HTML. */
extern const struct span usual_text;

#endif
