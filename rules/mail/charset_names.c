/*
 * The sets that SpamAssassin can decode, which are those of Perl's Encode, by names in one spelling: lower case, no
 * white space, "-" for "_", no "x-" in front. Families that are numbered are taken apart first.
 */
#include <stdlib.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/mail/charset_names.h"

enum { NAME_MAX_OCTETS = 40 };

enum { JIS_TRAITS = CHARSET_WIDE | CHARSET_SEVEN_BITS | CHARSET_NOT_ASCII | CHARSET_JIS_X_0213 | CHARSET_JIS };

const struct charset_set charset_sets[CHARSET_SETS_MAX] = {
    {"utf-8", NULL, CHARSET_UTF8},
    {"cp1252", "CP1252", 0}, /* CHARSET_WINDOWS_1252 */
    {"ascii", "ANSI_X3.4-1968", 0},
    {"iso-8859-1", "ISO-8859-1", 0},
    {"iso-8859-2", "ISO-8859-2", 0},
    {"iso-8859-3", "ISO-8859-3", 0},
    {"iso-8859-4", "ISO-8859-4", 0},
    {"iso-8859-5", "ISO-8859-5", 0},
    {"iso-8859-6", "ISO-8859-6", 0},
    {"iso-8859-7", "ISO-8859-7", 0},
    {"iso-8859-8", "ISO-8859-8", 0},
    {"iso-8859-9", "ISO-8859-9", 0},
    {"iso-8859-10", "ISO-8859-10", 0},
    {"iso-8859-11", "ISO-8859-11", 0},
    {"iso-8859-13", "ISO-8859-13", 0},
    {"iso-8859-14", "ISO-8859-14", 0},
    {"iso-8859-15", "ISO-8859-15", 0},
    {"iso-8859-16", "ISO-8859-16", 0},
    {"cp437", "CP437", 0},
    {"cp737", "CP737", 0},
    {"cp775", "CP775", 0},
    {"cp850", "CP850", 0},
    {"cp852", "CP852", 0},
    {"cp855", "CP855", 0},
    {"cp857", "CP857", 0},
    {"cp858", "CP858", 0},
    {"cp860", "CP860", 0},
    {"cp861", "CP861", 0},
    {"cp862", "CP862", 0},
    {"cp863", "CP863", 0},
    {"cp864", "CP864", 0},
    {"cp865", "CP865", 0},
    {"cp866", "CP866", 0},
    {"cp869", "CP869", 0},
    {"cp874", "CP874", 0},
    {"cp1250", "CP1250", 0},
    {"cp1251", "CP1251", 0},
    {"cp1253", "CP1253", 0},
    {"cp1254", "CP1254", 0},
    {"cp1255", "CP1255", 0},
    {"cp1256", "CP1256", 0},
    {"cp1257", "CP1257", 0},
    {"cp1258", "CP1258", 0},
    {"koi8-r", "KOI8-R", 0},
    {"koi8-u", "KOI8-U", 0},
    {"viscii", "VISCII", 0},
    {"macroman", "MACINTOSH", 0},
    {"maccyrillic", "MAC-CYRILLIC", 0},
    {"maccentraleurroman", "MAC-CENTRALEUROPE", 0},
    {"hp-roman8", "HP-ROMAN8", 0},
    {"euc-cn", "EUC-CN", CHARSET_WIDE},
    {"cp936", "GBK", CHARSET_WIDE},
    {"big5-eten", "BIG5", CHARSET_WIDE | CHARSET_NO_CONTROLS},
    {"big5-hkscs", "BIG5-HKSCS", CHARSET_WIDE | CHARSET_NO_CONTROLS},
    {"cp950", "CP950", CHARSET_WIDE},
    {"shiftjis", "SHIFT_JIS", CHARSET_WIDE | CHARSET_ASCII_LOW},
    {"cp932", "CP932", CHARSET_WIDE},
    {"euc-jp", "EUC-JP", CHARSET_WIDE | CHARSET_NO_CONTROLS | CHARSET_JIS_X_0213},
    {"iso-2022-jp", "EUC-JP", JIS_TRAITS},
    {"iso-2022-jp-1", "EUC-JP", JIS_TRAITS},
    {"7bit-jis", "EUC-JP", JIS_TRAITS},
    {"euc-kr", "EUC-KR", CHARSET_WIDE | CHARSET_NO_CONTROLS},
    {"cp949", "UHC", CHARSET_WIDE},
    {"johab", "JOHAB", CHARSET_WIDE},
    {"iso-2022-kr", "ISO-2022-KR", CHARSET_NOT_ASCII},
    {"utf-7", "UTF-7", CHARSET_NOT_ASCII},
    {"utf-16le", "UTF-16LE", CHARSET_NOT_ASCII},
    {"utf-16be", "UTF-16BE", CHARSET_NOT_ASCII},
    {"utf-32", "UTF-32", CHARSET_NOT_ASCII},
    {"utf-32le", "UTF-32LE", CHARSET_NOT_ASCII},
    {"utf-32be", "UTF-32BE", CHARSET_NOT_ASCII},
    {"ucs-2be", "UCS-2BE", CHARSET_NOT_ASCII},
    {"ucs-2le", "UCS-2LE", CHARSET_NOT_ASCII},
};

/* Other names, sorted by them. */
static const struct alias {
    const char *name, *set;
} aliases[] = {
    {"646", "ascii"},
    {"ansi-x3.4-1968", "ascii"},
    {"arabic", "iso-8859-6"},
    {"big-5", "big5-eten"},
    {"big5", "big5-eten"},
    {"big5-et", "big5-eten"},
    {"big5-hk", "big5-hkscs"},
    {"big5hk", "big5-hkscs"},
    {"big5hkscs", "big5-hkscs"},
    {"c", "ascii"},
    {"cn-big5", "big5-eten"},
    {"cp65000", "utf-7"},
    {"cp65001", "utf-8"},
    {"cyrillic", "iso-8859-5"},
    {"euccn", "euc-cn"},
    {"eucjp", "euc-jp"},
    {"euckr", "euc-kr"},
    {"gb-18030", "cp936"},
    {"gb-2312", "euc-cn"},
    {"gb-2312-80", "euc-cn"},
    {"gb18030", "cp936"},
    {"gb18030-2000", "cp936"},
    {"gb18030-2005", "cp936"},
    {"gb2312", "euc-cn"},
    {"gb2312-80", "euc-cn"},
    {"gb2312.1980-0", "euc-cn"},
    {"gbk", "cp936"},
    {"greek", "iso-8859-7"},
    {"hebrew", "iso-8859-8"},
    {"hz-gb-2312", "euc-cn"},
    {"iso-10646-1", "ucs-2be"},
    {"iso646-us", "ascii"},
    {"jis", "7bit-jis"},
    {"koi8r", "koi8-r"},
    {"koi8u", "koi8-u"},
    {"ks-c-5601-1987", "cp949"},
    {"mac-cyrillic", "maccyrillic"},
    {"mac-roman", "macroman"},
    {"macce", "maccentraleurroman"},
    {"macintosh", "macroman"},
    {"shift-jis", "shiftjis"},
    {"sjis", "shiftjis"},
    {"thai", "iso-8859-11"},
    {"tis-620", "iso-8859-11"},
    {"tis620", "iso-8859-11"},
    {"ucs-2", "ucs-2be"},
    {"ucs-2-le", "ucs-2le"},
    {"ucs-4", "utf-32"},
    {"ucs2", "ucs-2be"},
    {"ucs4", "utf-32"},
    {"uhc", "cp949"},
    {"ujis", "euc-jp"},
    {"unicode-1-1-utf-7", "utf-7"},
    {"us-ascii", "ascii"},
    {"usascii", "ascii"},
    {"utf16be", "utf-16be"},
    {"utf16le", "utf-16le"},
    {"utf32", "utf-32"},
    {"utf32be", "utf-32be"},
    {"utf32le", "utf-32le"},
    {"utf7", "utf-7"},
    {"utf8", "utf-8"},
    {"windows-31j", "cp932"},
};

/* In the one spelling; the octets kept, 0 if it is too long to be known. */
static size_t
spell(struct span name, char spelt[NAME_MAX_OCTETS])
{
    size_t len = 0;

    if ((span_starts_nocase(name, SPAN("x-")) || span_starts_nocase(name, SPAN("x_"))) &&
        !span_equal_nocase(name, SPAN("x-gbk"))) /* which Encode does not know */
        name = span_tail(name, 2);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (c == ' ' || (c >= '\t' && c <= '\r'))
            continue;
        if (len == NAME_MAX_OCTETS - 1)
            return 0;
        spelt[len++] = (char)(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    spelt[len] = '\0';
    return len;
}

/* The number behind `prefix` and a "-" that may be missing; 0: it is not of this family. */
static unsigned
family_number(struct span name, const char *prefix)
{
    uint64_t number = 0;

    if (!span_starts_nocase(name, span_of(prefix)))
        return 0;
    name = span_tail(name, strlen(prefix));
    if (name.len > 0 && name.data[0] == '-')
        name = span_tail(name, 1);
    return text_read_number(name, 1, 9999, &number) ? (unsigned)number : 0;
}

static void
write_number(const char *family, unsigned number, char spelt[NAME_MAX_OCTETS])
{
    size_t len = strlen(family), digits = 1;

    memcpy(spelt, family, len);
    for (unsigned rest = number; rest >= 10; rest /= 10)
        digits++;
    spelt[len + digits] = '\0';
    for (size_t i = digits; i-- > 0; number /= 10)
        spelt[len + i] = (char)('0' + number % 10);
}

/* Windows and DOS code pages, ISO 8859 by part or by the number of the Latin alphabet. */
static void
spell_family(struct span name, char spelt[NAME_MAX_OCTETS])
{
    static const char *const pages[]  = {"cp", "ibm", "ms", "windows"};
    static const char *const iso[]    = {"iso-8859-", "iso8859"};
    static const unsigned    latins[] = {0, 1, 2, 3, 4, 9, 10, 13, 14, 15, 16};
    unsigned                 number;

    for (size_t i = 0; i < COUNT_OF(pages); i++)
        if ((number = family_number(name, pages[i])) >= 10)
            write_number("cp", number, spelt);
    for (size_t i = 0; i < COUNT_OF(iso); i++)
        if ((number = family_number(name, iso[i])) > 0)
            write_number("iso-8859-", number, spelt);
    if ((number = family_number(name, "latin")) > 0 && number < COUNT_OF(latins))
        write_number("iso-8859-", latins[number], spelt);
}

static int
compare_alias(const void *name, const void *row)
{
    return strcmp(name, ((const struct alias *)row)->name);
}

int
charset_called(struct span name)
{
    char                spelt[NAME_MAX_OCTETS];
    size_t              len = spell(name, spelt);
    const struct alias *alias;
    const char         *set = spelt;

    if (len == 0)
        return CHARSET_UNKNOWN;
    if (span_equal_nocase(name, SPAN("iso-8859-1")) || span_equal_nocase(name, SPAN("iso8859-1")))
        return CHARSET_WINDOWS_1252; /* its control characters are never meant */
    spell_family((struct span){spelt, len}, spelt);
    alias = bsearch(spelt, aliases, COUNT_OF(aliases), sizeof(aliases[0]), compare_alias);
    if (alias != NULL)
        set = alias->set;
    for (int i = 0; charset_sets[i].name != NULL; i++)
        if (strcmp(set, charset_sets[i].name) == 0)
            return i;
    return CHARSET_UNKNOWN;
}

bool
charset_is_utf16(struct span name)
{
    return span_starts_nocase(name, SPAN("utf16")) || span_starts_nocase(name, SPAN("utf-16")) ||
           span_starts_nocase(name, SPAN("utf 16"));
}

bool
charset_is_us_ascii(struct span name)
{
    return span_equal_nocase(name, SPAN("us-ascii")) || span_equal_nocase(name, SPAN("ascii"));
}
