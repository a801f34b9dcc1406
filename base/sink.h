/*
 * A sink takes a stream of octets piece by piece: the seam between a producer that is pure (a dot reader, a header
 * writer) and whoever wants what it makes.
 */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include "base/span.h"

/* Embed it in the struct that receives, and find that with container_of(). */
struct sink {
    /* Takes the next octets, which live for this call alone. A sink cannot refuse: it notes its trouble for later. */
    void (*take)(struct sink *, struct span);
};

static inline void
sink_take(struct sink *sink, struct span span)
{
    if (span.len > 0)
        sink->take(sink, span);
}

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
