/*
 * Memory that is there or ends the process: with the limits that bound each session, running out of it is the machine's
 * fault, and a worker that dies is started again. Nobody asks here for a size that a peer chose without a limit; and
 * who does work that a peer made large first asks whether there is memory for it.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* `size` octets of zeros, to be given to free(). */
void *memory_new(size_t size) __attribute__((malloc, returns_nonnull, warn_unused_result));

/* As realloc(3); `pointer` may be NULL. */
void *memory_resize(void *pointer, size_t size) __attribute__((returns_nonnull, warn_unused_result));

/* As memory_resize() for `count` members of `size` octets, overflow-safe. */
void *
memory_resize_array(void *pointer, size_t count, size_t size) __attribute__((returns_nonnull, warn_unused_result));

/* A copy that ends in NUL, to be given to free(). */
char *memory_copy_string(const char *) __attribute__((malloc, returns_nonnull, warn_unused_result));
char *memory_copy_span(struct span) __attribute__((malloc, returns_nonnull, warn_unused_result));

/*
 * Could `size` octets be had now? Takes nothing, and asks the system only about a megabyte and more: what is smaller is
 * not what a limit stops at. Where the system promises more than it has (vm.overcommit_memory 0 and 1) it says yes to
 * almost all but what a resource limit forbids.
 */
bool memory_can_be_had(size_t size);

#endif
