/*
 * A header block taken apart. headers_length() and headers_parse() share one judgement of what a line is.
 */
#include <assert.h>
#include <endian.h>
#include <stdint.h>

#include "filters/header_line.h"
#include "rules/mail/mail_header.h"

/* What a line is, judged by its first octets. An odd one is no field and stands among fields; any other ends them. */
enum line_kind { LINE_UNDECIDED, LINE_FIELD, LINE_FROM, LINE_ODD, LINE_CONTINUES, LINE_EMPTY, LINE_OTHER };

/* Octets of names: '!' to '~', but no colon. */
static bool
is_name_octet(char c)
{
    return c > ' ' && c <= '~' && c != ':';
}

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/*
 * Sets the top bit of each of eight octets that cannot stand in a name. Behind the first such octet it may also be set
 * for others.
 */
static uint64_t
mark_others(uint64_t octets)
{
    uint64_t colon = octets ^ EACH(':'), del = octets ^ EACH(0x7f);

    return (((octets - EACH('!')) & ~octets) | ((colon - EACH(1)) & ~colon) | ((del - EACH(1)) & ~del) | octets) &
           EACH(0x80);
}

/* How many octets of `text` are a name, up to `limit`. */
static inline size_t
name_length(const char *text, size_t limit)
{
    size_t at = 0;

    for (; at + 8 <= limit; at += 8) {
        uint64_t octets, others;

        memcpy(&octets, text + at, sizeof(octets));
        others = mark_others(le64toh(octets));
        if (others != 0)
            return at + (size_t)__builtin_ctzll(others) / 8;
    }
    while (at < limit && is_name_octet(text[at]))
        at++;
    return at;
}

/*
 * Finds "name", white space and colon at the start of `text`. The colon of a field stands within HEADER_NAME_MAX, so
 * that a line without end is given up early and never looked at twice.
 */
static inline enum line_kind
read_name(struct span text, size_t *name_len, size_t *colon)
{
    size_t limit = text.len < HEADER_NAME_MAX ? text.len : HEADER_NAME_MAX;
    size_t at    = name_length(text.data, limit);

    *name_len = at;
    if (at == 0)
        return LINE_OTHER;
    while (at < limit && text.data[at] != ':' && header_is_blank(text.data[at]))
        at++;
    *colon = at;
    if (at == limit)
        return limit < HEADER_NAME_MAX ? LINE_UNDECIDED : LINE_OTHER;
    return text.data[at] == ':' ? LINE_FIELD : LINE_OTHER;
}

bool
header_split(struct span line, struct span *name, struct span *value)
{
    size_t name_len, colon;

    if (line.len == 0 || read_name(line, &name_len, &colon) != LINE_FIELD)
        return false;
    *name  = span_head(line, name_len);
    *value = span_tail(line, colon + 1);
    return true;
}

/* A line that is no field, in a block of which `scan` has seen what stands in front. */
static enum line_kind
judge_odd_line(struct span text, const struct headers_scan *scan)
{
    if (scan->at == 0 && span_starts(text, SPAN("From ")))
        return LINE_FROM;
    return scan->fields && scan->odd < MAIL_HEADER_ODD_MAX ? LINE_ODD : LINE_OTHER;
}

/* Judges the line that `text` starts with: it stands at `scan->at`. */
static inline enum line_kind
judge_line(struct span text, const struct headers_scan *scan, size_t *name_len, size_t *colon)
{
    enum line_kind kind;

    if (text.len == 0)
        return LINE_UNDECIDED;
    if (header_is_blank(text.data[0]))
        return scan->at == 0 ? LINE_OTHER : LINE_CONTINUES;
    if (text.data[0] == '\n')
        return LINE_EMPTY;
    if (text.data[0] == '\r' && text.len == 1)
        return LINE_UNDECIDED;
    if (text.data[0] == '\r')
        return text.data[1] == '\n' ? LINE_EMPTY : judge_odd_line(text, scan);
    if (span_starts(text, SPAN("--")))
        return LINE_OTHER;
    kind = read_name(text, name_len, colon);
    return kind == LINE_OTHER ? judge_odd_line(text, scan) : kind;
}

static inline void
note_line(struct headers_scan *scan, enum line_kind kind)
{
    scan->fields = scan->fields || kind == LINE_FIELD;
    scan->odd += kind == LINE_ODD;
}

ssize_t
headers_length(struct span text, struct headers_scan *scan)
{
    size_t         name_len, colon;
    enum line_kind kind;
    const char    *end;

    for (;;) {
        size_t at = scan->at;

        if (at == 0 || text.data[at - 1] == '\n') {
            struct span line = text.len > at ? span_tail(text, at) : (struct span){"", 0};

            kind = judge_line(line, scan, &name_len, &colon);
            if (kind == LINE_UNDECIDED)
                return -1;
            if (kind == LINE_EMPTY)
                return (ssize_t)(at + (line.data[0] == '\r' ? 2 : 1));
            if (kind == LINE_OTHER)
                return (ssize_t)at;
            note_line(scan, kind);
        }
        scan->at = text.len;
        end      = text.len > at ? memchr(text.data + at, '\n', text.len - at) : NULL;
        if (end == NULL)
            return -1;
        scan->at = (size_t)(end - text.data) + 1;
    }
}

/* The field that `text` starts with: its line and those that continue it. */
static struct span
whole_field(struct span text)
{
    size_t at = 0;

    do {
        const char *end = memchr(text.data + at, '\n', text.len - at);

        if (end == NULL)
            return text;
        at = (size_t)(end - text.data) + 1;
    } while (at < text.len && header_is_blank(text.data[at]));
    return span_head(text, at);
}

static struct span
line_end_of(struct span block)
{
    const char *end = block.len > 0 ? memchr(block.data, '\n', block.len) : NULL;
    bool        bare_lf;

    bare_lf = end != NULL && (end == block.data || end[-1] != '\r');
    return bare_lf ? SPAN("\n") : SPAN("\r\n");
}

/* The block ends in front of `behind`, whose first line is of this kind. Returns the length of the block. */
static size_t
finish_block(struct header_list *list, struct span text, struct span behind, enum line_kind kind)
{
    bool   crlf      = kind == LINE_EMPTY && behind.data[0] == '\r';
    size_t separator = (size_t)(kind == LINE_EMPTY) + crlf, rest = kind == LINE_UNDECIDED ? behind.len : 0;

    list->raw          = span_head(text, text.len - behind.len + separator + rest);
    list->line_end     = line_end_of(list->raw);
    list->separator    = span_head(behind, separator);
    list->rest         = span_head(behind, rest);
    list->body_follows = kind == LINE_OTHER;
    list->headless     = separator == 0 && (list->count == 0 || (list->count == 1 && list->fields[0].name.len == 0));
    return list->raw.len;
}

/* The field behind the last; a line that is none has no name. */
static inline void
add_field(struct header_list *list, struct span text, size_t name_len, size_t value_at)
{
    struct header_field *field;

    header_make_room(list);
    field        = &list->fields[list->count++];
    field->text  = text;
    field->name  = span_head(text, name_len);
    field->value = span_tail(header_trim_end(text), value_at);
    field->owned = NULL;
}

size_t
headers_parse(struct header_list *list, struct span text)
{
    struct span         at       = text.len > 0 ? text : (struct span){"", 0}, field;
    struct headers_scan scan     = {0};
    size_t              name_len = 0, colon = 0;

    assert(list->count + list->waiting == 0);
    for (;;) {
        enum line_kind kind = judge_line(at, &scan, &name_len, &colon);

        if (kind != LINE_FIELD && kind != LINE_FROM && kind != LINE_ODD)
            return finish_block(list, text, at, kind);
        note_line(&scan, kind);
        field = whole_field(at);
        if (kind == LINE_FIELD)
            add_field(list, field, name_len, colon + 1);
        else
            add_field(list, field, 0, kind == LINE_FROM ? strlen("From ") : 0);
        scan.at += field.len;
        at = span_tail(at, field.len);
    }
}
