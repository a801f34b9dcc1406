/* Japanese text in ISO-2022-JP (RFC 1468) and its kin, where escape sequences say what the octets behind them are. */
#ifndef RULES_MAIL_CHARSET_JIS_H
#define RULES_MAIL_CHARSET_JIS_H

#include "base/bytes.h"

/*
 * Appends the text as EUC-JP, which need not be well-formed. A set of characters holds until the next escape sequence,
 * over the ends of lines, too; from an unknown escape sequence on, the text is left out.
 */
void charset_jis_to_euc(struct span text, struct bytes *euc);

#endif
