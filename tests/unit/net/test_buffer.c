/* Buffers: whatever is added, moved, drained and pulled, the octets are those of a plain string, and every block is let
 * go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/count.h"
#include "base/memory.h"
#include "proxy/net/buffer.h"

enum { ROUNDS = 20000, OCTETS_MAX = 3000, BUFFERS = 3 };

static unsigned blocks; /* in use, of those with a release of their own */

static void
count_release(struct block *block)
{
    blocks--;
    free(block);
}

static uint32_t
below(uint32_t limit)
{
    static uint32_t state = 1;

    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

static void
fill(char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (char)below(256);
}

/* A buffer, and the string that it should be. */
struct pair {
    struct buffer buffer;
    struct bytes  bytes;
};

static void
take_out(struct bytes *bytes, size_t len)
{
    if (len == 0)
        return;
    memmove(bytes->data, bytes->data + len, bytes->len - len);
    bytes->len -= len;
}

static void
add_copy(struct pair *pair, struct pair *other)
{
    char   data[OCTETS_MAX];
    size_t len = below(2) ? below(20) : below(OCTETS_MAX);

    (void)other;
    fill(data, len);
    buffer_add(&pair->buffer, (struct span){data, len});
    bytes_add(&pair->bytes, (struct span){data, len});
}

static void
add_block(struct pair *pair, struct pair *other)
{
    size_t        size = 1 + below(OCTETS_MAX), start = below((uint32_t)size);
    struct block *block = block_new(size);

    (void)other;
    block->release = count_release;
    blocks++;
    fill(block->data, size);
    bytes_add(&pair->bytes, (struct span){block->data + start, size - start});
    buffer_add_block(&pair->buffer, block, block->data + start, size - start);
}

static void
move(struct pair *pair, struct pair *other)
{
    size_t len = below((uint32_t)pair->bytes.len + 1);

    if (pair == other)
        return;
    buffer_move(&pair->buffer, &other->buffer, len);
    bytes_add(&other->bytes, span_head(bytes_span(&pair->bytes), len));
    take_out(&pair->bytes, len);
}

static void
drain(struct pair *pair, struct pair *other)
{
    size_t len = below((uint32_t)pair->bytes.len + 1);

    (void)other;
    buffer_drain(&pair->buffer, len);
    take_out(&pair->bytes, len);
}

static void
pull(struct pair *pair, struct pair *other)
{
    size_t      len = below(OCTETS_MAX), there = len < pair->bytes.len ? len : pair->bytes.len;
    struct span pulled = buffer_pull(&pair->buffer, len);

    (void)other;
    assert_int_equal(pulled.len, there);
    if (there > 0)
        assert_memory_equal(pulled.data, pair->bytes.data, there);
}

static void
compare(struct pair *pair)
{
    static char copy[ROUNDS * OCTETS_MAX];
    size_t      len = pair->bytes.len;

    assert_int_equal(pair->buffer.length, len);
    assert_int_equal(buffer_copy(&pair->buffer, copy, sizeof(copy)), len);
    assert_memory_equal(copy, len > 0 ? pair->bytes.data : "", len);
    if (len > OCTETS_MAX)
        drain(pair, pair);
}

static void
test_like_strings(void **state)
{
    static void (*const acts[])(struct pair *, struct pair *) = {add_copy, add_block, move, move, drain, pull};
    struct pair pairs[BUFFERS]                                = {0};

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct pair *pair = &pairs[below(BUFFERS)], *other = &pairs[below(BUFFERS)];

        acts[below(COUNT_OF(acts))](pair, other);
        compare(pair);
        compare(other);
    }
    for (int i = 0; i < BUFFERS; i++) {
        buffer_clear(&pairs[i].buffer);
        bytes_free(&pairs[i].bytes);
        assert_null(pairs[i].buffer.first);
        assert_int_equal(pairs[i].buffer.length, 0);
    }
    assert_int_equal(blocks, 0);
}

static void
test_moves_without_copies(void **state)
{
    struct buffer from = {0}, to = {0};
    struct block *block = block_new(OCTETS_MAX);

    (void)state;
    buffer_add_block(&from, block, block->data, OCTETS_MAX);
    buffer_move(&from, &to, 1000);
    assert_ptr_equal(buffer_first(&to).data, block->data);
    assert_ptr_equal(buffer_first(&from).data, block->data + 1000);
    buffer_move(&from, &to, OCTETS_MAX - 1000);
    assert_ptr_equal(to.last->data, block->data + 1000);
    assert_int_equal(block->users, 2);
    buffer_clear(&to);
}

/* What one piece shows is never written to by what is added behind another. */
static void
test_shared_block_is_not_written_to(void **state)
{
    struct buffer one = {0}, two = {0};
    char          text[2000] = {0};

    (void)state;
    buffer_add(&one, (struct span){text, 600});
    buffer_move(&one, &two, 500);
    buffer_add(&two, SPAN("not behind the first"));
    assert_memory_equal(buffer_pull(&one, 100).data, text, 100);
    buffer_clear(&one);
    buffer_clear(&two);
}

/* Octets of the blocks that a buffer keeps; those of one block lie together. */
static size_t
kept_by(const struct buffer *buffer)
{
    const struct block *last = NULL;
    size_t              kept = 0;

    for (const struct piece *piece = buffer->first; piece != NULL; last = piece->block, piece = piece->next)
        kept += piece->block != last ? piece->block->size : 0;
    return kept;
}

/* Pieces that came one by one, while others came and went: what waits is not much larger than its octets. */
static void
test_few_octets_keep_little(void **state)
{
    static const char   text[16 * 1024] = {0};
    static const size_t sizes[]         = {1, 20, 300, 1460, 3000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buffer in = {0}, waiting = {0}, others = {0};

        for (int round = 0; round < ROUNDS; round++) {
            buffer_add(&in, (struct span){text, sizes[i]});
            buffer_move(&in, &waiting, in.length - (size_t)(round % 2));
            buffer_drain(&in, in.length);
            buffer_add(&others, (struct span){text, sizeof(text)});
            buffer_clear(&others);
        }
        assert_true(kept_by(&waiting) <= 8 * waiting.length + sizeof(text));
        buffer_clear(&waiting);
    }
}

static void
test_pieces(void **state)
{
    struct buffer buffer = {0};
    struct iovec  pieces[2];

    (void)state;
    assert_int_equal(buffer_pieces(&buffer, pieces, 2), 0);
    for (int c = 'a'; c <= 'c'; c++) {
        struct block *block = block_new(1);

        block->data[0] = (char)c;
        buffer_add_block(&buffer, block, block->data, 1);
    }
    assert_int_equal(buffer_pieces(&buffer, pieces, 2), 2);
    assert_memory_equal(pieces[1].iov_base, "b", 1);
    buffer_clear(&buffer);
}

/* What is taken out of a secret buffer is nowhere in its blocks any more; what was moved out is. */
static void
test_secrets_are_wiped(void **state)
{
    static const char zeros[6];
    struct buffer     from = {.secret = true}, to = {0};
    struct block     *block = block_new(16);

    (void)state;
    memcpy(block->data, "PASS hunter2", 12);
    block->users = 2;
    buffer_add_block(&from, block, block->data, 12);
    buffer_drain(&from, 6);
    assert_memory_equal(block->data, zeros, 6);
    assert_memory_equal(block->data + 6, "unter2", 6);
    (void)buffer_pull(&from, 6);
    buffer_add(&from, SPAN("more"));
    (void)buffer_pull(&from, 10);
    assert_memory_equal(block->data + 6, zeros, 6);
    buffer_move(&from, &to, 10);
    assert_memory_equal(to.first->data, "unter2more", 10);
    buffer_clear(&to);
    block_leave(block);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_strings),
        cmocka_unit_test(test_moves_without_copies),
        cmocka_unit_test(test_shared_block_is_not_written_to),
        cmocka_unit_test(test_few_octets_keep_little),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_secrets_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
