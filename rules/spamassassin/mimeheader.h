/*
 * The left side of a mimeheader rule: which header field of each MIME part it looks at, the mail's own header being the
 * first part's.
 *
 *      Content-Type   Content-Disposition:raw   ALL
 */
#ifndef RULES_SPAMASSASSIN_MIMEHEADER_H
#define RULES_SPAMASSASSIN_MIMEHEADER_H

#include "base/bytes.h"
#include "rules/mail/mail.h"

enum { MIMEHEADER_PARTS_MAX = 1000 }; /* parts behind those are not looked at */

struct mimeheader {
    char    *name; /* NULL: all fields */
    bool     raw;
    bool     concat;      /* tflags: the values of all parts as one text */
    unsigned first, last; /* tflags: the parts to look at, from 1; `last` of 0: all */
};

/* Reads "Name" or "Name:raw". 0; or -1 with the reason appended to `why`. */
int mimeheader_read(struct mimeheader *, struct span text, struct bytes *why);

/* Reads "2-5", "2-", "-5" or "2" to `first` and `last`; anything else says nothing. */
void mimeheader_read_range(struct mimeheader *, struct span text);

/*
 * What the part has there; `*present` is false, and it is empty, if it has nothing. Of several fields the last. Lives
 * in the mail or in `memory`.
 */
struct span mimeheader_value(const struct mimeheader *, const struct mime_part *, struct bytes *memory, bool *present);

void mimeheader_clear(struct mimeheader *);

#endif
