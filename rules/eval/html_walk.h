/* The HTML parts of a mail, as functions walk through them. */
#ifndef RULES_EVAL_HTML_WALK_H
#define RULES_EVAL_HTML_WALK_H

#include "rules/eval/eval.h"

/* What is known of the HTML part at or behind number `*part`, which then is that of the next; NULL at the end. Starts
 * at 0. */
const struct html_facts *html_walk(const struct eval_run *, size_t *part);

/* The text with an octet for each character, as patterns of functions see it: those of Latin-1 are what they are there,
 * all others 0xff. Lives as long as the run. */
struct span html_characters(struct eval_run *, struct span utf8);

#endif
