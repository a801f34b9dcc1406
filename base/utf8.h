/*
 * UTF-8 as RFC 3629 has it: what is well-formed, and what of it would not print but act on a reader's terminal.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/*
 * The character that `text`, which must not be empty, begins with. Returns how many octets it takes and sets `*code`; 0
 * if they are ill-formed: overlong, a surrogate, beyond U+10FFFF, or cut.
 */
size_t utf8_read(struct span text, unsigned *code);

/* A control character of ASCII or of U+0080..U+009F, or one that changes the direction or the line of the text behind
 * it. */
bool utf8_acts(unsigned code);

#endif
