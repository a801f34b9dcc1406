/* The two blocks that a session's descriptors leave behind in libevent are of 16 octets; nothing else is that small. */
#include <event2/event.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proxy/net/tls_memory.h"
#include "proxy/process/worker_memory.h"

enum {
    BLOCK        = 16,
    BLOCKS       = 1 << 20, /* address space; memory is what was used of it */
    SESSIONS_MIN = 128,     /* sessions: the memory of fewer is not worth looking for */
};

union block {
    union block *next;
    char         octets[BLOCK];
};

static union block *blocks, *free_blocks;
static size_t       used;

static bool
is_block(const void *pointer)
{
    return blocks != NULL && (uintptr_t)pointer - (uintptr_t)blocks < BLOCKS * sizeof(*blocks);
}

static void *
take_block(size_t size)
{
    union block *block = free_blocks;

    if (size > sizeof(*block) || (block == NULL && used == BLOCKS))
        return malloc(size);
    if (block == NULL)
        return &blocks[used++];
    free_blocks = block->next;
    return block;
}

static void
give_block(void *pointer)
{
    union block *block = pointer;

    if (!is_block(pointer)) {
        free(pointer);
        return;
    }
    block->next = free_blocks;
    free_blocks = block;
}

static void *
resize(void *pointer, size_t size)
{
    void *larger;

    if (!is_block(pointer))
        return realloc(pointer, size);
    larger = malloc(size);
    if (larger == NULL)
        return NULL;
    memcpy(larger, pointer, size < BLOCK ? size : BLOCK);
    give_block(pointer);
    return larger;
}

void
worker_memory_start(void)
{
    void *place = mmap(NULL, BLOCKS * sizeof(*blocks), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    tls_memory_keep();
    if (place == MAP_FAILED)
        return; /* address space is limited: malloc()'s memory does as well, only longer */
    blocks = place;
    event_set_mem_functions(take_block, resize, give_block);
}

void
worker_memory_give_back(size_t left)
{
    static size_t most;

    if (most <= left)
        most = left + 1;
    if (most < SESSIONS_MIN || left > most / 2)
        return;
    tls_memory_give_back();
    (void)malloc_trim(0);
    most = left;
}
