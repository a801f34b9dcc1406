/*
 * Building the index: which names each rule concerns, and what looks for the patterns of many. A rule within an if
 * concerns the names that both allow, so whatever the name of a field, an if is on its way as soon as a rule within it
 * is.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/postfix/check_index_private.h"
#include "rules/postfix/check_names.h"

enum { FILTER_MIN = 8 }; /* rules of a list, to look for their patterns in one pass */

/* The names that a rule concerns. */
struct concern {
    struct spans names;
    bool         any;
};

static void
add_rule(struct header_rules *list, size_t rule)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 4;
        list->numbers  = memory_resize_array(list->numbers, list->capacity, sizeof(list->numbers[0]));
    }
    list->numbers[list->count++] = (uint32_t)rule;
}

static void
make_slots(struct check_index *index)
{
    if (2 * index->named_count < index->slot_count)
        return;
    free(index->slots);
    index->slot_count = index->slot_count > 0 ? 2 * index->slot_count : 16;
    index->slots      = memory_new(index->slot_count * sizeof(index->slots[0]));
    for (size_t i = 0; i < index->named_count; i++)
        *check_find_slot(index, index->named[i].name, index->named[i].hash) = (uint32_t)i + 1;
}

static void
add_name(struct check_index *index, struct span name, size_t rule)
{
    uint32_t  hash = check_hash(name);
    uint32_t *slot;

    make_slots(index);
    slot = check_find_slot(index, name, hash);
    if (*slot == 0) {
        index->named = memory_resize_array(index->named, index->named_count + 1, sizeof(index->named[0]));
        index->named[index->named_count] = (struct header_rules){.name = name, .hash = hash, .group = CHECK_NO_GROUP};
        *slot                            = (uint32_t)++index->named_count;
        if (name.len > 0) {
            index->lengths |= check_length_bit(name);
            index->first_octets |= check_first_bit(name);
        }
    }
    add_rule(&index->named[*slot - 1], rule);
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
    struct concern *concerns = memory_new(index->count * sizeof(*concerns));
    size_t         *around = memory_new(index->count * sizeof(*around)), depth = 0;

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

/* A negated pattern cannot be told by what stands in the text. */
static size_t
count_positive(const struct check_index *index, const struct header_rules *list)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++)
        count += !index->rules[list->numbers[i]].negated;
    return count;
}

/*
 * A pattern to look for in fields of a rule's name: without the name, which all of them have. The caller frees it; NULL
 * for a negated pattern.
 */
static struct regex *
look_for(const struct check_rule *rule, bool named)
{
    struct span   pattern = named ? check_names_rest(rule->regex) : regex_pattern(rule->regex);
    struct bytes  why     = {0};
    struct regex *regex   = rule->negated ? NULL : regex_compile(pattern, regex_flags(rule->regex), &why);

    if (regex == NULL && !rule->negated) /* it refers to a group that is gone */
        regex = regex_compile(regex_pattern(rule->regex), regex_flags(rule->regex), &why);
    bytes_free(&why);
    return regex;
}

/* What looks for the patterns of a list, if they are many. */
static void
add_group(const struct check_index *index, struct header_rules *list, struct prefilter_group *groups, size_t *count)
{
    struct regex **patterns;
    size_t         words = prefilter_words(list->count);

    if (count_positive(index, list) < FILTER_MIN)
        return;
    list->group      = (ssize_t)*count;
    list->ifs        = memory_new(words * sizeof(list->ifs[0]));
    list->candidates = memory_new(words * sizeof(list->candidates[0]));
    list->visited    = memory_new(words * sizeof(list->visited[0]));
    patterns         = memory_new(list->count * sizeof(patterns[0]));
    for (size_t i = 0; i < list->count; i++) {
        const struct check_rule *rule = &index->rules[list->numbers[i]];

        patterns[i] = look_for(rule, list->name.len > 0);
        list->ifs[i / 64] |= (uint64_t)rule->is_if << i % 64;
    }
    groups[(*count)++] = (struct prefilter_group){
        .patterns = (const struct regex *const *)patterns, .count = list->count, .short_texts = true};
}

static void
group_free(struct prefilter_group *group)
{
    struct regex **patterns = (struct regex **)group->patterns;

    for (size_t i = 0; i < group->count; i++)
        regex_free(&patterns[i]);
    free(patterns);
}

static void
make_prefilter(struct check_index *index)
{
    struct prefilter_group *groups = memory_new((index->named_count + 1) * sizeof(*groups));
    size_t                  count  = 0;

    add_group(index, &index->any, groups, &count);
    for (size_t i = 0; i < index->named_count; i++)
        add_group(index, &index->named[i], groups, &count);
    index->prefilter = prefilter_new(groups, count);
    for (size_t i = 0; i < count; i++)
        group_free(&groups[i]);
    free(groups);
}

struct check_index *
check_index_new(const struct check_rule *rules, size_t count)
{
    struct check_index *index = memory_new(sizeof(*index));

    index->rules     = rules;
    index->count     = count;
    index->all.group = CHECK_NO_GROUP;
    index->any.group = CHECK_NO_GROUP;
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
    for (size_t i = 0; i < (*index)->named_count; i++)
        list_free(&(*index)->named[i]);
    free((*index)->named);
    free((*index)->slots);
    arena_free(&(*index)->memory);
    prefilter_free(&(*index)->prefilter);
    free(*index);
    *index = NULL;
}
