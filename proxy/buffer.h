/*
 * libevent's buffers, with calls that cannot fail: they only could for want of memory, and that ends the process (see
 * base/memory.h). An octet of mail is never lost for a result that nobody looked at.
 */
#ifndef PROXY_BUFFER_H
#define PROXY_BUFFER_H

#include <event2/buffer.h>
#include <stdlib.h>

#include "base/sink.h"
#include "base/span.h"

static inline struct evbuffer *
buffer_new(void)
{
    struct evbuffer *buffer = evbuffer_new();

    if (buffer == NULL)
        abort();
    return buffer;
}

static inline void
buffer_add(struct evbuffer *to, struct span span)
{
    if (span.len > 0 && evbuffer_add(to, span.data, span.len) != 0)
        abort();
}

/* Moves the first `len` octets of `from`; there must be that many. Whole pieces change hands without being copied. */
static inline void
buffer_move(struct evbuffer *from, struct evbuffer *to, size_t len)
{
    if (len > 0 && evbuffer_remove_buffer(from, to, len) != (int)len)
        abort();
}

static inline void
buffer_drain(struct evbuffer *buffer, size_t len)
{
    if (evbuffer_drain(buffer, len) != 0)
        abort();
}

/* The first octets that lie together, as many as there are; empty if the buffer is. */
static inline struct span
buffer_first(struct evbuffer *buffer)
{
    struct evbuffer_iovec piece = {0};

    (void)evbuffer_peek(buffer, -1, NULL, &piece, 1);
    return (struct span){piece.iov_base, piece.iov_len};
}

/* A sink that appends to a buffer. */
struct buffer_sink {
    struct sink      sink;
    struct evbuffer *to;
};

static inline void
buffer_sink_take(struct sink *sink, struct span span)
{
    buffer_add(container_of(sink, struct buffer_sink, sink)->to, span);
}

static inline struct buffer_sink
buffer_sink(struct evbuffer *to)
{
    return (struct buffer_sink){.sink.take = buffer_sink_take, .to = to};
}

#endif
