/* Header fields of MIME parts, as SpamAssassin's mimeheader rules see them. */
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/spamassassin/mimeheader.h"

int
mimeheader_read(struct mimeheader *header, struct span text, struct bytes *why)
{
    const char *colon = text.len > 0 ? memchr(text.data, ':', text.len) : NULL;
    struct span name  = span_head(text, colon != NULL ? (size_t)(colon - text.data) : text.len);
    struct span rest  = span_tail(text, name.len);

    header->raw = span_equal(rest, SPAN(":raw"));
    if (name.len == 0 || (!header->raw && rest.len > 1)) {
        bytes_printf(why, "\"%.*s\" is no field of a MIME part", SPAN_ARG(text));
        return -1;
    }
    header->name = span_equal(name, SPAN("ALL")) ? NULL : memory_copy_span(name);
    return 0;
}

void
mimeheader_read_range(struct mimeheader *header, struct span text)
{
    const char *dash  = text.len > 0 ? memchr(text.data, '-', text.len) : NULL;
    struct span left  = span_head(text, dash != NULL ? (size_t)(dash - text.data) : text.len);
    struct span right = dash != NULL ? span_tail(text, left.len + 1) : left;
    uint64_t    first = 0, last = MIMEHEADER_PARTS_MAX;

    if ((left.len > 0 && !text_read_number(left, 0, UINT32_MAX, &first)) ||
        (right.len > 0 && !text_read_number(right, 0, UINT32_MAX, &last)) || left.len + right.len == 0)
        return;
    header->first = (unsigned)first;
    header->last  = (unsigned)last;
}

/* A raw value as the whole header shows it: line ends and the white space behind them are a space. */
static void
add_unfolded(struct span raw, struct bytes *text)
{
    while (raw.len > 0) {
        const char *newline = memchr(raw.data, '\n', raw.len);
        size_t      len = newline != NULL ? (size_t)(newline - raw.data) : raw.len, space = len + 1;

        while (space < raw.len && (raw.data[space] == ' ' || (raw.data[space] >= '\t' && raw.data[space] <= '\r')))
            space++;
        if (newline == NULL || space == len + 1) {
            bytes_add(text, span_head(raw, newline != NULL ? len + 1 : len));
            raw = span_tail(raw, newline != NULL ? len + 1 : len);
            continue;
        }
        bytes_add(text, span_head(raw, len - (len > 0 && raw.data[len - 1] == '\r')));
        bytes_add_char(text, ' ');
        raw = span_tail(raw, space);
    }
}

static struct span
all_fields(const struct mimeheader *header, const struct mime_part *part, struct bytes *memory)
{
    bytes_clear(memory);
    for (size_t i = 0; i < part->headers.count && memory->len < MAIL_HEADER_MAX; i++) {
        const struct mail_header *field = &part->headers.items[i];

        bytes_add(memory, field->name);
        bytes_add(memory, SPAN(": "));
        if (header->raw)
            add_unfolded(field->raw, memory);
        else
            bytes_add(memory, field->value);
    }
    return bytes_span(memory);
}

struct span
mimeheader_value(const struct mimeheader *header, const struct mime_part *part, struct bytes *memory, bool *present)
{
    struct span name = span_of(header->name);

    *present = true;
    if (header->name == NULL)
        return all_fields(header, part, memory);
    for (size_t i = part->headers.count; i > 0; i--)
        if (span_equal_nocase(part->headers.items[i - 1].name, name))
            return header->raw ? part->headers.items[i - 1].raw : part->headers.items[i - 1].value;
    *present = header->raw; /* nobody may say what a raw field is that is not there */
    return SPAN("");
}

void
mimeheader_clear(struct mimeheader *header)
{
    free(header->name);
    header->name = NULL;
    header->raw  = false;
}
