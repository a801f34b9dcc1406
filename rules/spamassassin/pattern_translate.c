/* What Perl writes otherwise than PCRE2, piece by piece: all else is copied as it stands. */
#include <ctype.h>
#include <stdlib.h>

#include "base/text.h"
#include "rules/spamassassin/pattern.h"
#include "rules/spamassassin/pattern_property.h"

enum { DIGITS_MAX = 15 }; /* of a number that can be of use */

/* A pattern while it is translated. */
struct translation {
    struct bytes *out;
    bool          in_class;
    bool          extended; /* white space between an item and its quantifier says nothing */
};

/* "(?aai)" and "(?aai:" without the letters that say which characters are meant: here they are octets. */
static size_t
translate_flags(const struct translation *translation, struct span text)
{
    size_t end = 2;

    while (end < text.len && (islower((unsigned char)text.data[end]) || text.data[end] == '^' || text.data[end] == '-'))
        end++;
    if (end == 2 || end == text.len || (text.data[end] != ')' && text.data[end] != ':'))
        return 0;
    bytes_add(translation->out, SPAN("(?"));
    for (size_t i = 2; i <= end; i++)
        if (memchr("adlup", text.data[i], 5) == NULL)
            bytes_add_char(translation->out, text.data[i]);
    return end + 1;
}

/* The numbers of "{n}", "{n,}", "{n,m}", "{,m}", in which there may be spaces. How long it is; 0: it is none of them.
 */
static size_t
read_repeat(struct span text, struct span *least, struct span *most, bool *has_comma)
{
    const char *close = text.len > 0 && text.data[0] == '{' ? memchr(text.data, '}', text.len) : NULL;
    struct span inside;
    size_t      comma;
    uint64_t    number;

    if (close == NULL)
        return 0;
    inside     = (struct span){text.data + 1, (size_t)(close - text.data) - 1};
    comma      = span_find(inside, ',');
    *has_comma = comma < inside.len;
    *least     = text_trim(span_head(inside, comma));
    *most      = *has_comma ? text_trim(span_tail(inside, comma + 1)) : *least;
    if ((least->len > 0 && !text_read_number(*least, 0, UINT32_MAX, &number)) ||
        (most->len > 0 && !text_read_number(*most, 0, UINT32_MAX, &number)) || least->len + most->len == 0)
        return 0;
    return inside.len + 2;
}

/* "{,n}" is "{0,n}", "{ 1, 2 }" is "{1,2}". */
static size_t
translate_repeat(const struct translation *translation, struct span text)
{
    struct span least, most;
    bool        has_comma;
    size_t      len = read_repeat(text, &least, &most, &has_comma);

    if (len == 0)
        return 0;
    bytes_add_char(translation->out, '{');
    bytes_add(translation->out, least.len > 0 ? least : SPAN("0"));
    if (has_comma) {
        bytes_add_char(translation->out, ',');
        bytes_add(translation->out, most);
    }
    bytes_add_char(translation->out, '}');
    return len;
}

static bool
is_quantifier(struct span text)
{
    struct span least, most;
    bool        has_comma;

    return text.len > 0 && (memchr("?*+", text.data[0], 3) != NULL || read_repeat(text, &least, &most, &has_comma) > 0);
}

/* How long the anchor is that stands at the front; 0: none does. "\b{wb}" is another thing in Perl. */
static size_t
anchor_length(struct span text)
{
    if (text.data[0] == '^' || text.data[0] == '$')
        return 1;
    if (text.len < 2 || text.data[0] != '\\' || memchr("bBAzZGK", text.data[1], 7) == NULL)
        return 0;
    return text.len > 2 && text.data[2] == '{' && tolower((unsigned char)text.data[1]) == 'b' ? 0 : 2;
}

/* Perl repeats anchors, as in /only $?9/; PCRE2 does so in a group. */
static size_t
translate_anchor(const struct translation *translation, struct span text)
{
    size_t      len  = anchor_length(text);
    struct span rest = span_tail(text, len);

    if (len == 0 || !is_quantifier(translation->extended ? text_trim_start(rest) : rest))
        return 0;
    bytes_add(translation->out, SPAN("(?:"));
    bytes_add(translation->out, span_head(text, len));
    bytes_add_char(translation->out, ')');
    return len;
}

/* A character by its number: one that is no octet matches nothing. */
static void
add_code(const struct translation *translation, unsigned long code)
{
    if (code <= 0xff)
        bytes_printf(translation->out, "\\x%02lx", code);
    else
        bytes_add(translation->out, translation->in_class ? SPAN("\\P{Any}") : SPAN("(?!)"));
}

/* "\x{456}", "\o{456}", "\N{U+456}" by the digits in the braces. */
static bool
translate_code(const struct translation *translation, struct span digits, int base)
{
    char          room[DIGITS_MAX + 1];
    unsigned long code;
    char         *end;

    digits = text_trim(digits);
    if (digits.len > DIGITS_MAX || (digits.len > 0 && !isxdigit((unsigned char)digits.data[0])))
        return false;
    memcpy(room, digits.data, digits.len);
    room[digits.len] = '\0';
    code             = strtoul(room, &end, base);
    if (*end != '\0')
        return false;
    add_code(translation, code);
    return true;
}

/* An escape with braces behind it. */
static size_t
translate_braces(const struct translation *translation, struct span text)
{
    const char *close = memchr(text.data, '}', text.len);
    struct span inside;
    bool        done = false;

    if (close == NULL)
        return 0;
    inside = (struct span){text.data + 3, (size_t)(close - text.data) - 3};
    if (text.data[1] == 'x')
        done = translate_code(translation, inside, 16);
    else if (text.data[1] == 'o')
        done = translate_code(translation, inside, 8);
    else if (text.data[1] == 'N' && span_starts(inside, SPAN("U+")))
        done = translate_code(translation, span_tail(inside, 2), 16);
    else if (text.data[1] == 'p' || text.data[1] == 'P')
        done = pattern_property_add(inside, text.data[1] == 'P', translation->in_class, translation->out);
    return done ? inside.len + 4 : 0;
}

/* What stands at the front of `text` and is written otherwise in PCRE2: how much of it that is; 0: it is not. */
static size_t
translate_piece(const struct translation *translation, struct span text)
{
    size_t len = 0;

    if (text.len > 3 && text.data[0] == '\\' && text.data[2] == '{')
        len = translate_braces(translation, text);
    if (len > 0 || translation->in_class)
        return len;
    if (span_starts(text, SPAN("(?")))
        return translate_flags(translation, text);
    if (text.data[0] == '{')
        return translate_repeat(translation, text);
    return translate_anchor(translation, text);
}

/* Where the class that begins at `at` has its first member: a ] there closes nothing. */
static size_t
class_start(struct span pattern, size_t at)
{
    at += at + 1 < pattern.len && pattern.data[at + 1] == '^' ? 2 : 1;
    return at < pattern.len && pattern.data[at] == ']' ? at + 1 : at;
}

void
pattern_translate(struct span pattern, struct span flags, struct bytes *out)
{
    struct translation translation = {.out = out, .extended = span_find(flags, 'x') < flags.len};
    size_t             at          = 0;

    while (at < pattern.len) {
        struct span rest = span_tail(pattern, at);
        size_t      len  = translate_piece(&translation, rest);

        if (len > 0) {
            at += len;
            continue;
        }
        len = rest.data[0] == '\\' && rest.len > 1 ? 2 : 1;
        if (!translation.in_class && rest.data[0] == '[') {
            translation.in_class = true;
            len                  = class_start(pattern, at) - at;
        } else if (translation.in_class && span_starts(rest, SPAN("[:")) &&
                   memmem(rest.data, rest.len, ":]", 2) != NULL) {
            len = (size_t)((const char *)memmem(rest.data, rest.len, ":]", 2) - rest.data) + 2;
        } else if (translation.in_class && rest.data[0] == ']') {
            translation.in_class = false;
        }
        bytes_add(out, span_head(rest, len));
        at += len;
    }
}
