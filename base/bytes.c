/* Octets that grow, doubling as they do. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"

enum { SMALLEST = 64 };

char *
bytes_grow(struct bytes *bytes, size_t more)
{
    size_t need = bytes->len + more + 1, capacity = bytes->capacity > SMALLEST ? bytes->capacity : SMALLEST;

    assert(need > more);
    while (capacity < need)
        capacity *= 2;
    bytes->data     = memory_resize(bytes->data, capacity);
    bytes->capacity = capacity;
    return bytes->data + bytes->len;
}

void
bytes_add(struct bytes *bytes, struct span span)
{
    char *end = bytes_reserve(bytes, span.len);

    if (span.len > 0)
        memcpy(end, span.data, span.len);
    bytes->len += span.len;
    bytes->data[bytes->len] = '\0';
}

void
bytes_add_char(struct bytes *bytes, char c)
{
    bytes_add(bytes, (struct span){&c, 1});
}

void
bytes_add_number(struct bytes *bytes, uint64_t number)
{
    char room[TEXT_NUMBER_SIZE];

    bytes_add(bytes, text_number(number, room));
}

/* Most texts are short: they fit at once. */
void
bytes_vprintf(struct bytes *bytes, const char *format, va_list args)
{
    char   *end  = bytes_reserve(bytes, SMALLEST - 1);
    size_t  room = bytes->capacity - bytes->len;
    va_list again;
    int     len;

    va_copy(again, args);
    len = vsnprintf(end, room, format, args);
    assert(len >= 0);
    if ((size_t)len >= room)
        (void)vsnprintf(bytes_reserve(bytes, (size_t)len), (size_t)len + 1, format, again);
    va_end(again);
    bytes->len += (size_t)len;
}

void
bytes_printf(struct bytes *bytes, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    bytes_vprintf(bytes, format, args);
    va_end(args);
}

void
bytes_clear(struct bytes *bytes)
{
    bytes->len = 0;
    if (bytes->data != NULL)
        bytes->data[0] = '\0';
}

void
bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

static void
append_span(struct sink *sink, struct span span)
{
    bytes_add(container_of(sink, struct bytes_sink, sink)->bytes, span);
}

struct bytes_sink
bytes_sink(struct bytes *bytes)
{
    return (struct bytes_sink){.sink.take = append_span, .bytes = bytes};
}
