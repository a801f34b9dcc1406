/* "!= 0", "< 512", "- 2 > 0": what rules write behind a number. */
#ifndef RULES_EVAL_COMPARISON_H
#define RULES_EVAL_COMPARISON_H

#include <stdbool.h>

#include "base/bytes.h"

struct comparison;

/* Reads one, which the caller frees with comparison_free(). NULL, with the reason appended to `why`, if it is none. */
struct comparison *comparison_read(struct span text, struct bytes *why);
void               comparison_free(void *);

/* Does it hold for this number? */
bool comparison_holds(const struct comparison *, double);

#endif
