/* The mail addresses in a header field by RFC 5322, as GMime reads it. */
#ifndef RULES_MAIL_MAILBOXES_GMIME_H
#define RULES_MAIL_MAILBOXES_GMIME_H

#include "rules/mail/mailboxes.h"

/* As mailboxes_read(). */
void mailboxes_read_gmime(struct mailboxes *, struct span value, struct arena *);

/* For those who read: adds one. */
void mailboxes_add(struct mailboxes *, struct mailbox);

#endif
