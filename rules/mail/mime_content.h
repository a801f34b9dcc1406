/* What Content-Type says (RFC 2045, 5), read as SpamAssassin reads it, broken as it may be. */
#ifndef RULES_MAIL_MIME_CONTENT_H
#define RULES_MAIL_MIME_CONTENT_H

#include <stdbool.h>

#include "base/arena.h"

/* Spans whose data is NULL: it does not say. They live in the value and the arena. */
struct mime_content {
    struct span type;     /* lower case; every text that is not known to be another kind is "text/plain" */
    struct span boundary; /* without quotes; not empty */
    struct span charset;
    struct span name;    /* of the file; not empty */
    bool        missing; /* there is no type, and `type` is the default */
};

/* `value` is the field's, unfolded; empty: there is none. */
struct mime_content mime_content_read(struct arena *, struct span value);

#endif
