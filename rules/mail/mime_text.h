/* The text of MIME parts: lines as SpamAssassin cuts and keeps them, transfer encodings taken off. */
#ifndef RULES_MAIL_MIME_TEXT_H
#define RULES_MAIL_MIME_TEXT_H

#include "rules/mail/mime.h"
#include "rules/mail/mime_content.h"

/* Does the first or the last line of a message end in CR LF? Then all do that are meant to. */
bool mime_has_crlf(struct span message);

/* A copy with CR LF made LF. */
struct span mime_without_crlf(struct arena *, struct span text);

/*
 * The body of a whole message: of a run of blank lines 20 stay, and what cannot be the beginning of a multipart gets a
 * blank line in front, so that its first lines are no header. A copy if there is something to do.
 */
struct span mime_clean_body(struct arena *, struct span body, const struct mime_content *);

/* The text with lines over 2048 octets broken by `times` line ends, as each multipart they are in does. A copy if there
 * are such lines. */
struct span mime_break_lines(struct arena *, struct span text, unsigned times);

/* Fills `kind`, `in_rawbody` and `text` of a leaf from its type, name, headers and raw text. */
void mime_fill_text(struct mime_part *, struct arena *);

#endif
