/*
 * Structs of one kind that come and go with every message: the last ones that were given back are kept for the next
 * messages. malloc() keeps only seven of a size at hand, and a client that pipelines needs more.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

/* Starts as {.size = sizeof(struct ...)}; one for a process and a kind. */
struct pool {
    size_t   size;  /* octets of a struct, at least those of a pointer */
    unsigned count; /* of those that are kept */
    void    *kept;  /* each begins with a pointer to the next */
};

/* A struct of zeros; memory that cannot be had ends the process (see base/memory.h). */
void *pool_take(struct pool *) __attribute__((returns_nonnull, warn_unused_result));

/* Gives it back. */
void pool_give(struct pool *, void *);

#endif
