/*
 * Properties of characters by the names that Perl knows them under, and PCRE2 does not: \p{IsUpper}, \p{Letter},
 * \P{XPosixPunct}. What octets have them: those of Latin-1, as Perl sees octets. Pure.
 */
#ifndef RULES_SPAMASSASSIN_PATTERN_PROPERTY_H
#define RULES_SPAMASSASSIN_PATTERN_PROPERTY_H

#include "base/bytes.h"
#include "base/span.h"

/*
 * Appends what matches an octet with the property `name`, the text in the braces; with `negated`, an octet without it.
 * It is a class, or with `in_class` what stands in one. False, with nothing appended, if PCRE2 is to read the name as
 * it stands.
 */
bool pattern_property_add(struct span name, bool negated, bool in_class, struct bytes *pattern);

#endif
