/* Two patterns of one that is too large, each with some of its alternatives. Pure. */
#ifndef RULES_REGEX_REGEX_SPLIT_H
#define RULES_REGEX_REGEX_SPLIT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/span.h"

/*
 * Where /x(?:a|b|c|d)y/ matches, one of /x(?:a|b)y/ and /x(?:c|d)y/ does; of the matches at one place, those of `left`
 * come first. Capture groups keep their numbers. The alternatives are the outermost ones that are more than half of the
 * pattern, in no group that is repeated or looked around in. False, and nothing appended: there are none, or it cannot
 * be told at a glance that no other part of the pattern depends on them.
 */
bool regex_split(struct span pattern, struct span flags, struct bytes *left, struct bytes *right);

#endif
