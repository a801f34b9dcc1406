/*
 * Line ends that matter, found many octets at a time: nearly all lines of a mail end in CR LF with an ordinary octet
 * behind it, and to go from one to the next costs more than to look for those that do not. Pure.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include "base/span.h"

/*
 * The first LF at `from`, which is 1 at least, or behind it that has no CR in front, has a dot behind it or comes last;
 * text.len if there is none.
 */
size_t lines_find_odd(struct span text, size_t from);

/* Where the first empty line ends: behind CR LF CR LF; 0 if there is none. */
size_t lines_find_empty(struct span text);

/* Where the next line begins with a `-`, or with white space of ASCII, looked for from the line on that begins at
 * `from`; text.len if none does. */
size_t lines_find_dash(struct span text, size_t from);
size_t lines_find_space(struct span text, size_t from);

/* Is a line longer than `most` octets, its line feed included? */
bool lines_have_long(struct span text, size_t most);

/* Copies the text with CR LF made LF; returns the copy's octets. `to` has room for text.len; the two do not overlap. */
size_t lines_copy_with_lf(char *to, struct span text);

#endif
