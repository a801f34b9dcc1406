/* Rendered text as body rules see it: a paragraph is a line, white space is one space. */
#ifndef RULES_MAIL_PARAGRAPHS_H
#define RULES_MAIL_PARAGRAPHS_H

#include "base/bytes.h"
#include "base/span.h"

/* Appends the paragraphs of well-formed UTF-8, or Latin-1, on a line each. A NUL ends a line as well, as it does in
 * SpamAssassin. */
void paragraphs_collapse(struct span text, struct bytes *lines);

#endif
