/*
 * An address seen through: what a browser would make of an obscured one is added beside it, so that a uri rule can be
 * written for the plain form.
 */
#ifndef RULES_MAIL_URI_FORMS_H
#define RULES_MAIL_URI_FORMS_H

#include "base/arena.h"
#include "rules/mail/mail_settings.h"

enum {
    URI_LENGTH_MAX    = 8192, /* octets of an address that are kept */
    URI_REDIRECTS_MAX = 10,   /* addresses inside of addresses that are followed */
};

/*
 * Adds `uri` and its plainer forms: escapes decoded, a scheme put in front, user, default port and stray signs gone,
 * numbers for an IP address made dotted; of an address inside of it (a redirector's) the same. Was one of them longer
 * than URI_LENGTH_MAX, and cut there?
 */
bool uri_add_forms(struct span uri, const struct mail_settings *, struct arena *, struct spans *forms);

/*
 * Adds what SpamAssassin has of such forms, in UTF-8, if it read them as characters: those of Latin-1 are octets, and
 * another is an octet that is no letter. Of an address whose host is no ASCII and has no ASCII form it has the octets
 * too, if it is `wide`, as in enum uri_letters.
 */
void uri_add_characters(const struct span *forms, size_t count, bool wide, struct arena *, struct spans *list);

#endif
