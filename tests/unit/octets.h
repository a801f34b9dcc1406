/* What tests of octets share. */
#ifndef TESTS_UNIT_OCTETS_H
#define TESTS_UNIT_OCTETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"

/* A copy of exactly its size, so that a read behind its end is seen. */
static inline struct span
exact_copy(struct span span)
{
    char *copy = memory_resize(NULL, span.len);

    if (span.len > 0)
        memcpy(copy, span.data, span.len);
    return (struct span){copy, span.len};
}

static inline void
free_copy(struct span span)
{
    free((char *)span.data);
}

/* `what`, `times` times; to be given to free(). */
static inline char *
repeat(const char *what, size_t times)
{
    size_t len  = strlen(what);
    char  *text = memory_new(len * times + 1);

    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, what, len);
    return text;
}

static inline void
expect_span(const char *name, const char *what, struct span got, struct span expect)
{
    if (!span_equal(got, expect))
        fail_msg("%s: %s: \"%.*s\", not \"%.*s\"", name, what, SPAN_ARG(got), SPAN_ARG(expect));
}

#endif
