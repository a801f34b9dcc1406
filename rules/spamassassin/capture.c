/* The patterns of rules that ask are put together for each mail, of their own text and of what was captured. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/spamassassin/capture.h"
#include "rules/spamassassin/pattern.h"
#include "rules/spamassassin/ruleset.h"

/* Texts that can be asked for without being captured. */
static const struct {
    const char *name, *field;
} given[] = {
    {"AUTHORDOMAIN", "From:addr:domain"},
    {"SENDERDOMAIN", "EnvelopeFrom:addr:domain"},
};

bool
capture_in(struct span pattern)
{
    static struct regex_built_in group = {"\\(\\?P?[<'][A-Z]", "", NULL};

    return regex_matches(regex_of(&group), pattern);
}

/* The field of a name that can be asked for without being captured. */
static struct field *
field_of(struct span name)
{
    struct field *field = memory_new(sizeof(*field));
    struct bytes  why   = {0};
    struct span   spec  = {0};
    int           result;

    for (size_t i = 0; i < COUNT_OF(given); i++)
        if (span_equal(name, span_of(given[i].name)))
            spec = span_of(given[i].field);
    if (name.len > 8 && memcmp(name.data, "HEADER(", 7) == 0)
        spec = (struct span){name.data + 7, name.len - 8};
    result = spec.len > 0 ? field_parse(field, spec, &why) : -1;
    bytes_free(&why);
    if (result == 0)
        return field;
    if (spec.len > 0)
        field_clear(field);
    free(field);
    return NULL;
}

static size_t
name_index(struct captures *captures, struct span name)
{
    for (size_t i = 0; i < captures->count; i++)
        if (span_equal(name, span_of(captures->names[i].name)))
            return i;
    captures->names = memory_resize_array(captures->names, captures->count + 1, sizeof(captures->names[0]));
    captures->names[captures->count] = (struct capture_name){memory_copy_span(name), field_of(name)};
    return captures->count++;
}

/* A rule while it is read. */
struct reading {
    struct captures *captures;
    struct capture  *capture;
};

/* Only groups whose names are in capitals are kept. */
static void
add_group(void *context, struct span name, size_t group)
{
    static struct regex_built_in capitals = {"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\\z", "", NULL};
    struct reading              *reading  = context;
    struct capture              *capture  = reading->capture;

    if (!regex_matches(regex_of(&capitals), name))
        return;
    capture->groups = memory_resize_array(capture->groups, capture->group_count + 1, sizeof(capture->groups[0]));
    capture->groups[capture->group_count++] = (struct capture_group){name_index(reading->captures, name), group};
}

static void
add_part(struct capture *capture, struct span literal, int name)
{
    capture->parts = memory_resize_array(capture->parts, capture->part_count + 1, sizeof(capture->parts[0]));
    capture->parts[capture->part_count++] = (struct capture_part){literal, name};
}

/* Takes the pattern apart at each %{NAME}; without one it has no parts. */
static void
read_parts(struct reading *reading)
{
    static struct regex_built_in asked = {"(?<!\\\\)%\\{([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*(?:\\([^)}]*\\))?)\\}", "", NULL};
    struct capture              *capture = reading->capture;
    struct span                  text    = span_of(capture->text);
    struct regex_found           found;
    size_t                       at = 0;

    while (regex_find(regex_of(&asked), text, at, &found)) {
        struct span whole = regex_group(&found, 0), name = regex_group(&found, 1);
        struct span literal = {text.data + at, (size_t)(whole.data - text.data) - at};

        at = (size_t)(whole.data - text.data) + whole.len;
        add_part(capture, literal, (int)name_index(reading->captures, name));
    }
    if (capture->part_count > 0)
        add_part(capture, span_tail(text, at), CAPTURE_NO_NAME);
}

/* How deep in parentheses the text ends, having begun at `depth`; SIZE_MAX if it holds a "|" that is in none. */
static size_t
depth_behind(struct span text, size_t depth)
{
    bool in_class = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '\\')
            i++;
        else if (in_class || c == '[')
            in_class = c != ']';
        else if (c == '|' && depth == 0)
            return SIZE_MAX;
        else if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
    }
    return depth;
}

/* The first name that every match has in it: it stands in no group, is not repeated, and nothing is beside it. */
static int
needed_name(const struct capture *capture)
{
    size_t depth  = 0;
    int    needed = CAPTURE_NO_NAME;

    for (size_t i = 0; i < capture->part_count && depth != SIZE_MAX; i++) {
        const struct capture_part *part = &capture->parts[i];
        struct span                next = i + 1 < capture->part_count ? capture->parts[i + 1].literal : SPAN("");

        depth = depth_behind(part->literal, depth);
        if (depth == 0 && needed == CAPTURE_NO_NAME && part->name != CAPTURE_NO_NAME &&
            (next.len == 0 || strchr("?*{", next.data[0]) == NULL))
            needed = part->name;
    }
    return depth != SIZE_MAX ? needed : CAPTURE_NO_NAME;
}

struct capture *
capture_read(struct captures *captures, struct span text, const struct replace_tags *tags, const struct regex *regex)
{
    struct capture *capture  = memory_new(sizeof(*capture));
    struct reading  reading  = {captures, capture};
    struct bytes    expanded = {0}, why = {0};
    struct span     pattern, flags;

    if (pattern_split(text, &pattern, &flags, &why) != 0 ||
        (tags != NULL && replace_tags_expand(tags, pattern, &expanded) != 0))
        pattern = flags = SPAN("");
    capture->text  = memory_copy_span(expanded.len > 0 ? bytes_span(&expanded) : pattern);
    capture->flags = memory_copy_span(flags);
    regex_names(regex, add_group, &reading);
    read_parts(&reading);
    capture->needed = needed_name(capture);
    bytes_free(&expanded);
    bytes_free(&why);
    if (capture->group_count + capture->part_count == 0)
        capture_free(&capture);
    return capture;
}

/* Appends a pattern that matches one of the texts, octet by octet. */
static void
add_values(struct bytes *pattern, const struct spans *values)
{
    for (size_t i = 0; i < values->count; i++) {
        bytes_add(pattern, i == 0 ? SPAN("(?:") : SPAN("|"));
        for (size_t at = 0; at < values->items[i].len; at++) {
            char c = values->items[i].data[at];

            if (!isalnum((unsigned char)c) && c != '_')
                bytes_add_char(pattern, '\\');
            bytes_add_char(pattern, c);
        }
    }
    bytes_add_char(pattern, ')');
}

struct regex *
capture_compile(const struct capture *capture, const struct spans *values)
{
    struct bytes  pattern = {0}, why = {0};
    struct regex *regex;

    for (size_t i = 0; i < capture->part_count; i++) {
        bytes_add(&pattern, capture->parts[i].literal);
        if (capture->parts[i].name == CAPTURE_NO_NAME)
            break;
        if (values != NULL)
            add_values(&pattern, &values[capture->parts[i].name]);
        else
            bytes_add(&pattern, SPAN("(?!)"));
    }
    regex = pattern_compile_bare(bytes_span(&pattern), span_of(capture->flags), &why);
    bytes_free(&pattern);
    bytes_free(&why);
    return regex;
}

void
capture_free(struct capture **capture)
{
    if (*capture == NULL)
        return;
    free((*capture)->groups);
    free((*capture)->parts);
    free((*capture)->text);
    free((*capture)->flags);
    free(*capture);
    *capture = NULL;
}

void
captures_free(struct captures *captures)
{
    for (size_t i = 0; i < captures->count; i++) {
        free(captures->names[i].name);
        if (captures->names[i].field != NULL)
            field_clear(captures->names[i].field);
        free(captures->names[i].field);
    }
    free(captures->names);
    *captures = (struct captures){0};
}

static int
compare_rules(const void *left, const void *right)
{
    static const int   ranks[RULE_KINDS] = {[RULE_BODY] = 1, [RULE_URI] = 2, [RULE_RAWBODY] = 3, [RULE_FULL] = 4};
    const struct rule *a = *(const struct rule *const *)left, *b = *(const struct rule *const *)right;

    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return a->kind != b->kind ? ranks[a->kind] - ranks[b->kind] : strcmp(a->name, b->name);
}

size_t *
capture_order(const struct score_rules *rules, size_t *count)
{
    const struct rule **sorted = memory_resize_array(NULL, rules->count + 1, sizeof(sorted[0]));
    size_t             *order;

    *count = 0;
    for (size_t i = 0; i < rules->count; i++)
        if (rules->rules[i].capture != NULL && rules->rules[i].fate == RULE_RUNS)
            sorted[(*count)++] = &rules->rules[i];
    if (*count > 0)
        qsort(sorted, *count, sizeof(sorted[0]), compare_rules);
    order = memory_resize_array(NULL, *count + 1, sizeof(order[0]));
    for (size_t i = 0; i < *count; i++)
        order[i] = (size_t)(sorted[i] - rules->rules);
    free(sorted);
    return order;
}
