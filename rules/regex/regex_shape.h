/* What can be told of a pattern from its text, without compiling it. */
#ifndef RULES_REGEX_REGEX_SHAPE_H
#define RULES_REGEX_REGEX_SHAPE_H

#include <stdbool.h>

#include "base/span.h"

/* Where the class that begins with the bracket at `at` ends: behind its last bracket; past the text if it has none. */
size_t regex_class_end(struct span pattern, size_t at);

/*
 * Has the pattern one loop at most, so that from each place where a match may begin PCRE2 takes only some steps for
 * each octet? Where in doubt, no. The pattern ends in a NUL behind its length.
 */
bool regex_is_simple(struct span pattern);

/* Has it a callout, (?C...)? PCRE2 has no option against them. In a class or behind a backslash it is none. */
bool regex_has_callout(struct span pattern);

#endif
