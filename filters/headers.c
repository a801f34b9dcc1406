/*
 * The header block and its fields. headers_length() and headers_parse() share one judgement of what a line is; edits
 * make a field's text anew, in memory of its own, and leave the block alone.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "filters/fold.h"
#include "filters/headers.h"

enum {
    NAME_LIMIT    = 998, /* octets to the colon and with it: a line (RFC 5322, 2.1.1) holds it */
    NAME_NOTED    = 64,
    CHANGES_LIMIT = 1000,
    CHANGES_ROOM  = 100, /* more than one change takes */
    FIRST_FIELDS  = 32,
};

/* What a line is, judged by its first octets. */
enum line_kind { LINE_UNDECIDED, LINE_FIELD, LINE_FROM, LINE_CONTINUES, LINE_EMPTY, LINE_OTHER };

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Octets of names: '!' to '~', but no colon. */
static const bool name_octets[256] = {['!' ... '9'] = true, [';' ... '~'] = true};

/*
 * Finds "name", white space and colon at the start of `text`. The colon of a field stands within NAME_LIMIT, so that a
 * line without end is given up early and never looked at twice.
 */
static enum line_kind
read_name(struct span text, size_t *name_len, size_t *colon)
{
    size_t limit = text.len < NAME_LIMIT ? text.len : NAME_LIMIT;
    size_t at    = 0;

    while (at < limit && name_octets[(unsigned char)text.data[at]])
        at++;
    *name_len = at;
    while (at < limit && at > 0 && is_blank(text.data[at]))
        at++;
    *colon = at;
    if (at == limit)
        return limit < NAME_LIMIT ? LINE_UNDECIDED : LINE_OTHER;
    return *name_len > 0 && text.data[at] == ':' ? LINE_FIELD : LINE_OTHER;
}

/* Judges the line that `text` starts with; `first`: no line stands in front of it. */
static enum line_kind
judge_line(struct span text, bool first, size_t *name_len, size_t *colon)
{
    enum line_kind kind;

    if (text.len == 0)
        return LINE_UNDECIDED;
    if (is_blank(text.data[0]))
        return first ? LINE_OTHER : LINE_CONTINUES;
    if (text.data[0] == '\n')
        return LINE_EMPTY;
    if (text.data[0] == '\r' && text.len == 1)
        return LINE_UNDECIDED;
    if (text.data[0] == '\r')
        return text.data[1] == '\n' ? LINE_EMPTY : LINE_OTHER;
    kind = read_name(text, name_len, colon);
    if (kind == LINE_OTHER && first && text.len >= 5 && memcmp(text.data, "From ", 5) == 0)
        return LINE_FROM;
    return kind;
}

ssize_t
headers_length(struct span text, size_t *resume)
{
    size_t      at = *resume, name_len, colon;
    const char *end;

    for (;;) {
        if (at == 0 || text.data[at - 1] == '\n') {
            struct span line = text.len > at ? span_tail(text, at) : (struct span){"", 0};

            *resume = at;
            switch (judge_line(line, at == 0, &name_len, &colon)) {
            case LINE_UNDECIDED:
                return -1;
            case LINE_EMPTY:
                return (ssize_t)(at + (line.data[0] == '\r' ? 2 : 1));
            case LINE_OTHER:
                return (ssize_t)at;
            case LINE_FIELD:
            case LINE_FROM:
            case LINE_CONTINUES:
                break;
            }
        }
        *resume = text.len;
        end     = text.len > at ? memchr(text.data + at, '\n', text.len - at) : NULL;
        if (end == NULL)
            return -1;
        at = (size_t)(end - text.data) + 1;
    }
}

static void
make_room(struct header_list *list)
{
    if (list->count < list->capacity)
        return;
    list->capacity = list->capacity > 0 ? list->capacity * 2 : FIRST_FIELDS;
    list->fields   = memory_resize_array(list->fields, list->capacity, sizeof(*list->fields));
}

/* Without the line end that `text` may have. */
static struct span
trim_line_end(struct span text)
{
    if (text.len > 0 && text.data[text.len - 1] == '\n') {
        text.len--;
        if (text.len > 0 && text.data[text.len - 1] == '\r')
            text.len--;
    }
    return text;
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
    } while (at < text.len && is_blank(text.data[at]));
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

/* What the block ends in, in front of what `behind` starts with, which is of this kind. Returns how long it is. */
static size_t
finish_block(struct header_list *list, struct span text, struct span behind, enum line_kind kind)
{
    size_t end  = kind != LINE_EMPTY       ? 0
                  : behind.data[0] == '\r' ? 2
                                           : 1,
           rest = kind == LINE_UNDECIDED ? behind.len : 0;

    list->raw          = span_head(text, text.len - behind.len + end + rest);
    list->line_end     = line_end_of(list->raw);
    list->separator    = span_head(behind, end);
    list->rest         = span_head(behind, rest);
    list->body_follows = end == 0;
    list->headless     = end == 0 && (list->count == 0 || (list->count == 1 && list->fields[0].name.len == 0));
    return list->raw.len;
}

size_t
headers_parse(struct header_list *list, struct span text)
{
    struct span    at = text.len > 0 ? text : (struct span){"", 0};
    enum line_kind kind;
    size_t         name_len = 0, behind = 0;

    *list = (struct header_list){0};
    for (;;) {
        struct header_field field = {0};

        kind = judge_line(at, list->count == 0, &name_len, &behind);
        if (kind != LINE_FIELD && kind != LINE_FROM)
            break;
        field.text  = whole_field(at);
        field.name  = span_head(at, kind == LINE_FIELD ? name_len : 0);
        field.value = span_tail(trim_line_end(field.text), behind + (kind == LINE_FIELD));
        make_room(list);
        list->fields[list->count++] = field;
        at                          = span_tail(at, field.text.len);
    }
    return finish_block(list, text, at, kind);
}

ssize_t
headers_find(const struct header_list *list, struct span name, size_t from)
{
    for (size_t i = from; i < list->count; i++)
        if (span_equal_nocase(list->fields[i].name, name))
            return (ssize_t)i;
    return -1;
}

/* Notes an edit, for the audit log. */
static void
note_change(struct header_list *list, struct span what, struct span name)
{
    list->changed = true;
    if (list->changes.len >= CHANGES_LIMIT)
        return;
    if (name.len > NAME_NOTED)
        name.len = NAME_NOTED;
    (void)bytes_reserve(&list->changes, CHANGES_ROOM);
    bytes_add(&list->changes, list->changes.len > 0 ? SPAN(", ") : SPAN(""));
    bytes_add(&list->changes, what);
    bytes_add_char(&list->changes, ' ');
    bytes_add(&list->changes, name);
    if (list->changes.len >= CHANGES_LIMIT)
        bytes_add(&list->changes, SPAN(", ..."));
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
    field.value = span_tail(trim_line_end(field.text), name.len + 1);
    return field;
}

/* Takes "Name: value" apart; false if it is not of that form. */
static bool
split_line(struct span line, struct span *name, struct span *value)
{
    size_t name_len, colon;

    if (line.len == 0 || read_name(line, &name_len, &colon) != LINE_FIELD)
        return false;
    *name  = span_head(line, name_len);
    *value = span_tail(line, colon + 1);
    return true;
}

void
headers_insert(struct header_list *list, size_t at, struct span name, struct span value)
{
    struct header_field field = make_field(list, name, value);

    assert(at <= list->count && name.len > 0 && name.len < NAME_LIMIT);
    if (list->headless) {
        list->separator    = list->line_end;
        list->body_follows = list->headless = false;
    }
    if (at == 0 && list->count > 0 && list->fields[0].name.len == 0)
        at = 1;
    make_room(list);
    memmove(&list->fields[at + 1], &list->fields[at], (list->count - at) * sizeof(field));
    list->fields[at] = field;
    list->count++;
    note_change(list, SPAN("add"), field.name);
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
    note_change(list, SPAN("replace"), list->fields[at].name);
    free(list->fields[at].owned);
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
    note_change(list, SPAN("remove"), field->name);
    free(field->owned);
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

size_t
headers_remove_all(struct header_list *list, struct span name)
{
    size_t kept = 0, count = list->count;

    for (size_t i = 0; i < count; i++) {
        if (span_equal_nocase(list->fields[i].name, name))
            headers_drop(list, &list->fields[i]);
        else
            list->fields[kept++] = list->fields[i];
    }
    list->count = kept;
    return count - kept;
}

struct header_field *
headers_take_all(struct header_list *list, size_t *count)
{
    struct header_field *fields = list->fields;

    *count         = list->count;
    list->fields   = NULL;
    list->count    = 0;
    list->capacity = 0;
    return fields;
}

void
headers_keep(struct header_list *list, const struct header_field *field)
{
    make_room(list);
    list->fields[list->count++] = *field;
}

void
headers_unfold(const struct header_field *field, struct bytes *value)
{
    struct span rest = field->value;

    bytes_clear(value);
    while (rest.len > 0 && (is_blank(rest.data[0]) || rest.data[0] == '\r' || rest.data[0] == '\n'))
        rest = span_tail(rest, 1);
    while (rest.len > 0) {
        const char *end  = memchr(rest.data, '\n', rest.len);
        struct span line = end != NULL ? span_head(rest, (size_t)(end - rest.data) + 1) : rest;

        bytes_add(value, trim_line_end(line));
        rest = span_tail(rest, line.len);
    }
    while (value->len > 0 && is_blank(value->data[value->len - 1]))
        value->data[--value->len] = '\0';
}

/* Text on its way out: what lies together in the block goes together. */
struct run {
    struct sink *sink;
    struct span  text;
};

static void
add_to_run(struct run *run, struct span text)
{
    if (run->text.len > 0 && run->text.data + run->text.len == text.data) {
        run->text.len += text.len;
        return;
    }
    sink_take(run->sink, run->text);
    run->text = text;
}

/* A field whose message ended in it has no line end; it needs one if something now stands behind it. */
static void
write_field(const struct header_list *list, size_t at, struct run *run)
{
    struct span text = list->fields[at].text;
    bool        last = at + 1 == list->count && list->separator.len == 0;

    add_to_run(run, text);
    if (!last && text.data[text.len - 1] != '\n')
        add_to_run(run, list->line_end);
}

void
headers_write(const struct header_list *list, struct sink *sink)
{
    struct run run = {.sink = sink};

    if (!list->changed) {
        sink_take(sink, list->raw);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        write_field(list, i, &run);
    add_to_run(&run, list->separator);
    add_to_run(&run, list->rest);
    sink_take(sink, run.text);
}

void
headers_free(struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->fields[i].owned);
    free(list->fields);
    bytes_free(&list->changes);
    *list = (struct header_list){0};
}
