/* Field by field, as long as the range goes. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/header_text.h"

/* Where in the range we are. */
struct walk {
    struct header_range range;
    size_t              received; /* fields so far, the one at hand among them */
    bool                over;
    struct spans       *fields;
};

static void
add_field(struct walk *walk, struct span name, struct span text)
{
    bool   is_received = span_equal_nocase(name, SPAN("Received"));
    size_t number;

    walk->received += is_received;
    number = walk->received - 1; /* of the Received field above this one, or this one */
    if (walk->over || (!walk->range.from_top && (walk->received == 0 || number < walk->range.first)))
        return;
    walk->over = is_received && number == walk->range.last;
    spans_add(walk->fields, text);
}

/* Lines that begin with white space belong to the one above. */
static size_t
field_length(struct span text)
{
    size_t len = 0;

    do {
        len += text_line(span_tail(text, len)).len;
    } while (len < text.len && (text.data[len] == ' ' || text.data[len] == '\t'));
    return len;
}

static void
add_raw(struct walk *walk, struct span head)
{
    while (head.len > 0) {
        struct span field = span_head(head, field_length(head));
        const char *colon = memchr(field.data, ':', field.len);

        head = span_tail(head, field.len);
        if (field.data[0] != ' ' && field.data[0] != '\t' && field.data[0] != '\n')
            add_field(walk, span_head(field, colon != NULL ? (size_t)(colon - field.data) : 0), field);
    }
}

static size_t
decoded_size(const struct mail_header *header)
{
    return header->name.len + header->value.len + 2;
}

/* For each field the next one of the same name, 0 if there is none; `*follows` is set for those that have one above. */
static size_t *
link_fields(const struct mail_headers *headers, bool **follows)
{
    GHashTable *last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t     *next = memory_new(headers->count * sizeof(*next));

    *follows = memory_new(headers->count);
    for (size_t i = 0; i < headers->count; i++) {
        char    *name  = g_ascii_strdown(headers->items[i].name.data, (gssize)headers->items[i].name.len);
        gpointer above = g_hash_table_lookup(last, name); /* its index + 1 */

        if (above != NULL) {
            next[GPOINTER_TO_SIZE(above) - 1] = i;
            (*follows)[i]                     = true;
        }
        (void)g_hash_table_replace(last, name, GSIZE_TO_POINTER(i + 1));
    }
    g_hash_table_destroy(last);
    return next;
}

/*
 * Which fields of a header that is too long are shown: name by name, in the order of their first fields, until it is
 * full. NULL if it is not too long.
 */
static bool *
choose_fields(const struct mail_headers *headers)
{
    size_t size = 0, *next;
    bool  *kept, *follows;

    for (size_t i = 0; i < headers->count; i++)
        size += decoded_size(&headers->items[i]);
    if (size <= MAIL_HEADER_MAX)
        return NULL;
    kept = memory_new(headers->count);
    next = link_fields(headers, &follows);
    size = 0;
    for (size_t i = 0; i < headers->count && size <= MAIL_HEADER_MAX; i++) {
        if (follows[i])
            continue;
        for (size_t j = i; (size += decoded_size(&headers->items[j])) <= MAIL_HEADER_MAX; j = next[j]) {
            kept[j] = true;
            if (next[j] == 0)
                break;
        }
    }
    free(follows);
    free(next);
    return kept;
}

static void
add_decoded(struct walk *walk, const struct mail_headers *headers, struct arena *arena)
{
    bool *kept = choose_fields(headers);

    for (size_t i = 0; i < headers->count; i++) {
        const struct mail_header *header = &headers->items[i];
        size_t                    size   = decoded_size(header);
        char                     *text;

        if (kept != NULL && !kept[i])
            continue;
        text = arena_new(arena, size);
        memcpy(text, header->name.data, header->name.len);
        memcpy(text + header->name.len, ": ", 2);
        memcpy(text + header->name.len + 2, header->value.data, header->value.len);
        add_field(walk, header->name, (struct span){text, size});
    }
    free(kept);
}

void
header_text(const struct mail *mail, struct header_range range, bool raw, struct arena *arena, struct spans *fields)
{
    struct walk walk = {.range = range, .fields = fields};

    if (raw)
        add_raw(&walk, mail->head);
    else
        add_decoded(&walk, &mail->headers, arena);
}
