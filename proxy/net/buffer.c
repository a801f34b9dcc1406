/* Octets on their way: pieces of blocks. */
#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/pool.h"
#include "proxy/net/buffer.h"

enum {
    COMMON = 16 * 1024,                   /* octets */
    OWN    = 1024 - sizeof(struct block), /* octets: glibc keeps blocks up to 1032 at hand */
    WIDE   = 4096 - sizeof(struct block), /* octets, for copies that would leave little of the one above */
    KEPT   = 16,                          /* wide blocks that are kept for the next use */
    FEW    = 256,                         /* octets that are sooner copied than shared */
    PART   = 4,                           /* of a common block that a piece behind others has to show */
};

static struct pool piece_pool = {.size = sizeof(struct piece)};

static void
free_block(struct block *block)
{
    free(block);
}

struct block *
block_new(size_t size)
{
    struct block *block = memory_resize(NULL, sizeof(*block) + size);

    *block = (struct block){.users = 1, .release = free_block, .data = (char *)(block + 1), .size = size};
    return block;
}

void
block_leave(struct block *block)
{
    assert(block->users > 0);
    if (--block->users == 0)
        block->release(block);
}

static struct block *wide_blocks[KEPT];
static unsigned      wide_count;

static void
keep_wide(struct block *block)
{
    if (wide_count < KEPT)
        wide_blocks[wide_count++] = block;
    else
        free(block);
}

static struct block *
take_wide(void)
{
    struct block *block = wide_count > 0 ? wide_blocks[--wide_count] : block_new(WIDE);

    block->users   = 1;
    block->release = keep_wide;
    return block;
}

static void
append(struct buffer *buffer, struct piece *piece)
{
    piece->next = NULL;
    if (buffer->last != NULL)
        buffer->last->next = piece;
    else
        buffer->first = piece;
    buffer->last = piece;
    buffer->length += piece->len;
}

void
buffer_add_block(struct buffer *buffer, struct block *block, char *data, size_t len)
{
    struct piece *piece = pool_take(&piece_pool);

    assert(len > 0);
    *piece = (struct piece){.block = block, .data = data, .len = len};
    append(buffer, piece);
}

static void
leave_space(struct space *space)
{
    if (space->block != NULL)
        block_leave(space->block);
    space->block = NULL;
}

/* Nobody else writes to a space, and nobody reads what is not yet written. */
static char *
write_to(struct space *space, size_t size, struct span span)
{
    char *place;

    if (space->block == NULL || space->block->size - space->used < span.len) {
        leave_space(space);
        *space = (struct space){.block = size == WIDE ? take_wide() : block_new(size)};
    }
    place = space->block->data + space->used;
    memcpy(place, span.data, span.len);
    space->used += span.len;
    return place;
}

static void
add_copy(struct buffer *buffer, struct space *space, size_t size, struct span span)
{
    char         *place = write_to(space, size, span);
    struct piece *last  = buffer->last;

    if (last != NULL && last->block == space->block && last->data + last->len == place) {
        last->len += span.len;
        buffer->length += span.len;
        return;
    }
    space->block->users++;
    buffer_add_block(buffer, space->block, place, span.len);
}

/*
 * The first copy in a buffer goes where those of all buffers go: most are gone before the next one is made, and the
 * same few octets of memory are used again. What waits behind others is packed, or a small piece could keep much of it.
 */
void
buffer_add(struct buffer *buffer, struct span span)
{
    static struct space common;
    struct space        large = {0};

    if (common.block != NULL && common.block->users == 1)
        common.used = 0;
    if (span.len == 0)
        return;
    if (buffer->first == NULL && span.len <= COMMON) {
        add_copy(buffer, &common, COMMON, span);
    } else if (span.len <= WIDE / 2) {
        add_copy(buffer, &buffer->own, span.len <= OWN / 2 ? OWN : WIDE, span);
    } else {
        add_copy(buffer, &large, span.len, span);
        leave_space(&large);
    }
}

static struct piece *
take_first(struct buffer *buffer)
{
    struct piece *piece = buffer->first;

    buffer->first = piece->next;
    buffer->length -= piece->len;
    if (buffer->first == NULL) {
        buffer->last = NULL;
        leave_space(&buffer->own);
    }
    return piece;
}

static void
drop_first(struct buffer *buffer)
{
    struct piece *piece = take_first(buffer);

    if (buffer->secret)
        explicit_bzero(piece->data, piece->len);
    block_leave(piece->block);
    pool_give(&piece_pool, piece);
}

/* The first piece gives `len` octets at its start away, and keeps the others. */
static void
shorten_first(struct buffer *buffer, size_t len)
{
    buffer->first->data += len;
    buffer->first->len -= len;
    buffer->length -= len;
}

static void
share_first(struct buffer *from, struct buffer *to, size_t len)
{
    struct piece *first = from->first;

    first->block->users++;
    buffer_add_block(to, first->block, first->data, len);
    shorten_first(from, len);
}

/*
 * In a block that other buffers write to as well, octets that wait would keep the memory of all that comes and goes
 * meanwhile.
 */
static bool
is_copied(const struct piece *piece, size_t len, const struct buffer *to)
{
    if (len < piece->len && len <= FEW)
        return true;
    return to->first != NULL && piece->block->size <= COMMON && len < piece->block->size / PART;
}

void
buffer_move(struct buffer *from, struct buffer *to, size_t len)
{
    assert(len <= from->length);
    while (len > 0) {
        struct piece *first = from->first;
        size_t        part  = first->len < len ? first->len : len;

        if (is_copied(first, part, to)) {
            buffer_add(to, (struct span){first->data, part});
            buffer_drain(from, part);
        } else if (part == first->len) {
            append(to, take_first(from));
        } else {
            share_first(from, to, part);
        }
        len -= part;
    }
}

void
buffer_move_rest(struct buffer *from, struct buffer *to, size_t len)
{
    struct buffer first = {.secret = from->secret};

    buffer_move(from, &first, len);
    buffer_move(from, to, from->length);
    buffer_move(&first, from, len);
}

void
buffer_drain(struct buffer *buffer, size_t len)
{
    assert(len <= buffer->length);
    while (len > 0 && buffer->first->len <= len) {
        len -= buffer->first->len;
        drop_first(buffer);
    }
    if (len > 0 && buffer->secret)
        explicit_bzero(buffer->first->data, len);
    if (len > 0)
        shorten_first(buffer, len);
}

void
buffer_clear(struct buffer *buffer)
{
    while (buffer->first != NULL)
        drop_first(buffer);
}

size_t
buffer_copy(const struct buffer *buffer, char *to, size_t len)
{
    size_t copied = 0;

    for (const struct piece *piece = buffer->first; piece != NULL && copied < len; piece = piece->next) {
        size_t part = piece->len < len - copied ? piece->len : len - copied;

        memcpy(to + copied, piece->data, part);
        copied += part;
    }
    return copied;
}

static void
put_first(struct buffer *buffer, struct block *block, size_t len)
{
    struct buffer pulled = {0};

    buffer_add_block(&pulled, block, block->data, len);
    pulled.last->next = buffer->first;
    if (buffer->first == NULL)
        buffer->last = pulled.last;
    buffer->first = pulled.first;
    buffer->length += len;
}

struct span
buffer_pull(struct buffer *buffer, size_t len)
{
    struct block *block;

    if (len > buffer->length)
        len = buffer->length;
    if (len > 0 && buffer->first->len < len) {
        block = block_new(len);
        (void)buffer_copy(buffer, block->data, len);
        buffer_drain(buffer, len);
        put_first(buffer, block, len);
    }
    return span_head(buffer_first(buffer), len);
}

int
buffer_pieces(const struct buffer *buffer, struct iovec *pieces, int most)
{
    int count = 0;

    for (const struct piece *piece = buffer->first; piece != NULL && count < most; piece = piece->next)
        pieces[count++] = (struct iovec){.iov_base = piece->data, .iov_len = piece->len};
    return count;
}

static void
append_span(struct sink *sink, struct span span)
{
    buffer_add(container_of(sink, struct buffer_sink, sink)->to, span);
}

struct buffer_sink
buffer_sink(struct buffer *to)
{
    return (struct buffer_sink){.sink.take = append_span, .to = to};
}
