/* Which character set a name in mail means. */
#ifndef RULES_MAIL_CHARSET_NAMES_H
#define RULES_MAIL_CHARSET_NAMES_H

#include <stdbool.h>

#include "base/span.h"

/* What is special about a set. */
enum charset_trait {
    CHARSET_WIDE = 1, /* a character can take several octets: what is cut at the end is left out */
    CHARSET_NO_CONTROLS =
        2,                  /* U+0080 to U+009F, which the C library takes for part of it, are none of its characters */
    CHARSET_ASCII_LOW  = 4, /* below 0x80 it is ASCII, where the C library has a yen sign and an overline */
    CHARSET_SEVEN_BITS = 8, /* text in it looks like ASCII; what begins with another octet is left out */
    CHARSET_NOT_ASCII  = 16, /* octets below 0x80 are not what they are in ASCII */
    CHARSET_UTF8       = 32,
    CHARSET_JIS_X_0213 = 64,  /* EUC-JP, with the characters that JIS X 0213 has beyond it, as circled numbers */
    CHARSET_JIS        = 128, /* charset_jis.h makes EUC-JP of it; what has no meaning stays, as "\xA4" */
};

struct charset_set {
    const char *name;  /* as in rules/mail/charset_names.c alone */
    const char *iconv; /* what iconv(3) calls it; NULL of CHARSET_UTF8 */
    unsigned    traits;
};

enum { CHARSET_SETS_MAX = 96 };

/* By number, from 0; its name NULL behind the last. */
extern const struct charset_set charset_sets[CHARSET_SETS_MAX];

enum { CHARSET_UNKNOWN = -1, CHARSET_WINDOWS_1252 = 1 };

/* The number of the set that goes by this name, without regard to case and white space; CHARSET_UNKNOWN. */
int charset_called(struct span name);

/* Is it UTF-16 of an order of octets that is not said? */
bool charset_is_utf16(struct span name);

/* Is it a name of US-ASCII? */
bool charset_is_us_ascii(struct span name);

#endif
