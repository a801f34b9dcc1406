/* Relative addresses made absolute. */
#ifndef RULES_MAIL_URI_RESOLVE_H
#define RULES_MAIL_URI_RESOLVE_H

#include "base/bytes.h"

/* Appends `reference` as seen from `base` (RFC 3986, 5.2), which may be empty. */
void uri_resolve(struct span base, struct span reference, struct bytes *target);

#endif
