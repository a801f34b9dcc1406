/*
 * What the fuzzers share: the octets that libFuzzer made up, taken apart into decisions and data, and pieces of them in
 * heap blocks of their exact length, where a sanitizer sees each octet read beyond them.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer, which keeps the input, unless it holds. */
#define FUZZ_EXPECT(what)                                                                                              \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);                                   \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Takes a number below `limit` off the input; 0 where that is used up. */
static inline size_t
fuzz_number(struct span *input, size_t limit)
{
    unsigned char octet = 0;

    if (input->len > 0) {
        octet  = (unsigned char)input->data[0];
        *input = span_tail(*input, 1);
    }
    return limit > 0 ? octet % limit : 0;
}

/* The length of the next piece of `rest`, 1 to 16 octets, as a generator started with some seed has it. */
static inline size_t
fuzz_piece(struct span rest, uint32_t *seed)
{
    size_t len;

    *seed = *seed * 1664525 + 1013904223;
    len   = (*seed >> 24) % 16 + 1;
    return len < rest.len ? len : rest.len;
}

/* A copy of exact length, to be given to fuzz_drop(). */
static inline struct span
fuzz_copy(struct span span)
{
    char *data = memory_resize(NULL, span.len);

    if (span.len > 0)
        memcpy(data, span.data, span.len);
    return (struct span){data, span.len};
}

static inline void
fuzz_drop(struct span copy)
{
    free((void *)copy.data);
}

#endif
