/* The languages whose mail is welcome (ok_locales), and the charsets that are used for no others. */
#ifndef RULES_EVAL_LOCALES_H
#define RULES_EVAL_LOCALES_H

#include <stdbool.h>

#include "base/span.h"

/* {0}: all of them. */
struct locales {
    bool     some;
    unsigned languages; /* a bit each */
};

/* Reads "en ja zh" or "all". Words that say nothing about charsets are passed over. */
void locales_read(struct locales *, struct span value);

/* Can mail in this charset be in one of the languages? In a charset of Latin letters, or of all letters, it can. */
bool locales_allow(const struct locales *, struct span charset);

#endif
