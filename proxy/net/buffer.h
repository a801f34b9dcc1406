/*
 * Octets on their way. A buffer is a row of pieces, a piece a view into a block, and a block lives as long as any piece
 * shows it: what is moved from one buffer to another, as a whole or in parts, is not copied, unless it is so little
 * that it would keep far more memory than it needs.
 *
 *      buffer      first -> piece -> piece -> NULL
 *                            |        |
 *      blocks              [..====][==......]
 *
 * Nothing here fails: memory that cannot be had ends the process (see base/memory.h).
 */
#ifndef PROXY_NET_BUFFER_H
#define PROXY_NET_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/sink.h"
#include "base/span.h"

/* Memory that pieces show. It is given to `release` when the last of its users is gone. */
struct block {
    unsigned users;
    void (*release)(struct block *);
    char  *data;
    size_t size;
};

/* A block of `size` octets behind its head, with one user; its release is free(3) until another one is set. */
struct block *block_new(size_t size) __attribute__((returns_nonnull));

/* One user less. */
void block_leave(struct block *);

struct piece {
    struct piece *next;
    struct block *block;
    char         *data;
    size_t        len; /* never 0 */
};

/* A block that is being filled with copies, one behind the other. */
struct space {
    struct block *block; /* NULL: none yet */
    size_t        used;  /* octets */
};

/* Starts as {0}. */
struct buffer {
    struct piece *first, *last;
    size_t        length; /* octets in all pieces */
    struct space  own;    /* for copies behind others; there is none while the buffer is empty */
    bool          secret; /* what is taken out, other than moved, is wiped: it may be a password */
};

/* Appends a copy. */
void buffer_add(struct buffer *, struct span);

/* Appends `len` octets at `data` in `block` without copying them; the buffer uses it in the caller's place from now on.
 */
void buffer_add_block(struct buffer *, struct block *, char *data, size_t len);

/* Moves the first `len` octets of `from` to the end of `to`; there must be that many. */
void buffer_move(struct buffer *from, struct buffer *to, size_t len);

/* Moves what is behind the first `len` octets of `from` to the end of `to`; there must be that many. */
void buffer_move_rest(struct buffer *from, struct buffer *to, size_t len);

/* Takes the first `len` octets out; there must be that many. */
void buffer_drain(struct buffer *, size_t len);

/* Takes everything out. */
void buffer_clear(struct buffer *);

/* Makes the first `len` octets lie together, or all if there are fewer, and returns them: valid until the next change.
 */
struct span buffer_pull(struct buffer *, size_t len);

/* Copies the first octets, at most `len`, and returns how many that were. */
size_t buffer_copy(const struct buffer *, char *to, size_t len);

/* Shows the first pieces, at most `most`, as writev(2) wants them, and returns how many these are. */
int buffer_pieces(const struct buffer *, struct iovec *pieces, int most);

/* The first octets that lie together, as many as there are; empty if the buffer is. */
static inline struct span
buffer_first(const struct buffer *buffer)
{
    return buffer->first != NULL ? (struct span){buffer->first->data, buffer->first->len} : (struct span){0};
}

/* A sink that appends to a buffer. */
struct buffer_sink {
    struct sink    sink;
    struct buffer *to;
};

struct buffer_sink buffer_sink(struct buffer *to);

#endif
