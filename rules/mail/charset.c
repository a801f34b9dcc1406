/* Charsets by iconv(3), whose descriptors are opened once and kept for the life of the process. */
#include <errno.h>
#include <glib.h>
#include <iconv.h>
#include <stdint.h>

#include "rules/mail/charset.h"

/* MIME names (IANA's, and those that software writes) and what iconv(3) calls them. NULL: no need of it. */
static const struct {
    const char *name, *iconv;
} charsets[] = {
    {"utf-8", NULL},
    {"utf8", NULL},
    {"iso-8859-1", "CP1252"}, /* as the HTML standard has it: the control characters of 8859-1 are never meant */
    {"iso8859-1", "CP1252"},
    {"windows-1252", "CP1252"},
    {"cp1252", "CP1252"},
    {"latin1", "ISO-8859-1"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "ISO-8859-11"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},
    {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},
    {"cp1250", "CP1250"},
    {"cp1251", "CP1251"},
    {"cp1254", "CP1254"},
    {"cp437", "CP437"},
    {"ibm437", "CP437"},
    {"cp850", "CP850"},
    {"cp866", "CP866"},
    {"ibm866", "CP866"},
    {"macintosh", "MACINTOSH"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"tis-620", "TIS-620"},
    {"windows-874", "CP874"},
    {"gb2312", "EUC-CN"},
    {"euc-cn", "EUC-CN"},
    {"gbk", "GBK"},
    {"cp936", "GBK"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"cp950", "CP950"},
    {"euc-tw", "EUC-TW"},
    {"euc-jp", "EUC-JP"},
    {"shift_jis", "SHIFT_JIS"},
    {"shift-jis", "SHIFT_JIS"},
    {"x-sjis", "SHIFT_JIS"},
    {"cp932", "CP932"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"euc-kr", "EUC-KR"},
    {"ks_c_5601-1987", "CP949"},
    {"cp949", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"johab", "JOHAB"},
    {"utf-7", "UTF-7"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"utf-32", "UTF-32"},
};

enum { CHARSETS = sizeof charsets / sizeof charsets[0], NO_CHARSET = -1, UTF8 = 0, WINDOWS_1252 = 2 };

static struct {
    iconv_t descriptor;
    bool    open;
} converters[CHARSETS];

bool
charset_is_ascii(struct span text)
{
    unsigned char high = 0;

    for (size_t i = 0; i < text.len; i++)
        high |= (unsigned char)text.data[i];
    return high < 0x80;
}

bool
charset_is_utf8(struct span text)
{
    while (text.len > 0) {
        const char *end;

        if (g_utf8_validate(text.data, (gssize)text.len, &end))
            return true;
        text = span_tail(text, (size_t)(end - text.data));
        if (text.len == 0 || text.data[0] != '\0')
            return false;
        text = span_tail(text, 1);
    }
    return true;
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
charset_white_space(struct span utf8)
{
    static const char *const wide[] = {"\xc2\x85", "\u00a0", "\u1680", "\u2028",
                                       "\u2029",   "\u202f", "\u205f", "\u3000"};
    const unsigned char     *p      = (const unsigned char *)utf8.data;

    if (utf8.len == 0)
        return 0;
    if (p[0] < 0x80)
        return p[0] == ' ' || (p[0] >= '\t' && p[0] <= '\r');
    if (utf8.len >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x80 && p[2] <= 0x8a)
        return 3;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (utf8.len >= strlen(wide[i]) && memcmp(p, wide[i], strlen(wide[i])) == 0)
            return strlen(wide[i]);
    return 0;
}

static int
find(struct span name)
{
    for (int row = 0; row < CHARSETS; row++)
        if (span_equal_nocase(name, span_of(charsets[row].name)))
            return row;
    return NO_CHARSET;
}

static bool
open_converter(int row)
{
    if (!converters[row].open) {
        converters[row].descriptor = iconv_open("UTF-8", charsets[row].iconv);
        converters[row].open       = true;
    }
    return (intptr_t)converters[row].descriptor != -1;
}

void
charset_start(void)
{
    for (int row = 0; row < CHARSETS; row++)
        if (charsets[row].iconv != NULL)
            (void)open_converter(row);
}

/* Puts U+FFFD in the place of an octet that has no meaning, or tells that this may not be. */
static bool
replace_octet(struct span *text, bool strict, struct bytes *utf8)
{
    if (strict)
        return false;
    charset_add_character(utf8, 0xfffd);
    *text = span_tail(*text, 1);
    return true;
}

/* Appends what iconv(3) makes of `text`; false, and nothing appended, where it is ill-formed and `strict`. */
static bool
convert(int row, struct span text, bool strict, struct bytes *utf8)
{
    size_t  start      = utf8->len;
    iconv_t descriptor = converters[row].descriptor;

    (void)iconv(descriptor, NULL, NULL, NULL, NULL);
    while (text.len > 0) {
        char  *in = (char *)text.data, *out = bytes_reserve(utf8, text.len + 16);
        size_t room = utf8->capacity - utf8->len - 1, left = room, rest = text.len;
        int    trouble = iconv(descriptor, &in, &rest, &out, &left) == (size_t)-1 ? errno : 0;

        utf8->len += room - left;
        text = span_tail(text, text.len - rest);
        if (trouble != 0 && trouble != E2BIG && !replace_octet(&text, strict, utf8)) {
            utf8->len = start;
            return false;
        }
    }
    bytes_add(utf8, SPAN(""));
    return true;
}

/* Ill-formed UTF-8, U+FFFD for each octet that is none. */
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
        if (text.data[0] == '\0')
            bytes_add_char(utf8, '\0');
        else
            charset_add_character(utf8, 0xfffd);
        text = span_tail(text, 1);
    }
}

/* Sets whose text can be pure ASCII and mean something else. */
static bool
hides_in_ascii(int row)
{
    static const char *const names[] = {"ISO-2022-JP", "ISO-2022-KR", "UTF-7", "UTF-16",
                                        "UTF-16LE",    "UTF-16BE",    "UTF-32"};

    if (row == NO_CHARSET || charsets[row].iconv == NULL)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(charsets[row].iconv, names[i]) == 0)
            return true;
    return false;
}

static bool
decode_declared(struct span text, int row, enum charset_trust trust, struct bytes *utf8)
{
    if (row == NO_CHARSET)
        return false;
    if (row == UTF8 || charsets[row].iconv == NULL) {
        if (trust == CHARSET_INSIST)
            repair(text, utf8);
        return trust == CHARSET_INSIST;
    }
    return open_converter(row) && convert(row, text, trust != CHARSET_INSIST, utf8);
}

void
charset_decode(struct span text, struct span charset, enum charset_trust trust, struct bytes *utf8)
{
    int  row   = find(charset);
    bool plain = charset_is_ascii(text);

    if (plain ? !hides_in_ascii(row) : trust == CHARSET_GUESS && charset_is_utf8(text)) {
        bytes_add(utf8, text);
        return;
    }
    if (decode_declared(text, row, trust, utf8))
        return;
    if (plain || !open_converter(WINDOWS_1252))
        bytes_add(utf8, text);
    else
        (void)convert(WINDOWS_1252, text, false, utf8);
}
