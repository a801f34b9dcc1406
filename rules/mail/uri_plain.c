/* Nothing here knows why: uri_forms.c does. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/count.h"
#include "rules/mail/uri_plain.h"
#include "rules/regex/regex.h"

static int
hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

static bool
is_escape(struct span text)
{
    return text.len > 2 && text.data[0] == '%' && hex(text.data[1]) >= 0 && hex(text.data[2]) >= 0;
}

bool
uri_has_escape(struct span uri)
{
    for (size_t i = 0; i + 2 < uri.len; i++)
        if (is_escape(span_tail(uri, i)))
            return true;
    return false;
}

void
uri_decode_escapes(struct span uri, struct bytes *decoded)
{
    (void)bytes_reserve(decoded, uri.len);
    for (size_t i = 0; i < uri.len; i++) {
        unsigned char c = (unsigned char)uri.data[i];

        if (is_escape(span_tail(uri, i))) {
            int value = hex(uri.data[i + 1]) * 16 + hex(uri.data[i + 2]);

            if (value > 0x20 && value < 0x7f)
                bytes_add_char(decoded, (char)value);
            else
                bytes_add(decoded, (struct span){uri.data + i, 3});
            i += 2;
        } else if (c <= ' ' || c >= 0x7f || c == '"' || c == '%' || c == '<' || c == '>') {
            bytes_printf(decoded, "%%%02x", c);
        } else {
            bytes_add_char(decoded, (char)c);
        }
    }
}

/* What a reference stands for, if it is what a pattern's group 1 or 2 may be: a number, decimal or hexadecimal; '\0' if
 * not. One without a group is a dot in disguise. */
static char
referred(const struct regex_found *found)
{
    struct span   hexadecimal = regex_group(found, 2), decimal = regex_group(found, 1);
    unsigned long value = '.';

    if (hexadecimal.data != NULL)
        value = strtoul(hexadecimal.data, NULL, 16);
    else if (decimal.data != NULL)
        value = strtoul(decimal.data, NULL, 10);
    return (char)value;
}

/* "&#46;" and "&#x2e;" are the characters that they stand for, where those are printable; some are dots in disguise. */
static void
decode_references(struct bytes *uri)
{
    static struct regex_built_in patterns[] = {
        {"&#0*(3[3-9]|[4-9]\\d|1[01]\\d|12[0-6]);", "", NULL},
        {"&#x0*()?(2[1-9]|[3-6][a-fA-F0-9]|7[0-9a-eA-E]);", "", NULL},
        {"&#(?:x2e|12290|x3002|65294|xff0e|65377|xff61);", "i", NULL},
    };

    if (uri->len == 0 || memmem(uri->data, uri->len, "&#", 2) == NULL)
        return;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct bytes       decoded = {0};
        struct regex_found found;
        size_t             at = 0;

        while (regex_find(regex_of(&patterns[i]), bytes_span(uri), at, &found)) {
            struct span all = regex_group(&found, 0);

            bytes_add(&decoded, (struct span){uri->data + at, (size_t)(all.data - uri->data) - at});
            bytes_add_char(&decoded, referred(&found));
            at = regex_next(&found);
        }
        bytes_add(&decoded, span_tail(bytes_span(uri), at));
        bytes_free(uri);
        *uri = decoded;
    }
}

size_t
uri_web_scheme(struct span uri)
{
    return span_starts_nocase(uri, SPAN("http:")) ? 5 : span_starts_nocase(uri, SPAN("https:")) ? 6 : 0;
}

static bool
has_scheme(struct span uri)
{
    size_t len = 0;

    while (len < uri.len && (isalnum((unsigned char)uri.data[len]) || uri.data[len] == '-' || uri.data[len] == '_'))
        len++;
    return len > 0 && len < uri.len && uri.data[len] == ':';
}

/* Slashes the right way round, and two behind the scheme. */
static void
turn_slashes(struct span uri, struct bytes *turned)
{
    size_t len = uri_web_scheme(uri), slashes = 0;

    bytes_add(turned, span_head(uri, len));
    while (len > 0 && slashes < 2 && len + slashes < uri.len &&
           (uri.data[len + slashes] == '/' || uri.data[len + slashes] == '\\'))
        slashes++;
    if (len > 0)
        bytes_add(turned, SPAN("//"));
    bytes_add(turned, span_tail(uri, len + slashes));
    for (size_t i = 0; i < turned->len; i++)
        if (turned->data[i] == '\\')
            turned->data[i] = '/';
}

/* "http://host?query": a slash is missing behind the host. Returns where; 0: none is. */
static size_t
missing_slash(struct span uri)
{
    size_t start = uri_web_scheme(uri) + 2, at = start;

    if (start == 2 || uri.len <= start || uri.data[start - 2] != '/' || uri.data[start - 1] != '/')
        return 0;
    while (at < uri.len && memchr("/?#", uri.data[at], 3) == NULL)
        at++;
    return at > start && at < uri.len && uri.data[at] != '/' ? at : 0;
}

void
uri_straighten(struct span uri, struct bytes *straight)
{
    struct bytes turned = {0}, decoded = {0};
    struct span  text;
    size_t       slash;

    turn_slashes(uri, &turned);
    text = bytes_span(&turned);
    if (uri_has_escape(text)) {
        uri_decode_escapes(text, &decoded);
        text = bytes_span(&decoded);
    }
    if (!has_scheme(text))
        bytes_add(straight, text.len >= 4 && memcmp(text.data, "ftp.", 4) == 0 ? SPAN("ftp://") : SPAN("http://"));
    bytes_add(straight, text);
    bytes_clear(&turned);
    slash = missing_slash(bytes_span(straight));
    if (slash > 0) {
        bytes_add(&turned, span_tail(bytes_span(straight), slash));
        straight->len = slash;
        bytes_add_char(straight, '/');
        bytes_add(straight, bytes_span(&turned));
    }
    decode_references(straight);
    bytes_free(&decoded);
    bytes_free(&turned);
}

/* One of the four numbers, "0x7f", "0177", "127", as a decimal. Leading zeros go, and a zero with them. */
static void
add_decimal(struct span number, struct bytes *dotted)
{
    static struct regex_built_in octal = {"^0+([1-3][0-7]{0,2}|[4-7][0-7]?)$", "", NULL};
    char                         decimal[24];
    size_t                       zeros = 0;
    struct regex_found           found;

    if (number.len > 2 && tolower((unsigned char)number.data[1]) == 'x') {
        (void)snprintf(decimal, sizeof(decimal), "%" PRIu64, (uint64_t)strtoull(number.data, NULL, 16));
        number = span_of(decimal);
    } else if (regex_find(regex_of(&octal), number, 0, &found)) {
        (void)snprintf(decimal, sizeof(decimal), "%lu", strtoul(regex_group(&found, 1).data, NULL, 8));
        number = span_of(decimal);
    }
    while (zeros < number.len && number.data[zeros] == '0')
        zeros++;
    bytes_add(dotted, span_tail(number, zeros));
}

/* "2130706433", "0x7f000001": of more than 32 bits, the first 32 of a decimal and the last of a hexadecimal. */
static void
add_dotted(struct span number, struct bytes *dotted)
{
    bool     hexadecimal = number.len > 2 && tolower((unsigned char)number.data[1]) == 'x';
    char     digits[24];
    uint64_t value;

    if (hexadecimal && number.len > 10)
        number = span_tail(number, number.len - 8);
    value = strtoull(number.data, NULL, hexadecimal ? 16 : 10);
    (void)snprintf(digits, sizeof(digits), "%08" PRIx64, value);
    digits[8] = '\0';
    value     = strtoull(digits, NULL, 16);
    bytes_printf(dotted, "%u.%u.%u.%u", (unsigned)(value >> 24) & 0xff, (unsigned)(value >> 16) & 0xff,
                 (unsigned)(value >> 8) & 0xff, (unsigned)value & 0xff);
}

bool
uri_make_dotted(struct span host, struct bytes *dotted)
{
    static struct regex_built_in one  = {"^(?:0x[0-9a-f]+|\\d+)$", "i", NULL};
    static struct regex_built_in four = {
        "^(0x[0-9a-f]+|\\d+)\\.(0x[0-9a-f]+|\\d+)\\.(0x[0-9a-f]+|\\d+)\\.(0x[0-9a-f]+|\\d+)$", "i", NULL};
    struct regex_found found;
    struct span        numbers[4];

    if (host.len == 0 || !isdigit((unsigned char)host.data[0]))
        return false;
    if (regex_matches(regex_of(&one), host)) {
        add_dotted(host, dotted);
        return true;
    }
    if (!regex_find(regex_of(&four), host, 0, &found))
        return false;
    for (size_t i = 0; i < 4; i++)
        numbers[i] = regex_group(&found, i + 1);
    for (size_t i = 0; i < 4; i++) {
        add_decimal(numbers[i], dotted);
        if (i < 3)
            bytes_add_char(dotted, '.');
    }
    return true;
}
