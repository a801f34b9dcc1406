/* The mail addresses in a header field by RFC 5322's grammar, obsolete forms among them. */
#ifndef RULES_MAIL_MAILBOXES_GRAMMAR_H
#define RULES_MAIL_MAILBOXES_GRAMMAR_H

#include "rules/mail/mailboxes.h"

/*
 * As mailboxes_read(), up to where the text breaks the grammar so much that nobody can tell where the next mailbox is.
 * What is no address and has no name gives the whole text as its name. The time is in proportion to the text.
 */
void mailboxes_read_grammar(struct mailboxes *, struct span text, struct arena *);

/* For those who read: adds one. */
void mailboxes_add(struct mailboxes *, struct mailbox);

/* For those who read: is the phrase an address, at a host that can be? */
bool mailboxes_phrase_is_address(struct span phrase);

#endif
