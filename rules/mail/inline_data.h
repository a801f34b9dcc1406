/*
 * Pictures inside of HTML: <img src="data:image/png;base64,...">. They are no text, and as long as they like: where
 * only the beginning of a message is looked at, they would leave no room for what it says.
 */
#ifndef RULES_MAIL_INLINE_DATA_H
#define RULES_MAIL_INLINE_DATA_H

#include "base/span.h"

enum {
    INLINE_DATA_KEPT = 16 * 1024, /* octets of each that are kept: more than any address that rules look at has */
};

/* Where in a text one is. Starts as {0}. */
struct inline_data {
    size_t matched; /* octets of ";base64," that the last piece ended in */
    bool   inside;
    size_t run;  /* octets inside so far */
    char   last; /* of them, but for a carriage return */
};

/*
 * Takes the next piece that is to be kept off `text`, which may come cut anywhere, into `*kept`, which may be empty.
 * False: there is none left. A line end is inside only where quoted-printable put it (RFC 2045, 6.7).
 */
bool inline_data_next(struct inline_data *, struct span *text, struct span *kept);

#endif
