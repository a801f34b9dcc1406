/*
 * Octets in the character sets of mail, made UTF-8. Only names in a table are looked up: the C library remembers every
 * name that it was ever asked for, and a sender could make it remember without end.
 */
#ifndef RULES_MAIL_CHARSET_H
#define RULES_MAIL_CHARSET_H

#include "base/bytes.h"
#include "base/span.h"
#include "base/text.h"

/* How much a declared character set is believed. */
enum charset_trust {
    CHARSET_GUESS,  /* well-formed UTF-8 is UTF-8; then the declared set if the text is well-formed in it; then
                       Windows-1252 */
    CHARSET_INSIST, /* the declared set, U+FFFD for what is ill-formed; unknown sets are guessed */
};

/*
 * Opens all converters, which the C library loads from files: done in the master, workers need no files for it. Left
 * out, each is opened when first needed.
 */
void charset_start(void);

/* Appends `text` as UTF-8. `charset` is a name as in MIME, or empty. */
void charset_decode(struct span text, struct span charset, enum charset_trust, struct bytes *utf8);

/* No octet above 0x7f? */
bool charset_is_ascii(struct span);

/* Well-formed UTF-8 (RFC 3629)? NUL is. */
bool charset_is_utf8(struct span);

/* Appends a Unicode character; U+FFFD for a number that is none. */
void charset_add_character(struct bytes *utf8, unsigned long character);

/* Only for charset_white_space(): the same for text that begins with an octet beyond ASCII. */
size_t charset_wide_white_space(struct span utf8);

/* The octets that the white space character at the start of well-formed UTF-8 takes; 0: it starts with no white space.
 */
static inline size_t
charset_white_space(struct span utf8)
{
    if (utf8.len == 0)
        return 0;
    return (unsigned char)utf8.data[0] < 0x80 ? text_is_space(utf8.data[0]) : charset_wide_white_space(utf8);
}

#endif
