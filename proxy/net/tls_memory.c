/*
 * An idle connection has no buffers (SSL_MODE_RELEASE_BUFFERS), so that one that works allocates them for every record.
 * malloc() has blocks of that size from its slow path alone: here is a place for those in use at a time. They are known
 * by their addresses, as OpenSSL frees 800 other things in a handshake.
 */
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/net/tls_memory.h"

enum {
    BUFFER_MIN = 16 * 1024, /* octets of a buffer for a record and what goes around it */
    BUFFER_MAX = 18 * 1024,
    COUNT      = 32, /* slow clients may hold them: malloc() serves whom that leaves without */
};

union buffer {
    union buffer *next;
    _Alignas(16) char octets[BUFFER_MAX];
};

static union buffer buffers[COUNT], *unused;
static size_t       used; /* those behind have never been touched */

static void *
take_buffer(size_t size, const char *file, int line)
{
    union buffer *buffer = unused;

    (void)file;
    (void)line;
    if (size < BUFFER_MIN || size > BUFFER_MAX || (buffer == NULL && used == COUNT))
        return malloc(size);
    if (buffer == NULL)
        return &buffers[used++];
    unused = buffer->next;
    return buffer;
}

static bool
is_buffer(const void *memory)
{
    return (uintptr_t)memory - (uintptr_t)buffers < sizeof(buffers);
}

static void
give_buffer(void *memory, const char *file, int line)
{
    union buffer *buffer = memory;

    (void)file;
    (void)line;
    if (!is_buffer(memory)) {
        free(memory);
        return;
    }
    buffer->next = unused;
    unused       = buffer;
}

static void *
resize(void *memory, size_t size, const char *file, int line)
{
    void *other;

    if (!is_buffer(memory))
        return realloc(memory, size);
    other = malloc(size);
    if (other == NULL)
        return NULL;
    memcpy(other, memory, size < BUFFER_MAX ? size : BUFFER_MAX);
    give_buffer(memory, file, line);
    return other;
}

void
tls_memory_start(void)
{
    (void)CRYPTO_set_mem_functions(take_buffer, resize, give_buffer);
}
