/*
 * A block of octets is compared with itself one octet further left and right, and gives a mark for each LF that
 * matters. Several blocks are looked at together; which of them has a mark is asked only when one has.
 */
#include <assert.h>
#include <stdint.h>

#include "base/lines.h"

enum { BLOCK = 32, TOGETHER = 4 };

/* As wide as the widest registers that are common; the compiler makes two of it where they are narrower. */
typedef uint8_t block __attribute__((vector_size(BLOCK)));

#if defined(__x86_64__) && defined(__GNUC__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

/* The octets of a block in eights. */
struct eights {
    uint64_t items[BLOCK / 8];
};

#define INLINE static inline __attribute__((always_inline))

/*
 * Marks, by any bit, each LF that is bare or has a dot behind it. One octet in front of `at` and one behind the block
 * must be there.
 */
INLINE void
mark_odd(const char *at, block *marks)
{
    block before, here, behind;

    memcpy(&before, at - 1, BLOCK);
    memcpy(&here, at, BLOCK);
    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)(here == '\n') & ((before ^ '\r') | (block)(behind == '.'));
}

/* Marks each LF that has a CR in front and one behind. */
INLINE void
mark_empty(const char *at, block *marks)
{
    block before, here, behind;

    memcpy(&before, at - 1, BLOCK);
    memcpy(&here, at, BLOCK);
    memcpy(&behind, at + 1, BLOCK);
    *marks = (block)((before == '\r') & (here == '\n') & (behind == '\r'));
}

INLINE bool
any(const block *marks)
{
    struct eights eights;

    memcpy(&eights, marks, BLOCK);
    return (eights.items[0] | eights.items[1] | eights.items[2] | eights.items[3]) != 0;
}

/* The number of the first mark. There must be one. */
INLINE size_t
first(const block *marks)
{
    struct eights eights;
    size_t        i = 0;

    memcpy(&eights, marks, BLOCK);
    while (eights.items[i] == 0)
        i++;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return 8 * i + (size_t)__builtin_clzll(eights.items[i]) / 8;
#else
    return 8 * i + (size_t)__builtin_ctzll(eights.items[i]) / 8;
#endif
}

/*
 * The first octet that `mark` marks from `at` on, which must have one in front, up to `last`; `last` if there is none,
 * which is not looked at but for what it is behind. What is left of a block is looked at in a room of its own.
 */
INLINE const char *
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
        if (any(&marks))
            break;
    }
    for (; last - at >= BLOCK; at += BLOCK) {
        mark(at, &marks);
        if (any(&marks))
            return at + first(&marks);
    }
    memcpy(room, at - 1, (size_t)(last - at) + 2);
    mark(room + 1, &marks);
    return any(&marks) ? at + first(&marks) : last;
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
