/*
 * A packed list: the block, then for each field where its parts are, followed by its text if an edit made it.
 *
 *      raw | packed_field | packed_field | text | packed_field ...
 */
#include <stdlib.h>

#include "base/memory.h"
#include "filters/header_line.h"

enum { MADE = UINT32_MAX }; /* packed_field.at: the field was made by an edit, and its text follows */

/* A name begins its field's text. */
struct packed_field {
    uint32_t at; /* in the block */
    uint32_t len, name_len, value_at, value_len;
};

static bool
is_in(struct span part, struct span text)
{
    return part.len > 0 && part.data >= text.data && part.data + part.len <= text.data + text.len;
}

static void
pack_field(const struct header_field *field, struct span raw, struct bytes *to)
{
    const struct packed_field packed = {
        .at        = field->owned != NULL ? MADE : (uint32_t)(field->text.data - raw.data),
        .len       = (uint32_t)field->text.len,
        .name_len  = (uint32_t)field->name.len,
        .value_at  = (uint32_t)(field->value.data - field->text.data),
        .value_len = (uint32_t)field->value.len,
    };

    bytes_add(to, (struct span){(const char *)&packed, sizeof(packed)});
    if (field->owned != NULL)
        bytes_add(to, field->text);
}

void
headers_pack(struct header_list *list, struct bytes *to)
{
    (void)bytes_reserve(to, list->raw.len + list->count * sizeof(struct packed_field));
    bytes_add(to, list->raw);
    for (size_t i = 0; i < list->count; i++)
        pack_field(&list->fields[i], list->raw, to);
    if (is_in(list->separator, list->raw))
        list->separator.data = NULL;
    header_free_fields(list);
}

/* Returns how many octets it was packed in. */
static size_t
unpack_field(struct header_field *field, struct span raw, const char *from)
{
    struct packed_field packed;
    const char         *text;

    memcpy(&packed, from, sizeof(packed));
    field->owned = packed.at == MADE ? memory_copy_span((struct span){from + sizeof(packed), packed.len}) : NULL;
    text         = packed.at == MADE ? field->owned : raw.data + packed.at;
    field->text  = (struct span){text, packed.len};
    field->name  = span_head(field->text, packed.name_len);
    field->value = (struct span){text + packed.value_at, packed.value_len};
    return sizeof(packed) + (packed.at == MADE ? packed.len : 0);
}

void
headers_unpack(struct header_list *list, const char *packed)
{
    const char *from = packed + list->raw.len;

    list->raw.data = packed;
    list->rest     = span_tail(list->raw, list->raw.len - list->rest.len);
    if (list->separator.data == NULL)
        list->separator.data = list->rest.data - list->separator.len;
    list->count = list->capacity = list->packed;
    list->packed                 = 0;
    if (list->count > 0)
        list->fields = memory_resize_array(NULL, list->count, sizeof(*list->fields));
    for (size_t i = 0; i < list->count; i++)
        from += unpack_field(&list->fields[i], list->raw, from);
}
