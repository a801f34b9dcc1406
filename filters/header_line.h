/* The lines of a header block, for filters/headers.c and filters/headers_parse.c alone. */
#ifndef FILTERS_HEADER_LINE_H
#define FILTERS_HEADER_LINE_H

#include "filters/headers.h"

enum { HEADER_NAME_MAX = 998 }; /* octets to the colon and with it: a line (RFC 5322, 2.1.1) holds it */

static inline bool
header_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without the line end that `text` may have. */
static inline struct span
header_trim_end(struct span text)
{
    if (text.len > 0 && text.data[text.len - 1] == '\n') {
        text.len--;
        if (text.len > 0 && text.data[text.len - 1] == '\r')
            text.len--;
    }
    return text;
}

/* Takes "Name: value" apart; false if it is not of that form. */
bool header_split(struct span line, struct span *name, struct span *value);

void header_grow(struct header_list *);

/* Gives the memory of all fields back; `packed` says how many there were. */
void header_free_fields(struct header_list *);

/* Makes room for one more field behind the last. */
static inline void
header_make_room(struct header_list *list)
{
    if (list->count + list->waiting == list->capacity)
        header_grow(list);
}

#endif
