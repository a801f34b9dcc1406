/* Allocation that does not return without memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static _Noreturn void
out_of_memory(size_t size)
{
    fprintf(stderr, "popgate: out of memory: %zu octets could not be had\n", size);
    abort();
}

void *
memory_new(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1); /* calloc() passes by glibc's cache of small blocks */

    if (memory == NULL)
        out_of_memory(size);
    return memset(memory, 0, size);
}

bool
memory_can_be_had(size_t size)
{
    enum { SMALL = 1024 * 1024 };
    void *memory = size < SMALL ? NULL : malloc(size);

    free(memory);
    return size < SMALL || memory != NULL;
}

void *
memory_resize(void *pointer, size_t size)
{
    void *memory = realloc(pointer, size > 0 ? size : 1);

    if (memory == NULL)
        out_of_memory(size);
    return memory;
}

void *
memory_resize_array(void *pointer, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        out_of_memory(count);
    return memory_resize(pointer, total);
}

char *
memory_copy_string(const char *string)
{
    return memory_copy_span(span_of(string));
}

char *
memory_copy_span(struct span span)
{
    char *copy = memory_new(span.len + 1);

    if (span.len > 0)
        memcpy(copy, span.data, span.len);
    return copy;
}
