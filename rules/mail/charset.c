/* Charsets by iconv(3), whose descriptors are opened once and kept for the life of the process. */
#include <errno.h>
#include <glib.h>
#include <iconv.h>
#include <stdint.h>

#include "base/count.h"
#include "rules/mail/charset.h"
#include "rules/mail/charset_jis.h"
#include "rules/mail/charset_names.h"

static struct converter {
    iconv_t descriptor;
    bool    open;
} converters[CHARSET_SETS_MAX], jis_x_0213;

bool
charset_is_ascii(struct span text)
{
    uint64_t high = 0, eight;
    size_t   at   = 0;

    for (; text.len - at >= sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, text.data + at, sizeof(eight));
        high |= eight;
    }
    for (; at < text.len; at++)
        high |= (unsigned char)text.data[at];
    return (high & UINT64_C(0x8080808080808080)) == 0;
}

/* U+FDD0 to U+FDEF, and the last two of each plane, which are no characters (Unicode, 23.7). */
static bool
has_noncharacter(struct span utf8)
{
    const unsigned char *at = (const unsigned char *)utf8.data, *end = at + utf8.len;

    for (; at < end; at++) {
        if (*at == 0xef && end - at >= 3 &&
            ((at[1] == 0xb7 && at[2] >= 0x90 && at[2] <= 0xaf) || (at[1] == 0xbf && at[2] >= 0xbe)))
            return true;
        if (*at >= 0xf0 && end - at >= 4 && (at[1] & 0x0f) == 0x0f && at[2] == 0xbf && at[3] >= 0xbe)
            return true;
    }
    return false;
}

bool
charset_is_utf8(struct span text)
{
    struct span rest = text;

    while (rest.len > 0) {
        const char *end;

        if (g_utf8_validate(rest.data, (gssize)rest.len, &end))
            break;
        rest = span_tail(rest, (size_t)(end - rest.data));
        if (rest.len == 0 || rest.data[0] != '\0')
            return false;
        rest = span_tail(rest, 1);
    }
    return !has_noncharacter(text);
}

void
charset_add_character(struct bytes *utf8, unsigned long character)
{
    bool known = character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
    int  len   = g_unichar_to_utf8(known ? (gunichar)character : 0xfffd, bytes_reserve(utf8, 6));

    utf8->len += (size_t)len;
    utf8->data[utf8->len] = '\0';
}

size_t
charset_wide_white_space(struct span utf8)
{
    static const struct span wide[] = {SPAN("\xc2\x85"), SPAN("\u00a0"), SPAN("\u1680"), SPAN("\u2028"),
                                       SPAN("\u2029"),   SPAN("\u202f"), SPAN("\u205f"), SPAN("\u3000")};
    const unsigned char     *p      = (const unsigned char *)utf8.data;

    if (utf8.len < 2 || (p[0] != 0xc2 && (p[0] < 0xe1 || p[0] > 0xe3)))
        return 0;
    if (utf8.len >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x80 && p[2] <= 0x8a)
        return 3;
    for (size_t i = 0; i < COUNT_OF(wide); i++)
        if (span_starts(utf8, wide[i]))
            return wide[i].len;
    return 0;
}

static bool
open_named(struct converter *converter, const char *name)
{
    if (!converter->open) {
        converter->descriptor = iconv_open("UTF-8", name);
        converter->open       = true;
    }
    return (intptr_t)converter->descriptor != -1;
}

static bool
open_converter(int set)
{
    return open_named(&converters[set], charset_sets[set].iconv);
}

static bool
open_jis_x_0213(void)
{
    return open_named(&jis_x_0213, "EUC-JISX0213");
}

void
charset_start(void)
{
    for (int set = 0; charset_sets[set].name != NULL; set++)
        if (charset_sets[set].iconv != NULL)
            (void)open_converter(set);
    (void)open_jis_x_0213();
}

/* What becomes of an octet that has no meaning in the character set. */
enum ill_formed {
    ILL_FORMED_FAILS,
    ILL_FORMED_REPLACED, /* U+FFFD */
    ILL_FORMED_SHOWN     /* "\xA4" */
};

/* Takes an octet that has no meaning; false if it may not be there. */
static bool
replace_octet(struct span *text, enum ill_formed ill_formed, struct bytes *utf8)
{
    if (ill_formed == ILL_FORMED_FAILS)
        return false;
    if (ill_formed == ILL_FORMED_REPLACED)
        charset_add_character(utf8, 0xfffd);
    else
        bytes_printf(utf8, "\\x%02X", (unsigned char)text->data[0]);
    *text = span_tail(*text, 1);
    return true;
}

/* The character at the start of a text in EUC, if it is one of JIS X 0213. */
static bool
add_jis_x_0213(struct span *text, struct bytes *utf8)
{
    size_t length = text->len > 0 && (unsigned char)text->data[0] == 0x8f ? 3 : 2, rest = length;
    char   made[32], *in = (char *)text->data, *out = made;
    size_t left = sizeof(made), size;

    if (text->len < length || !open_jis_x_0213())
        return false;
    (void)iconv(jis_x_0213.descriptor, NULL, NULL, NULL, NULL);
    if (iconv(jis_x_0213.descriptor, &in, &rest, &out, &left) == (size_t)-1 ||
        iconv(jis_x_0213.descriptor, NULL, NULL, &out, &left) == (size_t)-1)
        return false;
    size = sizeof(made) - left;
    if (size == 0 || g_utf8_strlen(made, (gssize)size) != 1)
        return false;
    bytes_add(utf8, (struct span){made, size});
    *text = span_tail(*text, length);
    return true;
}

/* Appends what iconv(3) makes of `text`; false where it is ill-formed, which may not be. */
static bool
run_converter(int set, struct span text, enum ill_formed ill_formed, struct bytes *utf8)
{
    iconv_t  descriptor = converters[set].descriptor;
    unsigned traits     = charset_sets[set].traits;

    (void)iconv(descriptor, NULL, NULL, NULL, NULL);
    while (text.len > 0) {
        char  *in = (char *)text.data, *out = bytes_reserve(utf8, text.len + 16);
        size_t room = utf8->capacity - utf8->len - 1, left = room, rest = text.len;
        int    trouble = iconv(descriptor, &in, &rest, &out, &left) == (size_t)-1 ? errno : 0;

        utf8->len += room - left;
        text = span_tail(text, text.len - rest);
        if (trouble == EINVAL && (traits & CHARSET_WIDE) != 0)
            break;
        if (trouble == 0 || trouble == E2BIG)
            continue;
        if ((traits & CHARSET_JIS_X_0213) != 0 && add_jis_x_0213(&text, utf8))
            continue;
        if (!replace_octet(&text, ill_formed, utf8))
            return false;
    }
    bytes_add(utf8, SPAN(""));
    return true;
}

/* Is there a character U+0080 to U+009F? */
static bool
has_controls(struct span utf8)
{
    for (size_t i = 0; i + 1 < utf8.len; i++)
        if ((unsigned char)utf8.data[i] == 0xc2 && (unsigned char)utf8.data[i + 1] < 0xa0)
            return true;
    return false;
}

/* Makes the yen sign and the overline, from `start` on, what they are in ASCII. */
static void
put_ascii_low(struct bytes *utf8, size_t start)
{
    size_t kept = start;

    for (size_t i = start; i < utf8->len; i++) {
        struct span rest = span_tail(bytes_span(utf8), i);
        bool        yen  = rest.len >= 2 && memcmp(rest.data, "\xc2\xa5", 2) == 0;
        bool        over = rest.len >= 3 && memcmp(rest.data, "\xe2\x80\xbe", 3) == 0;

        utf8->data[kept++] = (char)(yen ? '\\' : over ? '~' : rest.data[0]);
        i += yen ? 1 : over ? 2 : 0;
    }
    utf8->len = kept;
}

static bool
convert_jis(int set, struct span text, struct bytes *utf8)
{
    struct bytes euc = {0};
    bool         converted;

    charset_jis_to_euc(text, &euc);
    converted = run_converter(set, bytes_span(&euc), ILL_FORMED_SHOWN, utf8);
    bytes_free(&euc);
    return converted;
}

/* Appends what `text` is in that set; false, and nothing appended, where it is ill-formed and `strict`. */
static bool
convert(int set, struct span text, bool strict, struct bytes *utf8)
{
    size_t   start  = utf8->len;
    unsigned traits = charset_sets[set].traits;

    if (!open_converter(set))
        return false;
    if ((traits & CHARSET_SEVEN_BITS) != 0)
        for (size_t i = 0; i < text.len; i++)
            if ((unsigned char)text.data[i] >= 0x80)
                text.len = i;
    if ((traits & CHARSET_JIS) != 0)
        return convert_jis(set, text, utf8);
    if (!run_converter(set, text, strict ? ILL_FORMED_FAILS : ILL_FORMED_REPLACED, utf8) ||
        (strict && (traits & CHARSET_NO_CONTROLS) != 0 && has_controls(span_tail(bytes_span(utf8), start)))) {
        utf8->len = start;
        return false;
    }
    if ((traits & CHARSET_ASCII_LOW) != 0)
        put_ascii_low(utf8, start);
    return true;
}

/* The octets of the ill-formed character at the start, of which one U+FFFD is made. */
static size_t
ill_formed_length(struct span text)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t        most = first < 0xc2 || first > 0xf4 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, len = 1;

    while (len < most && len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
        len++;
    return len;
}

/* Ill-formed UTF-8, U+FFFD for what is none. */
static void
repair(struct span text, struct bytes *utf8)
{
    while (text.len > 0) {
        const char *end;
        bool        all  = g_utf8_validate(text.data, (gssize)text.len, &end);
        size_t      good = (size_t)(end - text.data);

        bytes_add(utf8, span_head(text, good));
        text = span_tail(text, good);
        if (all || text.len == 0)
            break;
        if (text.data[0] == '\0') {
            bytes_add_char(utf8, '\0');
            text = span_tail(text, 1);
        } else {
            charset_add_character(utf8, 0xfffd);
            text = span_tail(text, ill_formed_length(text));
        }
    }
}

/* Is this UTF-16 with the low octet of each character first, or last? NULL: that cannot be told, or the text says it
 * itself, which SpamAssassin does not read. */
static const char *
utf16_order(struct span text)
{
    size_t little = 0, big = 0, even = 0, odd = 0;

    if (text.len >= 2 && (memcmp(text.data, "\xff\xfe", 2) == 0 || memcmp(text.data, "\xfe\xff", 2) == 0))
        return NULL;
    for (size_t i = 0; i < text.len; i += 2) {
        unsigned char a = (unsigned char)text.data[i], b = i + 1 < text.len ? (unsigned char)text.data[i + 1] : 0;

        even += (size_t)(a >> 4) + (a & 15);
        odd += (size_t)(b >> 4) + (b & 15);
        little += a == ' ' && b == 0;
        big += a == 0 && b == ' ';
    }
    little += even > odd * 4;
    big += odd * 4 > even;
    return little > big ? "utf-16le" : big > little ? "utf-16be" : NULL;
}

/* Decoded as declared. False: that cannot be done, and nothing was appended. */
static bool
decode_declared(struct span text, struct span charset, enum charset_trust trust, struct bytes *utf8)
{
    int    set   = charset_called(charset);
    size_t start = utf8->len;

    if (charset_is_utf16(charset)) {
        const char *order = utf16_order(text);

        if (order == NULL || !convert(charset_called(span_of(order)), text, true, utf8))
            return false;
        if (trust == CHARSET_INSIST) { /* SpamAssassin forgets to take what came of it */
            utf8->len = start;
            bytes_add(utf8, text);
        }
        return true;
    }
    if (set == CHARSET_UNKNOWN || (trust == CHARSET_GUESS && charset_is_us_ascii(charset)))
        return false;
    if ((charset_sets[set].traits & CHARSET_UTF8) != 0) {
        if (trust == CHARSET_INSIST)
            repair(text, utf8);
        return trust == CHARSET_INSIST;
    }
    return convert(set, text, trust != CHARSET_INSIST, utf8);
}

/* Sets whose text can be pure ASCII and mean something else. */
static bool
hides_in_ascii(struct span charset)
{
    int set;

    if (charset.len == 0 || span_equal_nocase(charset, SPAN("utf-8")) || charset_is_us_ascii(charset))
        return false;
    set = charset_called(charset);
    return charset_is_utf16(charset) || (set != CHARSET_UNKNOWN && (charset_sets[set].traits & CHARSET_NOT_ASCII) != 0);
}

void
charset_decode(struct span text, struct span charset, enum charset_trust trust, struct bytes *utf8)
{
    bool plain = charset_is_ascii(text);

    if (plain ? !hides_in_ascii(charset) : trust == CHARSET_GUESS && charset_is_utf8(text)) {
        bytes_add(utf8, text);
        return;
    }
    if (decode_declared(text, charset, trust, utf8))
        return;
    if (plain || !convert(CHARSET_WINDOWS_1252, text, false, utf8))
        bytes_add(utf8, text);
}
