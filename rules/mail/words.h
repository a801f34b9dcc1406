/*
 * Header fields as people read them: unfolded, encoded words (RFC 2047) decoded, UTF-8. Not as a mail library would
 * decode them, because rules are written for what SpamAssassin shows them.
 */
#ifndef RULES_MAIL_WORDS_H
#define RULES_MAIL_WORDS_H

#include "base/bytes.h"
#include "base/span.h"

/*
 * Appends the value of the field called `name`, `raw` being what stands behind the colon with LF line ends: folds
 * become a space each, white space at both ends goes, encoded words are decoded but in fields where none may be
 * (Received, Message-ID, Date, References, In-Reply-To, MIME-Version, List-...), octets that are not UTF-8 are made so.
 */
void words_decode(struct span name, struct span raw, struct bytes *utf8);

/* Appends UTF-8 text as encoded words, one or more with a space between. */
void words_encode(struct span utf8, struct bytes *field);

/* Appends what quoted-printable text (RFC 2045, 6.7) stands for. LF line ends; white space at the end of lines goes. */
void words_decode_quoted_printable(struct span text, struct bytes *octets);

/* Appends what base64 (RFC 2045, 6.8) stands for; octets of other alphabets are passed over. */
void words_decode_base64(struct span text, struct bytes *octets);

#endif
