/*
 * A header field as text that is safe to send: whatever octets its value has, it is one field, in lines that every
 * client reads. Pure.
 */
#ifndef FILTERS_FOLD_H
#define FILTERS_FOLD_H

#include "base/bytes.h"

/*
 * Appends "name: value" and a line end. CR, LF and NUL in `value` become white space; white space at its ends goes.
 * Lines are folded at white space to 78 octets where that can be, none is over 998 (RFC 5322, 2.1.1): a word too long
 * for a line is broken by a fold, between UTF-8 characters. No line is made of white space alone. `name` is shorter
 * than 998.
 */
void fold_field(struct bytes *text, struct span name, struct span value, struct span line_end);

#endif
