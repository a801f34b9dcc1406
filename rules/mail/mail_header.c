/* Header blocks, line by line: what is no field is passed over, as long as there is little of it. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/mail_header.h"
#include "rules/mail/words.h"

static bool
is_continuation(struct span text)
{
    return text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t');
}

static bool
is_empty_line(struct span text)
{
    return text.len > 0 && text.data[0] == '\n';
}

bool
mail_headers_begin(struct span text)
{
    size_t at = 0;

    while (at < text.len && text.data[at] > ' ' && text.data[at] < 0x7f && text.data[at] != ':')
        at++;
    if (at == 0)
        return false;
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at < text.len && text.data[at] == ':';
}

/* The first line and those that continue it. */
static size_t
field_length(struct span text)
{
    size_t len = text_line(text).len;

    while (is_continuation(span_tail(text, len)))
        len += text_line(span_tail(text, len)).len;
    return len;
}

static struct span
cut_at(struct span span, size_t most)
{
    return span.len > most ? span_head(span, most) : span;
}

void
mail_headers_add(struct mail_headers *headers, struct arena *arena, struct span name, struct span raw)
{
    if (headers->count == headers->capacity) {
        headers->capacity = headers->capacity > 0 ? headers->capacity * 2 : 32;
        headers->items    = memory_resize_array(headers->items, headers->capacity, sizeof(headers->items[0]));
    }
    bytes_clear(&headers->value);
    words_decode(name, raw, &headers->value);
    bytes_add_char(&headers->value, '\n');
    headers->items[headers->count++] = (struct mail_header){name, raw, arena_copy(arena, bytes_span(&headers->value))};
}

static void
add_field(struct mail_headers *headers, struct arena *arena, struct span field, struct mail_header_flaws *flaws)
{
    const char *colon = memchr(field.data, ':', field.len);
    struct span name, raw;

    if (colon == NULL || headers->count == MAIL_HEADERS_MAX)
        return;
    name = span_head(field, (size_t)(colon - field.data));
    raw  = span_tail(field, name.len + 1);
    while (name.len > 0 && (name.data[name.len - 1] == ' ' || name.data[name.len - 1] == '\t'))
        name.len--;
    flaws->truncated_header |= name.len > MAIL_HEADER_NAME_MAX || raw.len > MAIL_HEADER_VALUE_MAX;
    mail_headers_add(headers, arena, cut_at(name, MAIL_HEADER_NAME_MAX), cut_at(raw, MAIL_HEADER_VALUE_MAX));
}

/* Is the whole of it more than rules see? */
static bool
is_long(const struct mail_headers *headers)
{
    size_t raw = 0, decoded = 0;

    for (size_t i = 0; i < headers->count; i++) {
        raw += headers->items[i].name.len + headers->items[i].raw.len + 2;
        decoded += headers->items[i].name.len + headers->items[i].value.len + 2;
    }
    return raw > MAIL_HEADER_MAX || decoded > MAIL_HEADER_MAX;
}

size_t
mail_headers_separator(struct span message)
{
    struct span line = text_line(message);

    if (line.len < 5 || memcmp(line.data, "From", 4) != 0 || !text_is_space(line.data[4]))
        return 0;
    return line.len > 5 && line.data[5] == ':' ? 0 : line.len;
}

bool
mail_headers_end(struct span rest, unsigned *odd)
{
    if (is_empty_line(rest) || span_starts(rest, SPAN("--")))
        return true;
    return !is_continuation(rest) && !mail_headers_begin(rest) && ++*odd > MAIL_HEADER_ODD_MAX;
}

size_t
mail_headers_read(struct mail_headers *headers, struct arena *arena, struct span message,
                  struct mail_header_flaws *flaws)
{
    struct span rest = message;
    unsigned    odd  = 0;

    *flaws = (struct mail_header_flaws){.missing_head_body_separator = message.len > 0};
    while (rest.len > 0 && !mail_headers_end(rest, &odd)) {
        size_t len = field_length(rest);

        add_field(headers, arena, span_head(rest, len), flaws);
        rest = span_tail(rest, len);
    }
    if (is_empty_line(rest)) {
        rest                               = span_tail(rest, 1);
        flaws->missing_head_body_separator = false;
    }
    flaws->truncated_header |= is_long(headers);
    return message.len - rest.len;
}

struct span
mail_headers_last(const struct mail_headers *headers, struct span name)
{
    for (size_t i = headers->count; i > 0; i--)
        if (span_equal_nocase(headers->items[i - 1].name, name))
            return span_head(headers->items[i - 1].value, headers->items[i - 1].value.len - 1);
    return (struct span){0};
}

void
mail_headers_free(struct mail_headers *headers)
{
    free(headers->items);
    bytes_free(&headers->value);
    *headers = (struct mail_headers){0};
}
