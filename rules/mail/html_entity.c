/* Which spellings count is Perl's HTML::Entities'. */
#include <ctype.h>

#include "rules/mail/charset.h"
#include "rules/mail/html_entity.h"
#include "rules/mail/html_entity_names.h"

enum { LATIN_MAX = 0xff, CHARACTER_MAX = 0x10ffff };

enum { HIGH_SURROGATE = 0xd800, LOW_SURROGATE = 0xdc00, SURROGATE_BITS = 0xfffffc00, REPLACEMENT = 0xfffd };

/* "#65", "#x41", with the semicolon if there is one: its length, 0: it is none. */
static size_t
read_number(struct span text, unsigned long *character)
{
    bool   hexadecimal = text.len > 1 && (text.data[1] | 0x20) == 'x';
    size_t start = hexadecimal ? 2 : 1, at = start;

    *character = 0;
    for (; at < text.len && *character <= CHARACTER_MAX; at++) {
        int c = tolower((unsigned char)text.data[at]);

        if (hexadecimal ? !isxdigit(c) : !isdigit(c))
            break;
        *character = *character * (hexadecimal ? 16 : 10) + (unsigned long)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    if (at == start || *character == 0 || *character > CHARACTER_MAX || (*character & ~1UL) == 0xfffe)
        return 0;
    return at + (at < text.len && text.data[at] == ';');
}

/* "eacute", with the semicolon if there is one: its length, 0: it is none. */
static size_t
read_name(struct span text, bool prefix, unsigned long *character)
{
    size_t len = 0, shorter;
    bool   ended;

    while (len < text.len && len <= HTML_ENTITY_NAME_MAX && isalnum((unsigned char)text.data[len]))
        len++;
    ended      = len < text.len && text.data[len] == ';';
    *character = html_entity_find(span_head(text, len));
    if (*character > 0 && (ended || *character <= LATIN_MAX))
        return len + ended;
    for (shorter = len; prefix && shorter > 1;) {
        *character = html_entity_find(span_head(text, --shorter));
        if (*character > 0 && *character <= LATIN_MAX)
            return shorter;
    }
    return 0;
}

/* Two halves of a character above U+FFFF, as in UTF-16, are joined; one alone is U+FFFD, as is what is no character. */
static void
add_character(unsigned long character, unsigned long *high, struct bytes *utf8)
{
    if ((character & SURROGATE_BITS) == LOW_SURROGATE && *high > 0) {
        utf8->len -= 3;
        charset_add_character(utf8, ((*high - HIGH_SURROGATE) << 10) + (character - LOW_SURROGATE) + 0x10000);
        *high = 0;
        return;
    }
    *high = (character & SURROGATE_BITS) == HIGH_SURROGATE ? character : 0;
    if ((character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffe) == 0xfffe)
        character = REPLACEMENT;
    charset_add_character(utf8, character);
}

bool
html_decode_entities(struct span text, bool prefix, struct bytes *utf8)
{
    unsigned long high = 0;
    bool          wide = false;

    while (text.len > 0) {
        const char   *ampersand = memchr(text.data, '&', text.len);
        size_t        plain     = ampersand != NULL ? (size_t)(ampersand - text.data) : text.len, len;
        unsigned long character = 0;
        struct span   reference;

        if (plain > 0)
            high = 0;
        bytes_add(utf8, span_head(text, plain));
        text = span_tail(text, plain);
        if (text.len == 0)
            break;
        reference = span_tail(text, 1);
        if (reference.len > 0 && reference.data[0] == '#')
            len = read_number(reference, &character);
        else
            len = read_name(reference, prefix, &character);
        if (len == 0)
            bytes_add_char(utf8, '&');
        else
            add_character(character, &high, utf8);
        wide |= len > 0 && character > LATIN_MAX;
        text = span_tail(text, len + 1);
    }
    return wide;
}
