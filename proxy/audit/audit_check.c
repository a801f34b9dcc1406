/* A reader of JSON as audit_record.c writes it: each function below takes one thing off the text, or says false. */
#include "proxy/audit/audit_check.h"
#include <endian.h>
#include <stdint.h>

#include "base/text.h"
#include "base/utf8.h"

static bool
take_text(struct span *text, struct span what)
{
    if (!span_starts(*text, what))
        return false;
    *text = span_tail(*text, what.len);
    return true;
}

static inline bool
take_char(struct span *text, char c)
{
    if (text->len == 0 || text->data[0] != c)
        return false;
    *text = span_tail(*text, 1);
    return true;
}

static inline bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
is_hex(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static inline bool
is_name(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_' || is_digit(c);
}

/* Takes as many octets of that kind as there are. */
static inline size_t
take_all(struct span *text, bool (*is)(char))
{
    size_t len = 0;

    while (len < text->len && is(text->data[len]))
        len++;
    *text = span_tail(*text, len);
    return len;
}

#define EACH(octet) (0x0101010101010101ULL * (octet))

/* Marks, by the highest bit of each, octets that are 0; above the first there may be marks too many. */
static inline uint64_t
mark_zero(uint64_t eight)
{
    return (eight - EACH(0x01)) & ~eight & EACH(0x80);
}

/*
 * How many octets stand for themselves up to the first that does not, which is near: in a record there is a quote every
 * ten octets or so. (text_plain_length() is for texts that are plain throughout.)
 */
static size_t
plain_length(struct span text)
{
    size_t len = 0;

    for (; text.len - len >= 8; len += 8) {
        uint64_t eight, marks;

        memcpy(&eight, text.data + len, 8);
        eight = le64toh(eight);
        marks = ((eight - EACH(0x20)) & ~eight & EACH(0x80)) | (eight & EACH(0x80)) | mark_zero(eight ^ EACH(0x7f)) |
                mark_zero(eight ^ EACH('"')) | mark_zero(eight ^ EACH('\\'));
        if (marks != 0)
            return len + (size_t)__builtin_ctzll(marks) / 8;
    }
    return len + text_plain_length(span_tail(text, len), '"', '\\');
}

/* The octets of an escape, or of a character beyond ASCII, that the text begins with; 0: it is neither. */
static size_t
special_length(struct span text)
{
    unsigned code = 0;
    size_t   size;
    bool     surrogate;

    if (text.data[0] != '\\') {
        size = utf8_read(text, &code);
        return code > 0x9f ? size : 0;
    }
    if (text.len > 1 && text.data[1] != '\0' && strchr("\"\\/bfnrt", text.data[1]) != NULL)
        return 2;
    if (!take_text(&text, SPAN("\\u")))
        return 0;
    surrogate = text.len > 1 && (text.data[0] | 0x20) == 'd' && text.data[1] > '7';
    return take_all(&text, is_hex) >= 4 && !surrogate ? 6 : 0;
}

static bool
take_string(struct span *text)
{
    if (!take_char(text, '"'))
        return false;
    for (;;) {
        size_t len;

        *text = span_tail(*text, plain_length(*text));
        if (take_char(text, '"'))
            return true;
        len = text->len > 0 ? special_length(*text) : 0;
        if (len == 0)
            return false;
        *text = span_tail(*text, len);
    }
}

static bool
take_list(struct span *text)
{
    if (!take_char(text, '['))
        return false;
    if (take_char(text, ']'))
        return true;
    do
        if (!take_string(text))
            return false;
    while (take_char(text, ','));
    return take_char(text, ']');
}

static bool
take_digits(struct span *text)
{
    return take_all(text, is_digit) > 0;
}

static bool
take_number(struct span *text)
{
    (void)take_char(text, '-');
    if (!take_char(text, '0') && !take_digits(text))
        return false;
    if (take_char(text, '.') && !take_digits(text))
        return false;
    if (!take_char(text, 'e'))
        return true;
    (void)(take_char(text, '+') || take_char(text, '-'));
    return take_digits(text);
}

static bool
take_value(struct span *text)
{
    switch (text->len > 0 ? text->data[0] : '\0') {
    case '"':
        return take_string(text);
    case '[':
        return take_list(text);
    case 't':
        return take_text(text, SPAN("true"));
    case 'f':
        return take_text(text, SPAN("false"));
    default:
        return take_number(text);
    }
}

/* Names that stand elsewhere in a record, and would be there twice. */
static bool
is_reserved(struct span name)
{
    return span_equal(name, SPAN("time")) || span_equal(name, SPAN("event")) || span_equal(name, SPAN("worker"));
}

static bool
take_member(struct span *text)
{
    struct span name;

    if (!take_char(text, '"'))
        return false;
    name  = span_head(*text, plain_length(*text));
    *text = span_tail(*text, name.len);
    return name.len > 0 && !is_reserved(name) && take_char(text, '"') && take_char(text, ':') && take_value(text);
}

static bool
take_time(struct span *text)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z";

    if (text->len < sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == '0' ? !is_digit(text->data[i]) : text->data[i] != form[i])
            return false;
    *text = span_tail(*text, sizeof(form) - 1);
    return true;
}

bool
audit_check(struct span line)
{
    if (!take_text(&line, SPAN("{\"time\":\"")) || !take_time(&line) || !take_text(&line, SPAN("\",\"event\":\"")) ||
        take_all(&line, is_name) == 0 || !take_char(&line, '"'))
        return false;
    while (take_char(&line, ','))
        if (!take_member(&line))
            return false;
    return span_equal(line, SPAN("}\n"));
}
