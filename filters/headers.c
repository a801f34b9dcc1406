/* Fields: found, edited and written out. An edit makes a new text for a field, in memory of its own. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "filters/fold.h"
#include "filters/header_line.h"

enum {
    NAME_NOTED   = 64,
    CHANGES_MAX  = 1000,
    CHANGE_ROOM  = 96,  /* a change takes no more */
    USUAL_ROOM   = 250, /* all take no more, nearly always */
    FIRST_FIELDS = 16,
};

void
header_grow(struct header_list *list)
{
    size_t before = list->capacity;

    list->capacity = before > 0 ? before * 2 : FIRST_FIELDS;
    list->fields   = memory_resize_array(list->fields, list->capacity, sizeof(*list->fields));
    if (list->waiting > 0)
        memmove(list->fields + list->capacity - list->waiting, list->fields + before - list->waiting,
                list->waiting * sizeof(*list->fields));
}

ssize_t
headers_find(const struct header_list *list, struct span name, size_t from)
{
    for (size_t i = from; i < list->count; i++)
        if (span_equal_nocase(list->fields[i].name, name))
            return (ssize_t)i;
    return -1;
}

/* The text that an edit made. */
static void
free_text(struct header_field *field)
{
    if (field->owned != NULL)
        free(field->owned);
}

/* Notes an edit, for the audit log. */
static void
note_change(struct header_list *list, struct span what, struct span name)
{
    list->changed = true;
    if (list->unnoted || list->changes.len >= CHANGES_MAX)
        return;
    if (name.len > NAME_NOTED)
        name.len = NAME_NOTED;
    (void)bytes_reserve(&list->changes, list->changes.len > 0 ? CHANGE_ROOM : USUAL_ROOM);
    if (list->changes.len > 0)
        bytes_put(&list->changes, SPAN(", "));
    bytes_put(&list->changes, what);
    bytes_put(&list->changes, name);
    if (list->changes.len >= CHANGES_MAX)
        bytes_put(&list->changes, SPAN(", ..."));
}

/* A field made by an edit. */
static struct header_field
make_field(const struct header_list *list, struct span name, struct span value)
{
    struct bytes        text  = {0};
    struct header_field field = {0};

    fold_field(&text, name, value, list->line_end);
    field.owned = text.data;
    field.text  = bytes_span(&text);
    field.name  = span_head(field.text, name.len);
    field.value = span_tail(header_trim_end(field.text), name.len + 1);
    return field;
}

static void
end_block(struct header_list *list)
{
    list->separator    = list->line_end;
    list->body_follows = list->headless = false;
}

void
headers_finish(struct header_list *list)
{
    if (!list->body_follows)
        return;
    end_block(list);
    note_change(list, SPAN("add "), SPAN("an empty line"));
}

/* Does the list begin with the "From " line of an mbox? */
static bool
has_mbox_line(const struct header_list *list)
{
    return list->count > 0 && list->fields[0].name.len == 0 && span_starts(list->fields[0].text, SPAN("From "));
}

size_t
headers_sound(const struct header_list *list)
{
    size_t at = has_mbox_line(list) ? 1 : 0;

    while (at < list->count && list->fields[at].name.len > 0)
        at++;
    return at;
}

void
headers_insert(struct header_list *list, size_t at, struct span name, struct span value)
{
    struct header_field field = make_field(list, name, value);

    assert(at <= list->count && name.len > 0 && name.len < HEADER_NAME_MAX);
    if (list->headless)
        end_block(list);
    if (at == 0 && has_mbox_line(list))
        at = 1;
    header_make_room(list);
    memmove(&list->fields[at + 1], &list->fields[at], (list->count - at) * sizeof(field));
    list->fields[at] = field;
    list->count++;
    note_change(list, SPAN("add "), field.name);
}

/* Can the line be written as a field? Not if the next reader would take it for the end of the block. */
static bool
split_line(struct span line, struct span *name, struct span *value)
{
    return header_split(line, name, value) && !span_starts(*name, SPAN("--"));
}

int
headers_insert_line(struct header_list *list, size_t at, struct span line)
{
    struct span name, value;

    if (!split_line(line, &name, &value))
        return -1;
    headers_insert(list, at, name, value);
    return 0;
}

/* The old field goes once the new one is made, of which it may be a part. */
static void
replace(struct header_list *list, size_t at, struct span name, struct span value)
{
    struct header_field field = make_field(list, name, value);

    assert(at < list->count);
    note_change(list, SPAN("replace "), list->fields[at].name);
    free_text(&list->fields[at]);
    list->fields[at] = field;
}

void
headers_replace(struct header_list *list, size_t at, struct span value)
{
    assert(at < list->count && list->fields[at].name.len > 0);
    replace(list, at, list->fields[at].name, value);
}

int
headers_replace_line(struct header_list *list, size_t at, struct span line)
{
    struct span name, value;

    if (!split_line(line, &name, &value))
        return -1;
    replace(list, at, name, value);
    return 0;
}

void
headers_drop(struct header_list *list, struct header_field *field)
{
    note_change(list, SPAN("remove "), field->name);
    free_text(field);
    *field = (struct header_field){0};
}

void
headers_remove(struct header_list *list, size_t at)
{
    assert(at < list->count);
    headers_drop(list, &list->fields[at]);
    list->count--;
    memmove(&list->fields[at], &list->fields[at + 1], (list->count - at) * sizeof(*list->fields));
}

static bool
has_name(const struct header_field *field, const struct span *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal_nocase(field->name, names[i]))
            return true;
    return false;
}

size_t
headers_remove_all(struct header_list *list, const struct span *names, size_t count)
{
    size_t kept = 0, before = list->count;

    for (size_t i = 0; i < before; i++) {
        if (has_name(&list->fields[i], names, count))
            headers_drop(list, &list->fields[i]);
        else if (kept++ < i)
            list->fields[kept - 1] = list->fields[i];
    }
    list->count = kept;
    return before - kept;
}

/* Those that wait for the walk stand at the end of the array. */
void
headers_walk(struct header_list *list)
{
    assert(list->waiting == 0);
    list->waiting = list->count;
    list->count   = 0;
    if (list->waiting > 0)
        memmove(list->fields + list->capacity - list->waiting, list->fields, list->waiting * sizeof(*list->fields));
}

struct header_field *
headers_next(struct header_list *list)
{
    return list->waiting > 0 ? &list->fields[list->capacity - list->waiting--] : NULL;
}

/* There is room in the array: the field's own place. */
void
headers_keep(struct header_list *list, const struct header_field *field)
{
    header_make_room(list);
    list->fields[list->count++] = *field;
}

void
headers_unfold(const struct header_field *field, struct bytes *value)
{
    struct span rest = field->value;

    bytes_clear(value);
    while (rest.len > 0 && (header_is_blank(rest.data[0]) || rest.data[0] == '\r' || rest.data[0] == '\n'))
        rest = span_tail(rest, 1);
    while (rest.len > 0) {
        const char *end  = memchr(rest.data, '\n', rest.len);
        struct span line = end != NULL ? span_head(rest, (size_t)(end - rest.data) + 1) : rest;

        bytes_add(value, header_trim_end(line));
        rest = span_tail(rest, line.len);
    }
    while (value->len > 0 && header_is_blank(value->data[value->len - 1]))
        value->data[--value->len] = '\0';
}

/* Appends `text`, or lets it wait in `run` with what lies in front of it in the block: they go together. */
static void
write_text(struct bytes *to, struct span *run, struct span text)
{
    if (run->len > 0 && run->data + run->len == text.data) {
        run->len += text.len;
    } else {
        bytes_add(to, *run);
        *run = text;
    }
}

/* If the message ended within a field, the field has no line end; it needs one if something now stands behind it. */
static void
write_field(const struct header_list *list, size_t at, struct bytes *to, struct span *run)
{
    struct span text = list->fields[at].text;
    bool        last = at + 1 == list->count && list->separator.len == 0;

    write_text(to, run, text);
    if (!last && text.data[text.len - 1] != '\n')
        write_text(to, run, list->line_end);
}

void
headers_write(const struct header_list *list, struct bytes *to)
{
    struct span run = {"", 0};

    if (!list->changed) {
        bytes_add(to, list->raw);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        write_field(list, i, to, &run);
    write_text(to, &run, list->separator);
    write_text(to, &run, list->rest);
    bytes_add(to, run);
}

void
header_free_fields(struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_text(&list->fields[i]);
    free(list->fields);
    list->fields   = NULL;
    list->capacity = 0;
    list->packed   = list->count;
    list->count    = 0;
}

void
headers_clear(struct header_list *list)
{
    struct bytes changes = list->changes;

    for (size_t i = 0; i < list->count; i++)
        free_text(&list->fields[i]);
    for (size_t i = list->capacity - list->waiting; i < list->capacity; i++)
        free_text(&list->fields[i]);
    bytes_clear(&changes);
    *list = (struct header_list){.fields = list->fields, .capacity = list->capacity, .changes = changes};
}

void
headers_free(struct header_list *list)
{
    headers_clear(list);
    free(list->fields);
    bytes_free(&list->changes);
    *list = (struct header_list){0};
}
