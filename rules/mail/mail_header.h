/*
 * The header fields of a mail or of one of its parts, as rules see them: what a mail program would make of a broken
 * header, as SpamAssassin does. filters/headers.h, which must give back every octet, has it end at the same place.
 */
#ifndef RULES_MAIL_MAIL_HEADER_H
#define RULES_MAIL_MAIL_HEADER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"

enum {
    MAIL_HEADER_NAME_MAX  = 256,   /* octets of a name that are kept */
    MAIL_HEADER_VALUE_MAX = 8192,  /* and of a value */
    MAIL_HEADERS_MAX      = 5000,  /* fields that are kept; those behind are passed over */
    MAIL_HEADER_MAX       = 65536, /* octets of a header that rules see as a whole */
    MAIL_HEADER_ODD_MAX   = 3,     /* lines that are no field and are passed over; the next one ends the header */
};

struct mail_header {
    struct span name;  /* as written, without the white space before the colon */
    struct span raw;   /* behind the colon, folded as it came, the last line end included */
    struct span value; /* unfolded, trimmed, decoded to UTF-8, and a line end */
};

/* Starts as {0}. The spans live in the text and the arena. */
struct mail_headers {
    struct mail_header *items;
    size_t              count;
    size_t              capacity;
    struct bytes        value; /* that is being decoded */
};

/* What was found wrong, by SpamAssassin's names. */
struct mail_header_flaws {
    bool missing_head_body_separator; /* no empty line behind it */
    bool truncated_header;            /* longer than the limits above */
};

/* The octets of a line in front of a message that an mbox has there: "From somebody Mon ...", "From" alone, but no
 * field with a space in front of its colon. */
size_t mail_headers_separator(struct span message);

/* Reads the header of a message with LF line ends; returns where the body begins. */
size_t mail_headers_read(struct mail_headers *, struct arena *, struct span message, struct mail_header_flaws *);

/* Does the header end in front of this line, which continues no field? `odd` counts, from 0, lines that are none. */
bool mail_headers_end(struct span rest, unsigned *odd);

/* Adds a field; `raw` is kept, the value decoded from it. */
void mail_headers_add(struct mail_headers *, struct arena *, struct span name, struct span raw);

/* Does a header field's name stand here: printable ASCII, white space perhaps, a colon (RFC 5322, 2.2 and 4.5)? */
bool mail_headers_begin(struct span line);

/* The value of the last field called `name` (without regard to case), without a line end; empty if there is none. */
struct span mail_headers_last(const struct mail_headers *, struct span name);

void mail_headers_free(struct mail_headers *);

#endif
