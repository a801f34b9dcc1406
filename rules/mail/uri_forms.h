/*
 * An address seen through: what a browser would make of an obscured one is added beside it, so that a uri rule can be
 * written for the plain form.
 */
#ifndef RULES_MAIL_URI_FORMS_H
#define RULES_MAIL_URI_FORMS_H

#include "base/bytes.h"
#include "rules/mail/arena.h"

enum {
    URI_LENGTH_MAX    = 8192, /* octets of an address that are kept */
    URI_REDIRECTS_MAX = 10,   /* addresses inside of addresses that are followed */
};

/* Appends `reference` as seen from `base` (RFC 3986, 5.2), which may be empty. */
void uri_resolve(struct span base, struct span reference, struct bytes *target);

/*
 * Adds `uri` and its plainer forms: escapes decoded, a scheme put in front, user, default port and stray signs gone,
 * numbers for an IP address made dotted; of an address inside of it (a redirector's) the same.
 */
void uri_add_forms(struct span uri, struct arena *, struct spans *forms);

/* Appends `uri` with the escapes of what can be shown decoded, and what cannot be shown escaped. */
void uri_decode_escapes(struct span uri, struct bytes *decoded);

#endif
