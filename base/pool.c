/* Structs that are kept for the next use. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"

static const unsigned most =
#ifdef __SANITIZE_ADDRESS__
    0; /* nothing is kept: the sanitizer finds what is used after it was given back */
#else
    64;
#endif

void *
pool_take(struct pool *pool)
{
    void *taken = pool->kept;

    if (taken == NULL)
        return memory_new(pool->size);
    memcpy(&pool->kept, taken, sizeof(pool->kept));
    pool->count--;
    return memset(taken, 0, pool->size);
}

void
pool_give(struct pool *pool, void *given)
{
    assert(pool->size >= sizeof(pool->kept));
    if (pool->count >= most) {
        free(given);
        return;
    }
    memcpy(given, &pool->kept, sizeof(pool->kept));
    pool->kept = given;
    pool->count++;
}
