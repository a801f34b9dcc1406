/*
 * The addresses in the text of a mail: what a mail program would make a link of, and bare host names, which some
 * readers type into a browser. And the domains that signed it.
 */
#ifndef RULES_MAIL_URI_FIND_H
#define RULES_MAIL_URI_FIND_H

#include "rules/mail/mail_header.h"
#include "rules/mail/span_index.h"
#include "rules/mail/uri.h"

/*
 * Adds the addresses in a paragraph, with the scheme that a mail program would put in front where there is none.
 * `seen` are those of the paragraphs before, as they stand there; they are not added again.
 */
void uri_find(struct span paragraph, const struct mail_settings *, struct arena *, struct span_index *seen,
              struct uri_places *places);
/* Adds the domains that signed a mail (RFC 6376, 3.5: the tag d=; and RFC 4870), with "domainkeys:" in front. */
void uri_find_signers(const struct mail_headers *, struct arena *, struct uri_places *places);

#endif
