/* Splits a pattern that is too large into two, each with some of its alternatives. Pure. */
#ifndef RULES_REGEX_REGEX_SPLIT_H
#define RULES_REGEX_REGEX_SPLIT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/span.h"

/*
 * Where /x(?:a|b|c|d)y/ matches, one of /x(?:a|b)y/ and /x(?:c|d)y/ does; of the matches at one place, those of `left`
 * come first. Capture groups keep their numbers. The alternatives are the outermost ones that are more than half of the
 * pattern, in no group that is repeated or looked around in. False, with nothing appended, if there are none, or if
 * some other part of the pattern may depend on them.
 */
bool regex_split(struct span pattern, struct span flags, struct bytes *left, struct bytes *right);

#endif
