/*
 * A pattern that is anchored matches a field from its first octet on. What it may begin with is read off its tree,
 * octet by octet, as texts that grow until they come to a colon.
 */
#include <ctype.h>

#include "rules/postfix/check_names.h"
#include "rules/prefilter/syntax.h"
#include "rules/regex/regex_shape.h"

enum {
    OCTETS_MAX = 8,    /* that may stand at one place */
    TEXTS_MAX  = 5000, /* made for one pattern */
    STEPS_MAX  = 5000, /* nodes looked at for one pattern */
    DEPTH_MAX  = 50,   /* nodes in each other */
};

/* What a match may begin with, in lower case. */
struct text {
    struct text *next;
    size_t       len;
    bool         whole; /* a colon follows: it is a name */
    char         octets[CHECK_NAME_MAX];
};

struct reading {
    struct arena *arena;
    size_t        texts, steps, depth;
    bool          lost; /* the pattern does not say: nothing else counts */
};

static struct text *extend(struct reading *, const struct syntax_node *, const struct text *);

static bool
are_whole(const struct text *texts)
{
    while (texts != NULL && texts->whole)
        texts = texts->next;
    return texts == NULL;
}

static struct text *
add_copy(struct reading *reading, struct text *first, const struct text *text)
{
    struct text *copy = arena_new(reading->arena, sizeof(*copy));

    *copy      = *text;
    copy->next = first;
    reading->lost |= ++reading->texts > TEXTS_MAX;
    return copy;
}

static struct text *
add_copies(struct reading *reading, struct text *first, const struct text *texts)
{
    for (; texts != NULL && !reading->lost; texts = texts->next)
        first = add_copy(reading, first, texts);
    return first;
}

/* The text with one octet more, as names have it; with another it matches no field. */
static struct text *
add_longer(struct reading *reading, struct text *first, const struct text *text, char c)
{
    if (c != ':' && !check_is_name_octet(c))
        return first;
    first = add_copy(reading, first, text);
    if (c == ':')
        first->whole = true;
    else if (first->len == CHECK_NAME_MAX)
        reading->lost = true;
    else
        first->octets[first->len++] = c;
    return first;
}

static struct octet_set
lower_case(const struct octet_set *set)
{
    struct octet_set lower = {0};

    for (unsigned octet = 0; octet < 256; octet++)
        if (octet_set_has(set, octet))
            octet_set_add(&lower, octet < 128 ? (unsigned)tolower((int)octet) : octet);
    return lower;
}

static struct text *
extend_by_octet(struct reading *reading, const struct syntax_node *node, const struct text *texts)
{
    struct octet_set set    = lower_case(&node->set);
    struct text     *longer = NULL;
    size_t           count  = 0;

    for (unsigned octet = 0; octet < 256; octet++)
        count += octet_set_has(&set, octet) && (octet == ':' || check_is_name_octet((char)octet));
    reading->lost |= count > OCTETS_MAX;
    for (; texts != NULL && !reading->lost; texts = texts->next) {
        if (texts->whole)
            longer = add_copy(reading, longer, texts);
        for (unsigned octet = 0; octet < 256 && !texts->whole; octet++)
            if (octet_set_has(&set, octet))
                longer = add_longer(reading, longer, texts, (char)octet);
    }
    return longer;
}

static struct text *
extend_by_parts(struct reading *reading, const struct syntax_node *node, const struct text *texts)
{
    struct text *longer = add_copies(reading, NULL, texts);

    for (const struct syntax_node *part = node->part; part != NULL && !are_whole(longer); part = part->next)
        longer = extend(reading, part, longer);
    return longer;
}

static struct text *
extend_by_choice(struct reading *reading, const struct syntax_node *node, const struct text *texts)
{
    struct text *longer = NULL;

    for (const struct syntax_node *part = node->part; part != NULL && !reading->lost; part = part->next)
        longer = add_copies(reading, longer, extend(reading, part, texts));
    return longer;
}

static struct text *
extend_by_repeat(struct reading *reading, const struct syntax_node *node, const struct text *texts)
{
    struct text *longer = add_copies(reading, NULL, texts), *all;
    uint32_t     times  = 0;

    for (; times < node->least && !are_whole(longer); times++)
        longer = extend(reading, node->part, longer);
    all = longer;
    for (; times < node->most && !are_whole(longer); times++) {
        longer = extend(reading, node->part, longer);
        all    = add_copies(reading, all, longer);
    }
    return all;
}

/* Each text with what the node accepts behind it. Those that are whole stay as they are; none, if the reading is lost.
 */
static struct text *
extend(struct reading *reading, const struct syntax_node *node, const struct text *texts)
{
    struct text *longer = NULL;

    reading->lost |= ++reading->steps > STEPS_MAX || reading->depth == DEPTH_MAX;
    reading->depth++;
    if (reading->lost)
        longer = NULL;
    else if (node->kind == SYNTAX_NOTHING)
        longer = add_copies(reading, NULL, texts);
    else if (node->kind == SYNTAX_OCTET)
        longer = extend_by_octet(reading, node, texts);
    else if (node->kind == SYNTAX_SEQUENCE)
        longer = extend_by_parts(reading, node, texts);
    else if (node->kind == SYNTAX_CHOICE)
        longer = extend_by_choice(reading, node, texts);
    else if (node->kind == SYNTAX_REPEAT)
        longer = extend_by_repeat(reading, node, texts);
    else
        reading->lost = true;
    reading->depth--;
    return reading->lost ? NULL : longer;
}

bool
check_names_find(struct spans *names, struct arena *arena, const struct regex *regex)
{
    static const struct text nothing = {.next = NULL};
    struct arena             scratch = {0};
    struct reading           reading = {.arena = &scratch};
    struct syntax_node      *root    = NULL;
    struct text             *texts   = NULL;

    if (regex_is_anchored(regex))
        root = syntax_read(&scratch, regex_pattern(regex), regex_flags(regex));
    if (root != NULL)
        texts = extend(&reading, root, &nothing);
    reading.lost |= root == NULL || !are_whole(texts);
    for (; texts != NULL && !reading.lost; texts = texts->next)
        spans_add(names, arena_copy(arena, (struct span){texts->octets, texts->len}));
    arena_free(&scratch);
    return !reading.lost;
}

/* The first colon that is no part of a group or a class; the pattern's length if there is none. */
static size_t
find_colon(struct span pattern)
{
    size_t depth = 0, at = 0;

    while (at < pattern.len && (pattern.data[at] != ':' || depth > 0)) {
        char c = pattern.data[at];

        depth += c == '(';
        depth -= c == ')' && depth > 0;
        at = c == '[' ? regex_class_end(pattern, at) : at + (c == '\\' ? 2 : 1);
    }
    return at < pattern.len ? at : pattern.len;
}

/* Has the pattern alternatives outside of any group? A | in a class or a quotation counts as well. */
static bool
has_branches(struct span pattern)
{
    size_t depth = 0;

    for (size_t at = 0; at < pattern.len; at += pattern.data[at] == '\\' ? 2 : 1) {
        depth += pattern.data[at] == '(';
        depth -= pattern.data[at] == ')' && depth > 0;
        if (pattern.data[at] == '|' && depth == 0)
            return true;
    }
    return false;
}

struct span
check_names_rest(const struct regex *regex)
{
    struct span pattern = regex_pattern(regex), name = span_head(pattern, find_colon(pattern)), rest;

    rest = name.len < pattern.len ? span_tail(pattern, name.len + 1) : (struct span){"", 0};
    if (rest.len == 0 || strchr("*+?{", rest.data[0]) != NULL || has_branches(pattern) ||
        span_find(regex_flags(regex), 'x') < regex_flags(regex).len || memmem(name.data, name.len, "(?", 2) != NULL ||
        memmem(name.data, name.len, "\\Q", 2) != NULL)
        return pattern;
    return rest;
}
