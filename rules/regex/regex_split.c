/* The pattern is read level by level, each the inside of a group in the one above: its branches, and its groups. */
#include <ctype.h>
#include <stdint.h>

#include "base/count.h"
#include "rules/regex/regex_split.h"

#define NO_BAR SIZE_MAX

enum group_kind {
    GROUP_PLAIN,    /* "(?:", "(?i:" */
    GROUP_CAPTURES, /* "(", "(?<name>" */
    GROUP_OPAQUE,   /* it looks around, is atomic, has conditions */
    GROUP_FLAGS,    /* "(?i)" */
};

/* All of the pattern, or the inside of a group. */
struct level {
    size_t start, end;               /* of the branches; flags that are set in front of them are in front of `start` */
    size_t bar;                      /* that between two branches which is nearest to the middle, or NO_BAR */
    size_t inside_start, inside_end; /* of the largest group that is plain, or captures, and is not repeated */
    bool   sets_flags;               /* between branches, for those behind */
};

/* Where the class ends that begins at `at`. */
static size_t
class_end(struct span pattern, size_t at)
{
    at++;
    at += at < pattern.len && pattern.data[at] == '^';
    at += at < pattern.len && pattern.data[at] == ']';
    while (at < pattern.len && pattern.data[at] != ']') {
        struct span rest  = span_tail(pattern, at);
        const char *posix = span_starts(rest, SPAN("[:")) ? memmem(rest.data, rest.len, ":]", 2) : NULL;

        at += posix != NULL ? (size_t)(posix - rest.data) + 2 : rest.data[0] == '\\' ? 2 : 1;
    }
    return at + 1 < pattern.len ? at + 1 : pattern.len;
}

/* Where the item at `at` ends: an escape, a class, or an octet. */
static size_t
next_item(struct span pattern, size_t at)
{
    if (pattern.data[at] == '[')
        return class_end(pattern, at);
    return pattern.data[at] == '\\' && at + 1 < pattern.len ? at + 2 : at + 1;
}

/* Where the group ends that begins at `at`. */
static size_t
group_end(struct span pattern, size_t at)
{
    size_t depth = 0;

    do {
        depth += pattern.data[at] == '(';
        depth -= pattern.data[at] == ')' && depth > 0;
        at = next_item(pattern, at);
    } while (at < pattern.len && depth > 0);
    return at;
}

/* What the group at `at` is, and where its inside begins. */
static enum group_kind
read_group(struct span pattern, size_t at, size_t *inside)
{
    struct span rest = span_tail(pattern, at);
    size_t      end  = 2;

    *inside = at + 1;
    if (!span_starts(rest, SPAN("(?")))
        return span_starts(rest, SPAN("(*")) ? GROUP_OPAQUE : GROUP_CAPTURES;
    while (end < rest.len && (islower((unsigned char)rest.data[end]) || rest.data[end] == '^' || rest.data[end] == '-'))
        end++;
    *inside = at + end + 1;
    if (end < rest.len && rest.data[end] == ':')
        return GROUP_PLAIN;
    if (end < rest.len && rest.data[end] == ')')
        return GROUP_FLAGS;
    end = span_starts(rest, SPAN("(?P<")) ? 4 : 3;
    if (rest.len <= end || memchr("<'", rest.data[end - 1], 2) == NULL || memchr("=!", rest.data[end], 2) != NULL)
        return GROUP_OPAQUE;
    *inside = at + end + span_find(span_tail(rest, end), rest.data[end - 1] == '<' ? '>' : '\'') + 1;
    return GROUP_CAPTURES;
}

/* May one part of the pattern refer to another, or do the parentheses not show what is a group? */
static bool
is_entangled(struct span pattern, struct span flags)
{
    static const char *const signs[] = {"\\Q", "\\G",  "\\g<", "\\g'", "(?|", "(?R",
                                        "(?&", "(?P>", "(*",   "(?#",  "(?+", "(?["};

    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (memmem(pattern.data, pattern.len, signs[i], strlen(signs[i])) != NULL)
            return true;
    for (size_t at = 0; at + 2 < pattern.len; at++) {
        size_t end = at + 2;

        if (pattern.data[at] != '(' || pattern.data[at + 1] != '?')
            continue;
        while (end < pattern.len && memchr("^-adilmpsuxnJU", pattern.data[end], 14) != NULL &&
               pattern.data[end] != 'x' && pattern.data[end] != 'n')
            end++;
        if (end < pattern.len &&
            (isdigit((unsigned char)pattern.data[end]) || memchr("xn", pattern.data[end], 2) != NULL))
            return true;
    }
    return span_find(flags, 'x') < flags.len || span_find(flags, 'n') < flags.len;
}

/* Takes the group at `at` into account. Returns where it ends. */
static size_t
note_group(struct span pattern, size_t at, struct level *level)
{
    size_t          inside, end = group_end(pattern, at);
    enum group_kind kind = read_group(pattern, at, &inside);

    level->sets_flags |= kind == GROUP_FLAGS;
    if ((kind != GROUP_PLAIN && kind != GROUP_CAPTURES) || end <= inside || pattern.data[end - 1] != ')')
        return end;
    if (end < pattern.len && memchr("?*+{", pattern.data[end], 4) != NULL)
        return end;
    if (end - 1 - inside > level->inside_end - level->inside_start) {
        level->inside_start = inside;
        level->inside_end   = end - 1;
    }
    return end;
}

static size_t
distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

static struct level
read_level(struct span pattern, size_t start, size_t end)
{
    struct level level  = {.start = start, .end = end, .bar = NO_BAR};
    size_t       middle = start + (end - start) / 2, inside;

    while (level.start < end && pattern.data[level.start] == '(' &&
           read_group(pattern, level.start, &inside) == GROUP_FLAGS)
        level.start = inside;
    for (size_t at = level.start; at < end;) {
        if (pattern.data[at] == '|' && (level.bar == NO_BAR || distance(at, middle) < distance(level.bar, middle)))
            level.bar = at;
        at = pattern.data[at] == '(' ? note_group(pattern, at, &level) : next_item(pattern, at);
    }
    return level;
}

/* Adds groups that capture nothing in place of those that went with a branch. */
static void
add_groups(struct span branches, struct bytes *part)
{
    size_t inside;

    for (size_t at = 0; at < branches.len; at = next_item(branches, at))
        if (branches.data[at] == '(' && read_group(branches, at, &inside) == GROUP_CAPTURES)
            bytes_add(part, SPAN("(){0}"));
}

bool
regex_split(struct span pattern, struct span flags, struct bytes *left, struct bytes *right)
{
    struct level level = read_level(pattern, 0, pattern.len);
    struct span  front, behind, first, second;

    if (is_entangled(pattern, flags))
        return false;
    while (level.bar == NO_BAR && !level.sets_flags && level.inside_end > level.inside_start)
        level = read_level(pattern, level.inside_start, level.inside_end);
    if (level.bar == NO_BAR || level.sets_flags || level.end - level.start < pattern.len / 2)
        return false;
    front  = span_head(pattern, level.start);
    first  = (struct span){pattern.data + level.start, level.bar - level.start};
    second = (struct span){pattern.data + level.bar + 1, level.end - level.bar - 1};
    behind = span_tail(pattern, level.end);
    bytes_add(left, front);
    bytes_add(left, first);
    add_groups(second, left);
    bytes_add(left, behind);
    bytes_add(right, front);
    add_groups(first, right);
    bytes_add(right, second);
    bytes_add(right, behind);
    return true;
}
