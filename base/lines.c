/*
 * A block of octets is compared with itself one octet further left and right, and gives a mark for each LF that
 * matters. Several blocks are looked at together; which of them has a mark is asked only when one has.
 */
#include <assert.h>

#include "base/block.h"
#include "base/lines.h"
#include "base/text.h"

enum { TOGETHER = 4 };

/*
 * Marks, by any bit, each LF that is bare or has a dot behind it. One octet in front of `at` and one behind the block
 * must be there.
 */
BLOCK_INLINE void
mark_odd(const char *at, block *marks)
{
    block before, here, behind;

    memcpy(&before, at - 1, BLOCK);
    memcpy(&here, at, BLOCK);
    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)(here == '\n') & ((before ^ '\r') | (block)(behind == '.'));
}

/* Marks each LF that has a CR in front and one behind. */
BLOCK_INLINE void
mark_empty(const char *at, block *marks)
{
    block before, here, behind;

    memcpy(&before, at - 1, BLOCK);
    memcpy(&here, at, BLOCK);
    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)((before == '\r') & (here == '\n') & (behind == '\r'));
}

/*
 * The first octet from `at` to `last` that `mark` marks; `last` if there is none. An octet must stand in front of `at`.
 * The octet at `last` is read only as the one behind another. The part of a block that is left at the end is copied out
 * before it is looked at.
 */
BLOCK_INLINE const char *
find(const char *at, const char *last, void (*mark)(const char *, block *))
{
    char  room[1 + BLOCK + 1] = {0};
    block marks, second, third, fourth;

    for (; last - at >= TOGETHER * BLOCK; at += TOGETHER * BLOCK) {
        mark(at, &marks);
        mark(at + BLOCK, &second);
        mark(at + 2 * BLOCK, &third);
        mark(at + 3 * BLOCK, &fourth);
        marks |= second | third | fourth;
        if (block_any(&marks))
            break;
    }
    for (; last - at >= BLOCK; at += BLOCK) {
        mark(at, &marks);
        if (block_any(&marks))
            return at + block_first(&marks);
    }
    memcpy(room, at - 1, (size_t)(last - at) + 2);
    mark(room + 1, &marks);
    return block_any(&marks) ? at + block_first(&marks) : last;
}

/* Marks each LF that has a dash behind it. */
BLOCK_INLINE void
mark_dash(const char *at, block *marks)
{
    block here, behind;

    memcpy(&here, at, BLOCK);
    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)((here == '\n') & (behind == '-'));
}

/* Marks each LF that has white space behind it. */
BLOCK_INLINE void
mark_space(const char *at, block *marks)
{
    block here, behind;

    memcpy(&here, at, BLOCK);
    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)((here == '\n') & ((behind == ' ') | (behind - (uint8_t)'\t' <= (uint8_t)('\r' - '\t'))));
}

FOR_THIS_PROCESSOR static const char *
find_odd(const char *at, const char *last)
{
    return find(at, last, mark_odd);
}

FOR_THIS_PROCESSOR static const char *
find_empty(const char *at, const char *last)
{
    return find(at, last, mark_empty);
}

FOR_THIS_PROCESSOR static const char *
find_dash(const char *at, const char *last)
{
    return find(at, last, mark_dash);
}

FOR_THIS_PROCESSOR static const char *
find_space(const char *at, const char *last)
{
    return find(at, last, mark_space);
}

size_t
lines_find_odd(struct span text, size_t from)
{
    const char *last = text.data + text.len - 1, *found;

    assert(from >= 1);
    if (from >= text.len)
        return text.len;
    found = find_odd(text.data + from, last);
    return *found == '\n' ? (size_t)(found - text.data) : text.len;
}

size_t
lines_find_empty(struct span text)
{
    size_t at = 1;

    while (at + 2 < text.len) {
        const char *last = text.data + text.len - 2, *found = find_empty(text.data + at, last);

        if (found == last)
            break;
        if (found[2] == '\n')
            return (size_t)(found - text.data) + 3;
        at = (size_t)(found - text.data) + 1;
    }
    return 0;
}

/* Where the line begins that comes behind the next mark; an octet in front of `from` is there. */
static size_t
line_behind(struct span text, size_t from, const char *(*find_mark)(const char *at, const char *last))
{
    const char *last = text.data + text.len - 1, *found;

    if (from >= text.len)
        return text.len;
    found = find_mark(text.data + from, last);
    return found < last ? (size_t)(found - text.data) + 1 : text.len;
}

size_t
lines_find_dash(struct span text, size_t from)
{
    if (from >= text.len || text.data[from] == '-')
        return from;
    if (text.len - from > 1 && memcmp(text.data + from, "\n-", 2) == 0)
        return from + 1;
    return line_behind(text, from + 1, find_dash);
}

size_t
lines_find_space(struct span text, size_t from)
{
    if (from >= text.len || text_is_space(text.data[from]))
        return from;
    return line_behind(text, from + 1, find_space);
}

bool
lines_have_long(struct span text, size_t most)
{
    while (text.len > most) {
        const char *last = memrchr(text.data, '\n', most);

        if (last == NULL)
            return true;
        text = span_tail(text, (size_t)(last - text.data) + 1);
    }
    return false;
}

/* Marks each CR that has a LF behind it. One octet behind the block must be there. */
BLOCK_INLINE void
mark_crlf(const block *here, const char *at, block *marks)
{
    block behind;

    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)((*here == '\r') & (behind == '\n'));
}

/* Whole blocks are written, and what is too much of one is written over by the next. */
FOR_THIS_PROCESSOR static size_t
copy_with_lf(char *to, const char *at, const char *end)
{
    char *start = to;

    while (end - at > BLOCK) {
        block  here, marks;
        size_t len = BLOCK;

        memcpy(&here, at, BLOCK);
        memcpy(to, &here, BLOCK);
        mark_crlf(&here, at, &marks);
        if (block_any(&marks))
            len = block_first(&marks);
        to += len;
        at += len < BLOCK ? len + 1 : len;
        if (len < BLOCK)
            *to++ = *at++;
    }
    for (; at < end; at++)
        if (*at != '\r' || end - at == 1 || at[1] != '\n')
            *to++ = *at;
    return (size_t)(to - start);
}

size_t
lines_copy_with_lf(char *to, struct span text)
{
    return text.len > 0 ? copy_with_lf(to, text.data, text.data + text.len) : 0;
}
