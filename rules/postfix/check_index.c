/* Looking up the rules for a name, and walking over them: those for it alone, and those for any, side by side. */
#include "rules/postfix/check_index_private.h"

/* No mail can make this hash worse: the names in the table are the rules'. */
uint32_t
check_hash(struct span name)
{
    uint32_t hash = 2166136261;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)(name.data[i] | 0x20)) * 16777619;
    return hash ^ hash >> 15;
}

static bool
are_for(const struct header_rules *rules, struct span name, uint32_t hash)
{
    return rules->hash == hash && span_equal_nocase(rules->name, name);
}

uint32_t *
check_find_slot(const struct check_index *index, struct span name, uint32_t hash)
{
    size_t slot = hash & (index->slot_count - 1);

    while (index->slots[slot] != 0 && !are_for(&index->named[index->slots[slot] - 1], name, hash))
        slot = (slot + 1) & (index->slot_count - 1);
    return &index->slots[slot];
}

const struct header_rules *
check_index_find(const struct check_index *index, struct span name)
{
    uint32_t number = 0;

    if (name.len == 0)
        return &index->all;
    if ((index->lengths & check_length_bit(name)) != 0 && (index->first_octets & check_first_bit(name)) != 0)
        number = *check_find_slot(index, name, check_hash(name));
    if (number > 0)
        return &index->named[number - 1];
    return index->any.count > 0 ? &index->any : NULL;
}

static void
add_way(struct check_walk *walk, const struct header_rules *list, struct span header)
{
    if (list->count == 0)
        return;
    walk->ways[walk->count++] = (struct check_way){.rules = list};
    if (list->group == CHECK_NO_GROUP)
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

    if (list->group == CHECK_NO_GROUP || at >= list->count)
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
    return way->rules->group == CHECK_NO_GROUP || (way->rules->candidates[way->at / 64] >> way->at % 64 & 1) != 0;
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
