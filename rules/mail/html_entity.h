/* Character references in HTML. */
#ifndef RULES_MAIL_HTML_ENTITY_H
#define RULES_MAIL_HTML_ENTITY_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * Appends `text` with "&eacute;", "&#233;" and "&#xe9;" decoded to UTF-8. The semicolon may be missing if a name is of
 * a character below U+0100; with `prefix`, other letters may then follow ("&copyright"). True if a character of U+0100
 * or above was decoded.
 */
bool html_decode_entities(struct span text, bool prefix, struct bytes *utf8);

#endif
