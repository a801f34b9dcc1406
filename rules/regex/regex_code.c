/* Letters, tables of characters, and the call that compiles. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "rules/regex/regex_code.h"

static const struct {
    char     letter;
    uint32_t option;
} flag_options[] = {
    {'i', PCRE2_CASELESS},
    {'m', PCRE2_MULTILINE},
    {'s', PCRE2_DOTALL},
    {'x', PCRE2_EXTENDED},
    {'n', PCRE2_NO_AUTO_CAPTURE},
    {'A', PCRE2_ANCHORED},
    {'E', PCRE2_DOLLAR_ENDONLY},
    {'U', PCRE2_UNGREEDY},
    {'a', 0},
    {'d', 0},
    {'g', 0},
    {'l', 0},
    {'o', 0},
    {'p', 0},
    {'u', 0},
};

int
regex_code_options(struct span flags, uint32_t *options, struct bytes *why)
{
    for (size_t i = 0; i < flags.len; i++) {
        size_t row = 0;

        while (row < COUNT_OF(flag_options) && flag_options[row].letter != flags.data[i])
            row++;
        if (row == COUNT_OF(flag_options)) {
            bytes_printf(why, isprint((unsigned char)flags.data[i]) ? "unknown flag '%c'" : "unknown flag \\x%02x",
                         (unsigned char)flags.data[i]);
            return -1;
        }
        *options |= flag_options[row].option;
    }
    return 0;
}

/*
 * PCRE2's tables of characters, in which the letters of Latin-1 have a lower case and another case, and all else is as
 * in ASCII. The tables begin with these two, of 256 octets each; tests/unit/regex/test_regex.c sees that they do.
 */
static pcre2_compile_context *
latin_context(void)
{
    static pcre2_compile_context *context;
    uint8_t                      *tables;

    if (context != NULL)
        return context;
    tables  = (uint8_t *)pcre2_maketables(NULL);
    context = pcre2_compile_context_create(NULL);
    if (tables == NULL || context == NULL)
        abort();
    for (unsigned upper = 0xc0; upper <= 0xde; upper++) {
        if (upper == 0xd7)
            continue;
        tables[upper]              = (uint8_t)(upper + 0x20);
        tables[256 + upper]        = (uint8_t)(upper + 0x20);
        tables[256 + upper + 0x20] = (uint8_t)upper;
    }
    (void)pcre2_set_character_tables(context, tables);
    return context;
}

pcre2_code *
regex_code_compile(struct span pattern, struct span flags, uint32_t options, bool *too_large, struct bytes *why)
{
    pcre2_compile_context *context =
        flags.len > 0 && memchr(flags.data, 'a', flags.len) != NULL ? latin_context() : NULL;
    PCRE2_UCHAR message[256];
    PCRE2_SIZE  offset = 0;
    int         code   = 0;
    pcre2_code *compiled;

    compiled   = pcre2_compile((PCRE2_SPTR)(pattern.len > 0 ? pattern.data : ""), pattern.len,
                               options | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF |
                                   PCRE2_NEVER_UCP | PCRE2_DUPNAMES,
                               &code, &offset, context);
    *too_large = compiled == NULL && code == PCRE2_ERROR_PATTERN_TOO_LARGE;
    if (compiled == NULL) {
        (void)pcre2_get_error_message(code, message, sizeof(message));
        bytes_printf(why, "%s at offset %zu", (const char *)message, (size_t)offset);
    }
    return compiled;
}
