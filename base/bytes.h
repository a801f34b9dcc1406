/*
 * Octets that grow: a string under construction. Memory that cannot be had ends the process (see base/memory.h), so
 * nothing here fails.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdarg.h>
#include <stdint.h>

#include "base/sink.h"
#include "base/span.h"

/* Starts as {0}. `data` always ends in a NUL that `len` does not count, once anything was added. */
struct bytes {
    char  *data;
    size_t len;      /* octets in use */
    size_t capacity; /* octets allocated */
};

void bytes_add(struct bytes *, struct span);
void bytes_add_char(struct bytes *, char);
void bytes_add_number(struct bytes *, uint64_t); /* in decimal */
void bytes_printf(struct bytes *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_vprintf(struct bytes *, const char *format, va_list) __attribute__((format(printf, 2, 0)));

/* As bytes_reserve(), where there is no room yet. */
char *bytes_grow(struct bytes *, size_t more);

/* Makes room for `more` octets behind those in use and returns where they go; `len` is then the caller's to raise. */
static inline char *
bytes_reserve(struct bytes *bytes, size_t more)
{
    return more < bytes->capacity - bytes->len ? bytes->data + bytes->len : bytes_grow(bytes, more);
}

/* Appends what bytes_reserve() has made room for. */
static inline void
bytes_put(struct bytes *bytes, struct span span)
{
    if (span.len > 0)
        memcpy(bytes->data + bytes->len, span.data, span.len);
    bytes->len += span.len;
    bytes->data[bytes->len] = '\0';
}

/* Forgets the contents, keeps the memory. */
void bytes_clear(struct bytes *);

/* Gives the memory back; the struct is {0} again. */
void bytes_free(struct bytes *);

/* The contents, valid until the next change. */
static inline struct span
bytes_span(const struct bytes *bytes)
{
    return (struct span){bytes->data, bytes->len};
}

/* A sink that appends to `bytes`. */
struct bytes_sink {
    struct sink   sink;
    struct bytes *bytes;
};

struct bytes_sink bytes_sink(struct bytes *);

#endif
