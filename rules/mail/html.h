/* HTML as its reader sees it: the text for body rules, and the addresses that it links to. */
#ifndef RULES_MAIL_HTML_H
#define RULES_MAIL_HTML_H

#include "base/bytes.h"
#include "rules/mail/uri.h"

enum { HTML_LINKS_MAX = 1024 * 1024 }; /* with a long base few octets make many */

/*
 * Appends the text of `source` (UTF-8) as UTF-8: entities decoded, scripts and styles left out, white space where an
 * element makes some ("\n" for a line, "\n\n" for a paragraph). Adds what it links to, relative ones made absolute
 * where there is a base, to `links`, up to HTML_LINKS_MAX octets of them; they live in the arena.
 */
void html_render(struct span source, struct arena *, struct bytes *text, struct uri_places *links);

#endif
