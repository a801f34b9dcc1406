/*
 * What is wrong with the files an admin wrote: each mistake is one line, FILE:LINE: WHAT, and a reader goes on past a
 * mistake to find the next, so that one run of popgate -t names them all.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/bytes.h"

/* Starts as {0}; error_free() gives its memory back. */
struct error {
    struct bytes text;  /* the lines, each ended by a newline */
    size_t       count; /* how many */
    struct bytes notes; /* lines about what an admin should know, though it is no mistake */
};

/* Adds a line. `file` may be NULL (the line then is WHAT alone); `line` may be 0 (then FILE: WHAT). */
void error_add(struct error *, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a line of the same form to the notes. */
void error_note(struct error *, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* All lines as one C string, "" where there is none; valid until the next change. */
const char *error_text(const struct error *);
const char *error_notes(const struct error *);

void error_free(struct error *);

#endif
