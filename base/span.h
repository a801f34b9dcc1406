/*
 * A span is a view of octets that somebody else owns. It may hold NUL and ends where its length says. Every layer
 * speaks in spans; the header that lends one out says how long it lives.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *data;
    size_t      len; /* octets */
};

/* The span of a string literal, without its NUL. */
#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

/* The arguments of a printf "%.*s". */
#define SPAN_ARG(span) (int)(span).len, (span).data

/* The span of a C string; of NULL, an empty one. */
static inline struct span
span_of(const char *string)
{
    return (struct span){string, string != NULL ? strlen(string) : 0};
}

/* The first `len` octets; `len` must not be more than there are. */
static inline struct span
span_head(struct span span, size_t len)
{
    return (struct span){span.data, len};
}

/* What follows the first `len` octets; `len` must not be more than there are. */
static inline struct span
span_tail(struct span span, size_t len)
{
    return (struct span){len > 0 ? span.data + len : span.data, span.len - len}; /* no sum with NULL, be it of 0 */
}

static inline bool
span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Equal but for the case of ASCII letters. (strncasecmp(3) ends at a NUL.) */
static inline bool
span_equal_nocase(struct span a, struct span b)
{
    size_t at = 0;

    if (a.len != b.len)
        return false;
    while (at < a.len && (a.data[at] == b.data[at] || ((a.data[at] ^ b.data[at]) == 0x20 &&
                                                       (unsigned char)((a.data[at] | 0x20) - 'a') <= 'z' - 'a')))
        at++;
    return at == a.len;
}

/* Their order by octets, as memcmp(3) gives it; what begins like the other and is shorter comes first. */
static inline int
span_compare(struct span a, struct span b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    int    order = least > 0 ? memcmp(a.data, b.data, least) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where the first `c` stands; `len` where there is none. */
static inline size_t
span_find(struct span span, char c)
{
    const char *found = span.len > 0 ? memchr(span.data, c, span.len) : NULL;

    return found != NULL ? (size_t)(found - span.data) : span.len;
}

/* Does it begin with `prefix`? */
static inline bool
span_starts(struct span span, struct span prefix)
{
    return span.len >= prefix.len && span_equal(span_head(span, prefix.len), prefix);
}

/* Does it begin with `prefix`, but for the case of ASCII letters? */
static inline bool
span_starts_nocase(struct span span, struct span prefix)
{
    return span.len >= prefix.len && span_equal_nocase(span_head(span, prefix.len), prefix);
}

#endif
