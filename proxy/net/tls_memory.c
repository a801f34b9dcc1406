/*
 * Lists of free blocks, one for each size that malloc() has. The blocks are malloc()'s own and know their size: any of
 * them may be given to free() and realloc() at any time. The last that came back is the first to go, while the
 * processor's cache has it.
 */
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/single_threaded.h>

#include "proxy/net/tls_memory.h"

enum {
    STEP     = 16,        /* octets from one size to the next */
    HEAD     = 8,         /* octets of a step that malloc() takes for itself */
    SMALLEST = 24,        /* octets of its smallest block */
    LARGEST  = 18 * 1024, /* octets; a buffer for a record and what goes around it is a little less */
    SIZES    = (LARGEST + HEAD) / STEP,
};

struct block {
    struct block *next;
};

static struct {
    struct block *free[SIZES]; /* by size: those of list `i` have STEP * i + HEAD octets at least */
    size_t        kept, limit; /* octets, of all lists */
} lists;

/* The list whose blocks are large enough; it may be one that there is not. */
static size_t
list_for(size_t size)
{
    return ((size > SMALLEST ? size : SMALLEST) + STEP - 1 - HEAD) / STEP;
}

static void *
take(size_t size, const char *file, int line)
{
    size_t        i = list_for(size);
    struct block *block;

    (void)file;
    (void)line;
    if (i >= SIZES || lists.free[i] == NULL || !__libc_single_threaded)
        return malloc(size);
    block         = lists.free[i];
    lists.free[i] = block->next;
    lists.kept -= malloc_usable_size(block);
    return block;
}

static void
give(void *memory, const char *file, int line)
{
    struct block *block = memory;
    size_t        size  = malloc_usable_size(memory); /* 0 of NULL */
    size_t        i     = (size - HEAD) / STEP;

    (void)file;
    (void)line;
    if (i >= SIZES || lists.kept + size > lists.limit || !__libc_single_threaded) {
        free(memory);
        return;
    }
    block->next   = lists.free[i];
    lists.free[i] = block;
    lists.kept += size;
}

static void *
resize(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(memory, size);
}

void
tls_memory_start(void)
{
    (void)CRYPTO_set_mem_functions(take, resize, give);
}

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

void
tls_memory_keep(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(memory_sanitizer)
    lists.limit = TLS_MEMORY_KEPT;
#endif
}

size_t
tls_memory_kept(void)
{
    return lists.kept;
}

void
tls_memory_give_back(void)
{
    for (size_t i = 0; i < SIZES; i++)
        while (lists.free[i] != NULL) {
            struct block *block = lists.free[i];

            lists.free[i] = block->next;
            free(block);
        }
    lists.kept = 0;
}
