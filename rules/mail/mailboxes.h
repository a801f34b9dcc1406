/*
 * The mail addresses in a header field and the names of people beside them, as SpamAssassin finds them: more than the
 * grammar allows (RFC 5322, 3.4) counts, since much mail breaks it.
 */
#ifndef RULES_MAIL_MAILBOXES_H
#define RULES_MAIL_MAILBOXES_H

#include "base/arena.h"

/* Data NULL: there is none. */
struct mailbox {
    struct span address;
    struct span phrase; /* as it came, but for its quotes */
};

/* Starts as {0}. */
struct mailboxes {
    struct mailbox *items;
    size_t          count;
    size_t          capacity;
};

/* Compiles the patterns: once, in the master. */
void mailboxes_start(void);

/* Adds what is in a field's value, folded or not. What they hold lives in the arena. */
void mailboxes_read(struct mailboxes *, struct span value, struct arena *);

void mailboxes_free(struct mailboxes *);

#endif
