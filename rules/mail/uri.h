/*
 * The addresses in the text of a mail: what a mail program would make a link of, and bare host names, which some
 * readers type into a browser.
 */
#ifndef RULES_MAIL_URI_H
#define RULES_MAIL_URI_H

#include "rules/mail/arena.h"
#include "rules/mail/mail_settings.h"

/* Adds the addresses in a paragraph, with the scheme that a mail program would put in front where there is none. */
void uri_find(struct span paragraph, const struct mail_settings *, struct arena *, struct spans *uris);

/* The host in an address, without user, port and path; empty if it has none. */
struct span uri_host(struct span uri);

#endif
