/*
 * An idle connection has no buffers (SSL_MODE_RELEASE_BUFFERS), so that one that works allocates them for every record.
 * malloc() has blocks of that size from its slow path alone: the last few are kept here.
 */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "proxy/tls_memory.h"

enum {
    LEAST = 16 * 1024, /* octets of a buffer for a record and what goes around it */
    MOST  = 18 * 1024,
    KEPT  = 4,
};

static void  *kept[KEPT];
static size_t count;

static void *
take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size < LEAST || size > MOST)
        return malloc(size);
    return count > 0 ? kept[--count] : malloc(MOST);
}

static void *
resize(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(memory, size);
}

/* Those that are kept all have room for the largest; malloc() says how much it gave. */
static void
give(void *memory, const char *file, int line)
{
    size_t size = malloc_usable_size(memory);

    (void)file;
    (void)line;
    if (size >= MOST && size < 2 * MOST && count < KEPT)
        kept[count++] = memory;
    else
        free(memory);
}

void
tls_memory_start(void)
{
    (void)CRYPTO_set_mem_functions(take, resize, give);
}
