/*
 * Patterns as they stand in rule files: delimiters and flags, and what Perl writes otherwise than PCRE2. Pure.
 */
#ifndef RULES_SPAMASSASSIN_PATTERN_H
#define RULES_SPAMASSASSIN_PATTERN_H

#include "base/bytes.h"
#include "base/span.h"
#include "rules/regex/regex.h"
#include "rules/spamassassin/replace_tags.h"

/*
 * "/pattern/flags", "m{pattern}flags", "m'pattern'flags", ... to its pieces, which are parts of `text`. 0; or -1 with
 * the reason appended to `why`.
 */
int pattern_split(struct span text, struct span *pattern, struct span *flags, struct bytes *why);

/*
 * Appends the pattern as PCRE2 is to read it: {,n}, quantified anchors, inline flags and properties that PCRE2 does not
 * know, characters by their numbers, of which those beyond octets match nothing.
 */
void pattern_translate(struct span pattern, struct span flags, struct bytes *translated);

/* What a pattern without delimiters and its flags compile to. NULL with the reason appended to `why`. */
struct regex *pattern_compile_bare(struct span pattern, struct span flags, struct bytes *why);

/*
 * What "/pattern/flags" compiles to; with `tags` it has its tags replaced first. NULL with the reason appended to
 * `why`.
 */
struct regex *pattern_compile(struct span text, const struct replace_tags *tags, struct bytes *why);

#endif
