/* Lines of text: their words, numbers, ends and the octets that do not belong there. Only a space separates words. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>

#include "base/span.h"

/* Takes the next word, and the spaces in front of it, off `rest`; empty, without data, if there is none. */
struct span text_next_word(struct span *rest);

/* Is `word` a number of decimal digits alone, within `least`..`most`? `*number` is set then. `most` is below 2^60. */
bool text_read_number(struct span word, uint64_t least, uint64_t most, uint64_t *number);

/* Without the white space at both ends, of whatever kind isspace(3) knows. */
struct span text_trim(struct span);

/* Is `c` a control character of ASCII? Octets beyond ASCII are none. */
static inline bool
text_is_control(char c)
{
    return (unsigned char)c < ' ' || c == '\x7f';
}

/* Is there a control character in it? */
bool text_has_control(struct span);

/* Is `c` a letter or a digit of ASCII? */
static inline bool
text_is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#endif
