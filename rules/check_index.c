/*
 * A rule within an if concerns the names that both allow. So whatever the name of a field, an if is on its way as soon
 * as a rule within it is.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/check_index.h"
#include "rules/check_names.h"
#include "rules/mail/span_index.h"
#include "rules/prefilter/prefilter.h"

enum {
    FILTER_LEAST = 8, /* rules of a list, to look for their patterns in one pass */
    NO_GROUP     = -1,
};

/* The rules for one name, or for any. */
struct header_rules {
    uint32_t *numbers;
    size_t    count, capacity;
    ssize_t   group;      /* of the prefilter */
    uint64_t *ifs;        /* a bit for each: it is an if, whose end has to be known */
    uint64_t *candidates; /* of the field that is looked at: it may match, */
    uint64_t *visited;    /* or is an if */
};

/* The names that a rule concerns. */
struct concern {
    struct spans names;
    bool         any;
};

struct check_index {
    const struct check_rule *rules;
    size_t                   count;
    struct header_rules      all;
    struct header_rules      any;   /* for fields of any name */
    struct header_rules     *named; /* by the number of the name */
    struct span_index        names; /* in lower case */
    struct arena             memory;
    uint64_t          lengths[256]; /* of the names that begin with an octet: a bit for each, the last for more */
    struct prefilter *prefilter;
};

static uint64_t
length_bit(size_t len)
{
    return UINT64_C(1) << (len < 63 ? len : 63);
}

static void
add_rule(struct header_rules *list, size_t rule)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 4;
        list->numbers  = memory_resize_array(list->numbers, list->capacity, sizeof list->numbers[0]);
    }
    list->numbers[list->count++] = (uint32_t)rule;
}

static void
add_name(struct check_index *index, struct span name, size_t rule)
{
    size_t before = index->names.spans.count, number = span_index_add(&index->names, name);

    if (number == before) {
        index->named         = memory_resize_array(index->named, number + 1, sizeof index->named[0]);
        index->named[number] = (struct header_rules){.group = NO_GROUP};
        if (name.len > 0)
            index->lengths[(unsigned char)name.data[0]] |= length_bit(name.len);
    }
    add_rule(&index->named[number], rule);
}

/* The names that are in both lists, which are sorted. */
static void
intersect(struct spans *names, const struct spans *other)
{
    size_t kept = 0, at = 0;

    for (size_t i = 0; i < names->count; i++) {
        while (at < other->count && span_compare(other->items[at], names->items[i]) < 0)
            at++;
        if (at < other->count && span_equal(other->items[at], names->items[i]))
            names->items[kept++] = names->items[i];
    }
    names->count = kept;
}

/* What a rule concerns that stands in an if that concerns `around`; NULL: in none. */
static struct concern
find_concern(struct check_index *index, const struct check_rule *rule, const struct concern *around)
{
    struct concern own = {.any = false};

    own.any = rule->negated || !check_names_find(&own.names, &index->memory, rule->regex);
    spans_sort_unique(&own.names);
    if (around == NULL || around->any)
        return own;
    if (own.any)
        for (size_t i = 0; i < around->names.count; i++)
            spans_add(&own.names, around->names.items[i]);
    else
        intersect(&own.names, &around->names);
    own.any = false;
    return own;
}

static void
place_rule(struct check_index *index, size_t rule, const struct concern *concern)
{
    if (concern->any)
        add_rule(&index->any, rule);
    for (size_t i = 0; i < concern->names.count; i++)
        add_name(index, concern->names.items[i], rule);
}

/* The ifs around a rule are those in front whose end is behind it. */
static void
place_rules(struct check_index *index)
{
    struct concern *concerns = memory_new(index->count * sizeof *concerns);
    size_t         *around = memory_new(index->count * sizeof *around), depth = 0;

    for (size_t i = 0; i < index->count; i++) {
        while (depth > 0 && (size_t)index->rules[around[depth - 1]].behind <= i)
            depth--;
        concerns[i] = find_concern(index, &index->rules[i], depth > 0 ? &concerns[around[depth - 1]] : NULL);
        add_rule(&index->all, i);
        place_rule(index, i, &concerns[i]);
        if (index->rules[i].is_if)
            around[depth++] = i;
    }
    for (size_t i = 0; i < index->count; i++)
        spans_free(&concerns[i].names);
    free(concerns);
    free(around);
}

/* Patterns that have not to match can be told by nothing. */
static size_t
count_positive(const struct check_index *index, const struct header_rules *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++)
        count += !index->rules[list->numbers[i]].negated;
    return count;
}

/* What looks for the patterns of a list, if they are many. */
static void
add_group(const struct check_index *index, struct header_rules *list, struct prefilter_group *groups, size_t *count)
{
    const struct regex **patterns;
    size_t               words = prefilter_words(list->count);

    if (count_positive(index, list) < FILTER_LEAST)
        return;
    list->group      = (ssize_t)*count;
    list->ifs        = memory_new(words * sizeof list->ifs[0]);
    list->candidates = memory_new(words * sizeof list->candidates[0]);
    list->visited    = memory_new(words * sizeof list->visited[0]);
    patterns         = memory_new(list->count * sizeof patterns[0]);
    for (size_t i = 0; i < list->count; i++) {
        const struct check_rule *rule = &index->rules[list->numbers[i]];

        patterns[i] = rule->negated ? NULL : rule->regex;
        list->ifs[i / 64] |= (uint64_t)rule->is_if << i % 64;
    }
    groups[(*count)++] = (struct prefilter_group){.patterns = patterns, .count = list->count, .short_texts = true};
}

static void
make_prefilter(struct check_index *index)
{
    struct prefilter_group *groups = memory_new((index->names.spans.count + 1) * sizeof *groups);
    size_t                  count  = 0;

    add_group(index, &index->any, groups, &count);
    for (size_t i = 0; i < index->names.spans.count; i++)
        add_group(index, &index->named[i], groups, &count);
    index->prefilter = prefilter_new(groups, count);
    for (size_t i = 0; i < count; i++)
        free((void *)groups[i].patterns);
    free(groups);
}

struct check_index *
check_index_new(const struct check_rule *rules, size_t count)
{
    struct check_index *index = memory_new(sizeof *index);

    index->rules     = rules;
    index->count     = count;
    index->all.group = NO_GROUP;
    index->any.group = NO_GROUP;
    place_rules(index);
    make_prefilter(index);
    return index;
}

static void
list_free(struct header_rules *list)
{
    free(list->numbers);
    free(list->ifs);
    free(list->candidates);
    free(list->visited);
}

void
check_index_free(struct check_index **index)
{
    if (*index == NULL)
        return;
    list_free(&(*index)->all);
    list_free(&(*index)->any);
    for (size_t i = 0; i < (*index)->names.spans.count; i++)
        list_free(&(*index)->named[i]);
    free((*index)->named);
    span_index_free(&(*index)->names);
    arena_free(&(*index)->memory);
    prefilter_free(&(*index)->prefilter);
    free(*index);
    *index = NULL;
}

/* A letter of ASCII in lower case. */
static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The rules for this name, which is not too long; NULL: none are for it alone. */
static const struct header_rules *
find_named(const struct check_index *index, struct span name)
{
    char    folded[CHECK_NAME_MAX];
    ssize_t number;

    for (size_t i = 0; i < name.len; i++)
        folded[i] = lower(name.data[i]);
    number = span_index_find(&index->names, (struct span){folded, name.len});
    return number != SPAN_INDEX_NONE ? &index->named[number] : NULL;
}

const struct header_rules *
check_index_find(const struct check_index *index, struct span name)
{
    const struct header_rules *rules = NULL;

    if (name.len == 0)
        return &index->all;
    if (name.len <= CHECK_NAME_MAX && (index->lengths[(unsigned char)lower(name.data[0])] & length_bit(name.len)) != 0)
        rules = find_named(index, name);
    if (rules == NULL && index->any.count > 0)
        rules = &index->any;
    return rules;
}

static void
add_way(struct check_walk *walk, const struct header_rules *list, struct span header)
{
    if (list->count == 0)
        return;
    walk->ways[walk->count++] = (struct check_way){.rules = list};
    if (list->group == NO_GROUP)
        return;
    prefilter_scan(walk->index->prefilter, (size_t)list->group, header, NULL, list->candidates, NULL);
    for (size_t i = 0; i < prefilter_words(list->count); i++)
        list->visited[i] = list->candidates[i] | list->ifs[i];
}

void
check_walk_begin(struct check_walk *walk, const struct check_index *index, const struct header_rules *rules,
                 struct span header)
{
    walk->index = index;
    walk->count = 0;
    add_way(walk, rules, header);
    if (rules != &index->all && rules != &index->any)
        add_way(walk, &index->any, header);
}

/* The first at `at` or behind that is to be visited; the count if there is none. */
static size_t
next_visited(const struct header_rules *list, size_t at)
{
    size_t   word = at / 64;
    uint64_t bits;

    if (list->group == NO_GROUP || at >= list->count)
        return at;
    bits = list->visited[word] & UINT64_MAX << at % 64;
    while (bits == 0) {
        if (++word == prefilter_words(list->count))
            return list->count;
        bits = list->visited[word];
    }
    return 64 * word + (size_t)__builtin_ctzll(bits);
}

/* The first at `at` or behind whose rule is not in front of `from`. */
static size_t
skip_to(const struct header_rules *list, size_t at, size_t from)
{
    size_t end = list->count;

    if (at < end && list->numbers[at] >= from)
        return at;
    while (at < end) {
        size_t middle = at + (end - at) / 2;

        if (list->numbers[middle] < from)
            at = middle + 1;
        else
            end = middle;
    }
    return at;
}

/* Is it a rule that may match? */
static bool
is_candidate(const struct check_way *way)
{
    return way->rules->group == NO_GROUP || (way->rules->candidates[way->at / 64] >> way->at % 64 & 1) != 0;
}

size_t
check_walk_next(struct check_walk *walk, size_t from)
{
    const struct check_index *index = walk->index;

    while (from < index->count) {
        struct check_way *first = NULL;

        for (struct check_way *way = walk->ways; way < walk->ways + walk->count; way++) {
            way->at = next_visited(way->rules, skip_to(way->rules, way->at, from));
            if (way->at < way->rules->count &&
                (first == NULL || way->rules->numbers[way->at] < first->rules->numbers[first->at]))
                first = way;
        }
        if (first == NULL)
            return index->count;
        from = first->rules->numbers[first->at];
        if (is_candidate(first))
            return from;
        from = (size_t)index->rules[from].behind;
    }
    return from;
}
