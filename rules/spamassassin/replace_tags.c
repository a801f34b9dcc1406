/*
 * The pattern is taken apart at its tags into pieces, text and tag in turn, an empty text between two tags that touch.
 * Each pass takes at most one <pre>, <post> and <inter>, adds what they name to the pieces, and replaces the tags; if
 * what they stand for holds tags itself, there is another pass.
 */
#include <glib.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/regex/regex_shape.h"
#include "rules/spamassassin/replace_tags.h"

enum { PASSES_MAX = 6 };

struct replace_tags {
    GHashTable *values[REPLACE_KINDS]; /* name to value */
    char       *start, *end;
};

struct replace_tags *
replace_tags_new(void)
{
    struct replace_tags *tags = memory_new(sizeof(*tags));

    for (int kind = 0; kind < REPLACE_KINDS; kind++)
        tags->values[kind] = g_hash_table_new_full(g_str_hash, g_str_equal, free, free);
    tags->start = memory_copy_string("<");
    tags->end   = memory_copy_string(">");
    return tags;
}

void
replace_tags_free(struct replace_tags **tags)
{
    if (*tags == NULL)
        return;
    for (int kind = 0; kind < REPLACE_KINDS; kind++)
        g_hash_table_destroy((*tags)->values[kind]);
    free((*tags)->start);
    free((*tags)->end);
    free(*tags);
    *tags = NULL;
}

void
replace_tags_set(struct replace_tags *tags, enum replace_kind kind, struct span name, struct span value)
{
    (void)g_hash_table_replace(tags->values[kind], memory_copy_span(name), memory_copy_span(value));
}

void
replace_tags_set_start(struct replace_tags *tags, struct span mark)
{
    free(tags->start);
    tags->start = memory_copy_span(mark);
}

void
replace_tags_set_end(struct replace_tags *tags, struct span mark)
{
    free(tags->end);
    tags->end = memory_copy_span(mark);
}

static struct span
value_of(const struct replace_tags *tags, enum replace_kind kind, struct span name)
{
    char       *key   = memory_copy_span(name);
    const char *value = g_hash_table_lookup(tags->values[kind], key);

    free(key);
    return span_of(value);
}

static const char *
find_text(struct span text, struct span wanted)
{
    return text.len > 0 && wanted.len > 0 ? memmem(text.data, text.len, wanted.data, wanted.len) : NULL;
}

/* The first tag in `text`: its marks with at least one octet between them; without data if there is none. */
static struct span
find_tag(const struct replace_tags *tags, struct span text)
{
    struct span start = span_of(tags->start), end = span_of(tags->end);
    const char *from = find_text(text, start), *to;
    struct span rest;

    if (from == NULL)
        return (struct span){0};
    rest = span_tail(text, (size_t)(from - text.data) + start.len);
    to   = rest.len > 1 ? find_text(span_tail(rest, 1), end) : NULL;
    return to != NULL ? (struct span){from, (size_t)(to - from) + end.len} : (struct span){0};
}

static struct span
name_in_tag(const struct replace_tags *tags, struct span tag)
{
    size_t start = strlen(tags->start), end = strlen(tags->end);

    return (struct span){tag.data + start, tag.len - start - end};
}

/* Takes the first "<WORD NAME>" out of the pattern; what its name stands for, or an empty span. */
static struct span
take_modifier(const struct replace_tags *tags, struct bytes *pattern, const char *word, enum replace_kind kind)
{
    struct bytes mark = {0}, kept = {0};
    struct span  text = bytes_span(pattern), value = {0};
    const char  *from, *to                         = NULL;

    bytes_printf(&mark, "%s%s ", tags->start, word);
    from = find_text(text, bytes_span(&mark));
    if (from != NULL) {
        struct span rest = span_tail(text, (size_t)(from - text.data) + mark.len);

        to = rest.len > 1 ? find_text(span_tail(rest, 1), span_of(tags->end)) : NULL;
        if (to != NULL)
            value = value_of(tags, kind, span_head(rest, (size_t)(to - rest.data)));
    }
    bytes_free(&mark);
    if (to == NULL)
        return (struct span){0};
    to += strlen(tags->end);
    bytes_add(&kept, span_head(text, (size_t)(from - text.data)));
    bytes_add(&kept, span_tail(text, (size_t)(to - text.data)));
    bytes_free(pattern);
    *pattern = kept;
    return value;
}

/* The next piece of a pattern, which is taken off: the text before a tag in angle brackets, or such a tag. */
static struct span
take_piece(struct span *text, bool *is_tag)
{
    struct span piece = *text;
    size_t      at    = 0;

    *is_tag = false;
    while (at < text->len) {
        size_t end = at + 1;

        if (text->data[at] != '<') {
            at++;
            continue;
        }
        while (end < text->len && text->data[end] != '<' && text->data[end] != '>')
            end++;
        if (end < text->len && text->data[end] == '>' && end > at + 1) {
            *is_tag = at == 0;
            piece   = span_head(*text, at > 0 ? at : end + 1);
            break;
        }
        at = end;
    }
    *text = span_tail(*text, piece.len);
    return piece;
}

struct pass {
    const struct replace_tags *tags;
    struct span                pre, inter, post;
    struct bytes              *out;
    bool                       again; /* what was put in holds tags */
};

static bool
holds_tag(struct span text)
{
    const char *open  = text.len > 0 ? memchr(text.data, '<', text.len) : NULL;
    const char *close = open != NULL ? memrchr(text.data, '>', text.len) : NULL;

    return close != NULL && close > open + 1;
}

/* A piece with its tag replaced, if it has one that is known, and with what comes before and behind tags. */
static void
replace_piece(struct pass *pass, struct span piece)
{
    struct span tag = find_tag(pass->tags, piece), value;

    if (piece.len == 0) {
        bytes_add(pass->out, pass->inter);
        return;
    }
    if (tag.data == NULL) {
        bytes_add(pass->out, piece);
        return;
    }
    value = value_of(pass->tags, REPLACE_TAG, name_in_tag(pass->tags, tag));
    bytes_add(pass->out, span_head(piece, (size_t)(tag.data - piece.data)));
    bytes_add(pass->out, pass->pre);
    bytes_add(pass->out, value.len > 0 ? value : tag);
    bytes_add(pass->out, pass->post);
    bytes_add(pass->out, span_tail(piece, (size_t)(tag.data - piece.data) + tag.len));
    pass->again |= holds_tag(value);
}

/* Each text and each tag, and the empty texts in front of a tag that follows another or begins the pattern. */
static void
replace_pieces(struct pass *pass, struct span text)
{
    bool after_tag = true;

    while (text.len > 0 && pass->out->len <= REPLACE_PATTERN_MAX) {
        bool        is_tag;
        struct span piece = take_piece(&text, &is_tag);

        if (is_tag && after_tag)
            replace_piece(pass, SPAN(""));
        replace_piece(pass, piece);
        after_tag = is_tag;
    }
}

int
replace_tags_expand(const struct replace_tags *tags, struct span pattern, struct bytes *expanded)
{
    struct bytes text = {0}, out = {0};
    struct pass  pass = {.tags = tags, .out = &out, .again = true};

    bytes_add(&text, pattern);
    for (int passes = 0; pass.again && passes < PASSES_MAX && text.len <= REPLACE_PATTERN_MAX; passes++) {
        pass.again = false;
        pass.pre   = take_modifier(tags, &text, "pre", REPLACE_PRE);
        pass.post  = take_modifier(tags, &text, "post", REPLACE_POST);
        pass.inter = take_modifier(tags, &text, "inter", REPLACE_INTER);
        bytes_clear(&out);
        replace_pieces(&pass, bytes_span(&text));
        bytes_clear(&text);
        bytes_add(&text, bytes_span(&out));
    }
    bytes_add(expanded, bytes_span(&text));
    bytes_free(&out);
    bytes_free(&text);
    return expanded->len <= REPLACE_PATTERN_MAX ? 0 : -1;
}

/* A pattern whose tags become calls of subroutines. */
struct sharing {
    const struct replace_tags *tags;
    struct span                pre, inter, post;
    struct bytes              *out;
    GPtrArray                 *values; /* what the subroutines match, by their numbers; owned by the tags */
};

/* Is it one group, or one class: what a call can stand for, whatever comes behind it? */
static bool
is_one_thing(struct span text)
{
    size_t at = 0, depth = 0;

    while (at < text.len) {
        if (text.data[at] == '[')
            at = regex_class_end(text, at);
        else if (text.data[at] == '\\')
            at += 2;
        else
            depth += (text.data[at] == '(') - (size_t)(text.data[at] == ')'), at++;
        if (depth == 0)
            break;
    }
    return at == text.len && text.len > 1 && (text.data[0] == '[' || text.data[0] == '(');
}

/* The number of the subroutine that matches `value`. */
static size_t
subroutine(struct sharing *sharing, const char *value)
{
    guint index = 0;

    if (!g_ptr_array_find(sharing->values, value, &index)) {
        index = sharing->values->len;
        g_ptr_array_add(sharing->values, (void *)value);
    }
    return index;
}

static void share_text(struct sharing *, struct span text, int depth);

static void
share_piece(struct sharing *sharing, struct span piece, int depth)
{
    struct span tag   = find_tag(sharing->tags, piece);
    struct span value = tag.data != NULL ? value_of(sharing->tags, REPLACE_TAG, name_in_tag(sharing->tags, tag)) : tag;

    if (tag.data == NULL) {
        bytes_add(sharing->out, piece);
        return;
    }
    bytes_add(sharing->out, span_head(piece, (size_t)(tag.data - piece.data)));
    bytes_add(sharing->out, depth == 0 ? sharing->pre : SPAN(""));
    if (value.len == 0 || depth == PASSES_MAX)
        bytes_add(sharing->out, tag);
    else if (is_one_thing(value))
        bytes_printf(sharing->out, "(?&tag%zu)", subroutine(sharing, value.data));
    else
        share_text(sharing, value, depth + 1);
    bytes_add(sharing->out, depth == 0 ? sharing->post : SPAN(""));
    bytes_add(sharing->out, span_tail(piece, (size_t)(tag.data - piece.data) + tag.len));
}

static void
share_text(struct sharing *sharing, struct span text, int depth)
{
    bool after_tag = true;

    while (text.len > 0 && sharing->out->len <= REPLACE_PATTERN_MAX) {
        bool        is_tag;
        struct span piece = take_piece(&text, &is_tag);

        if (is_tag && after_tag && depth == 0)
            bytes_add(sharing->out, sharing->inter);
        share_piece(sharing, piece, depth);
        after_tag = is_tag;
    }
}

int
replace_tags_share(const struct replace_tags *tags, struct span pattern, struct bytes *shared)
{
    struct bytes   text = {0}, rest = {0};
    struct sharing sharing = {.tags = tags, .out = shared, .values = g_ptr_array_new()};
    bool           again;

    bytes_add(&text, pattern);
    sharing.pre   = take_modifier(tags, &text, "pre", REPLACE_PRE);
    sharing.post  = take_modifier(tags, &text, "post", REPLACE_POST);
    sharing.inter = take_modifier(tags, &text, "inter", REPLACE_INTER);
    bytes_add(&rest, bytes_span(&text));
    again = take_modifier(tags, &rest, "pre", REPLACE_PRE).len + take_modifier(tags, &rest, "post", REPLACE_POST).len +
                take_modifier(tags, &rest, "inter", REPLACE_INTER).len >
            0;
    share_text(&sharing, bytes_span(&text), 0);
    bytes_add(shared, SPAN("(?(DEFINE)"));
    for (guint i = 0; i < sharing.values->len; i++) {
        bytes_printf(shared, "(?<tag%u>", i);
        share_text(&sharing, span_of(g_ptr_array_index(sharing.values, i)), 1);
        bytes_add_char(shared, ')');
    }
    bytes_add_char(shared, ')');
    g_ptr_array_free(sharing.values, TRUE);
    bytes_free(&text);
    bytes_free(&rest);
    return !again && shared->len <= REPLACE_PATTERN_MAX ? 0 : -1;
}
