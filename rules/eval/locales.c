/* Charsets by name, without what is not a letter or a digit. */
#include "rules/eval/locales.h"
#include "base/count.h"
#include "base/text.h"

enum { JAPANESE = 1, KOREAN = 2, CYRILLIC = 4, THAI = 8, CHINESE = 16, NAME_MAX_OCTETS = 40 };

static const struct {
    char     name[3];
    unsigned languages;
} languages[] = {
    {"ja", JAPANESE}, {"ko", KOREAN},   {"ru", CYRILLIC}, {"ka", CYRILLIC}, {"tg", CYRILLIC},
    {"be", CYRILLIC}, {"uk", CYRILLIC}, {"bg", CYRILLIC}, {"th", THAI},     {"zh", CHINESE},
};

static const struct {
    const char *name;
    unsigned    languages;
} charsets[] = {
    {"EUCJP", JAPANESE},
    {"ISO2022JP", JAPANESE},
    {"JIS7", JAPANESE},
    {"SJIS", JAPANESE},
    {"SHIFTJIS", JAPANESE},
    {"JISX0201", JAPANESE},
    {"JISX0208", JAPANESE},
    {"JISX0212", JAPANESE},
    {"JISX020119760", JAPANESE},
    {"JISX020819830", JAPANESE},
    {"JISX020819900", JAPANESE},
    {"JISX020819970", JAPANESE},
    {"JISX021219900", JAPANESE},
    {"JISX021320001", JAPANESE},
    {"JISX021320002", JAPANESE},
    {"EUCKR", KOREAN},
    {"KSC56011987", KOREAN},
    {"KOI8R", CYRILLIC},
    {"KOI8U", CYRILLIC},
    {"KOI8T", CYRILLIC},
    {"ISOIR111", CYRILLIC},
    {"CP1251", CYRILLIC},
    {"CP866", CYRILLIC},
    {"GEORGIANPS", CYRILLIC},
    {"PT154", CYRILLIC},
    {"TIS620", THAI},
    {"GB1988", CHINESE},
    {"GB2312", CHINESE},
    {"GB231219800", CHINESE},
    {"GB18030", CHINESE},
    {"GBK", CHINESE},
    {"BIG5", CHINESE},
    {"BIG5HKSCS", CHINESE},
    {"EUCTW", CHINESE},
    {"ISO2022CN", CHINESE},
};

/* Of every language: those that are called so, and those whose names begin so. */
static const char *const known_names[]  = {"USASCII", "ASCII", "IBM852", "XUNKNOWN", "ISO"};
static const char *const known_starts[] = {"ISO8859", "ISO10646", "UTF",           "UCS",
                                           "CP125",   "WINDOWS",  "UNICODE11UTF7", "UNICODE11UTF8"};

void
locales_read(struct locales *locales, struct span value)
{
    *locales = (struct locales){.some = true};
    for (struct span word = text_next_word(&value); word.len > 0; word = text_next_word(&value)) {
        if (span_equal(word, SPAN("all")))
            locales->some = false;
        for (size_t i = 0; i < COUNT_OF(languages) && word.len >= 2; i++)
            if (memcmp(word.data, languages[i].name, 2) == 0)
                locales->languages |= languages[i].languages;
    }
}

/* Capitals and digits alone; "3D" is what is left of a "=" that was encoded twice. */
static struct span
plain_name(struct span charset, char name[NAME_MAX_OCTETS])
{
    size_t len = 0, kept = 0;

    for (size_t i = 0; i < charset.len && len < NAME_MAX_OCTETS; i++) {
        char c = charset.data[i];

        if (text_is_alphanumeric(c))
            name[len++] = (char)(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
    }
    for (size_t i = 0; i < len; i++)
        if (i + 1 < len && name[i] == '3' && name[i + 1] == 'D')
            i++;
        else
            name[kept++] = name[i];
    return (struct span){name, kept};
}

static bool
is_universal(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(known_names); i++)
        if (span_equal(name, span_of(known_names[i])))
            return true;
    for (size_t i = 0; i < COUNT_OF(known_starts); i++)
        if (span_starts_nocase(name, span_of(known_starts[i])))
            return true;
    return false;
}

bool
locales_allow(const struct locales *locales, struct span charset)
{
    char        memory[NAME_MAX_OCTETS];
    struct span name = plain_name(charset, memory);

    if (!locales->some || is_universal(name))
        return true;
    for (size_t i = 0; i < COUNT_OF(charsets); i++)
        if (span_equal(name, span_of(charsets[i].name)))
            return (charsets[i].languages & locales->languages) != 0;
    return false;
}
