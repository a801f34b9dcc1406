/* Lines of text: their words, numbers, ends and the octets that do not belong there. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>

#include "base/span.h"

/* The first line, its line feed included; all of it where there is no line feed. */
static inline struct span
text_line(struct span text)
{
    size_t len = span_find(text, '\n');

    return span_head(text, len < text.len ? len + 1 : len);
}

/* Takes the first line, its line feed included, off `rest`. */
struct span text_next_line(struct span *rest);

/* Takes the next word, and the spaces in front of it, off `rest`; only a space separates. Empty, without data: none. */
struct span text_next_word(struct span *rest);

/* The same where white space of any kind separates; that behind the word, and at the end, goes too. */
struct span text_next_token(struct span *rest);

/* Takes `sign`, and the white space in front of it, off `rest`. False: something else comes; the space is gone. */
bool text_accept(struct span *rest, char sign);

/* Is `word` a number of decimal digits alone, within `least`..`most`? `*number` is set then. `most` is below 2^60. */
bool text_read_number(struct span word, uint64_t least, uint64_t most, uint64_t *number);

/* The digits of a number in decimal, written to the end of `room`. */
enum { TEXT_NUMBER_SIZE = 20 };
struct span text_number(uint64_t number, char room[TEXT_NUMBER_SIZE]);

/* How many octets at the beginning are printable ASCII characters other than `but` and `nor`. */
size_t text_plain_length(struct span, char but, char nor);

/* Is `c` white space of ASCII: a space, a tab, line feed, vertical tab, form feed or carriage return? */
static inline bool
text_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Is there nothing but such white space in it? */
bool text_is_blank(struct span);

/* Without the white space in front. */
struct span text_trim_start(struct span);

/* Without the white space at both ends. */
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
