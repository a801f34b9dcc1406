/*
 * A reader of JSON as audit_record.c writes it: each function below takes one thing off the text, or says false. What
 * the octets that do not stand for themselves are, most of them quotes, is found out for the whole line at first.
 */
#include <stdint.h>

#include "base/block.h"
#include "base/utf8.h"
#include "proxy/audit/audit_check.h"
#include "proxy/audit/audit_packet.h"

/* What is left of a line. */
struct text {
    const char     *at, *end;
    const char     *line;
    const uint32_t *marks; /* a bit for each octet of the line that does not stand for itself in a string */
};

/* Signed: octets beyond ASCII are below a space. */
BLOCK_INLINE uint32_t
mark(const char *octets)
{
    signed_block here;
    block        marks;

    memcpy(&here, octets, BLOCK);
    marks = (block)((here < ' ') | (here == 0x7f) | (here == '"') | (here == '\\'));
    return block_bits(&marks);
}

/* The part of a block that is left at the end is copied out before it is looked at; behind the end all is marked. */
FOR_THIS_PROCESSOR static void
mark_all(struct span line, uint32_t *marks)
{
    char rest[BLOCK] = {0};

    for (; line.len >= BLOCK; line = span_tail(line, BLOCK))
        *marks++ = mark(line.data);
    memcpy(rest, line.data, line.len);
    *marks = mark(rest);
}

/* Goes over the octets that stand for themselves. The line's end is marked. */
static inline void
pass_plain(struct text *text)
{
    size_t   at    = (size_t)(text->at - text->line);
    size_t   word  = at / BLOCK;
    uint32_t marks = text->marks[word] & UINT32_MAX << at % BLOCK;

    while (marks == 0)
        marks = text->marks[++word];
    text->at = text->line + word * BLOCK + (size_t)__builtin_ctz(marks);
}

static inline bool
take_text(struct text *text, struct span what)
{
    if ((size_t)(text->end - text->at) < what.len || memcmp(text->at, what.data, what.len) != 0)
        return false;
    text->at += what.len;
    return true;
}

static inline bool
take_char(struct text *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
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
take_all(struct text *text, bool (*is)(char))
{
    const char *start = text->at;

    while (text->at < text->end && is(*text->at))
        text->at++;
    return (size_t)(text->at - start);
}

/* Takes four digits that are not half of a surrogate pair. */
static bool
take_code(struct text *text)
{
    const char *code = text->at;

    if (take_all(text, is_hex) < 4 || ((code[0] | 0x20) == 'd' && code[1] > '7'))
        return false;
    text->at = code + 4;
    return true;
}

static bool
take_escape(struct text *text)
{
    if (take_text(text, SPAN("\\u")))
        return take_code(text);
    text->at++;
    return text->at < text->end && *text->at != '\0' && strchr("\"\\/bfnrt", *text->at++) != NULL;
}

/* A character beyond ASCII that is no control character. */
static bool
take_character(struct text *text)
{
    unsigned code = 0;
    size_t   size = utf8_read((struct span){text->at, (size_t)(text->end - text->at)}, &code);

    text->at += size;
    return size > 0 && code > 0x9f;
}

static inline bool
take_string(struct text *text)
{
    if (!take_char(text, '"'))
        return false;
    for (;;) {
        pass_plain(text);
        if (take_char(text, '"'))
            return true;
        if (text->at == text->end || !(*text->at == '\\' ? take_escape(text) : take_character(text)))
            return false;
    }
}

static bool
take_list(struct text *text)
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
take_digits(struct text *text)
{
    return take_all(text, is_digit) > 0;
}

static bool
take_number(struct text *text)
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
take_value(struct text *text)
{
    switch (text->at < text->end ? *text->at : '\0') {
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

static inline bool
take_member(struct text *text)
{
    struct span name;

    if (!take_char(text, '"'))
        return false;
    name.data = text->at;
    pass_plain(text);
    name.len = (size_t)(text->at - name.data);
    return name.len > 0 && !is_reserved(name) && take_char(text, '"') && take_char(text, ':') && take_value(text);
}

static bool
take_time(struct text *text)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z";

    for (const char *want = form; *want != '\0'; want++, text->at++)
        if (text->at == text->end || (*want == '0' ? !is_digit(*text->at) : *text->at != *want))
            return false;
    return true;
}

static bool
take_record(struct text *text)
{
    if (!take_text(text, SPAN("{\"time\":\"")) || !take_time(text) || !take_text(text, SPAN("\",\"event\":\"")) ||
        take_all(text, is_name) == 0 || !take_char(text, '"'))
        return false;
    while (take_char(text, ','))
        if (!take_member(text))
            return false;
    return take_text(text, SPAN("}\n")) && text->at == text->end;
}

bool
audit_check(struct span line)
{
    static uint32_t marks[AUDIT_LINE_MAX / BLOCK + 1];
    struct text     text = {.at = line.data, .end = line.data + line.len, .line = line.data, .marks = marks};

    if (line.len > AUDIT_LINE_MAX)
        return false;
    mark_all(line, marks);
    return take_record(&text);
}
