/*
 * Tags in patterns: "replace_tag A [a4@]" makes <A> in the pattern of a rule that replace_rules names stand for [a4@].
 * What <pre NAME>, <inter NAME> and <post NAME> name comes before, between and behind the tags of the pattern.
 */
#ifndef RULES_SPAMASSASSIN_REPLACE_TAGS_H
#define RULES_SPAMASSASSIN_REPLACE_TAGS_H

#include "base/bytes.h"
#include "base/span.h"

struct replace_tags;

enum replace_kind { REPLACE_TAG, REPLACE_PRE, REPLACE_INTER, REPLACE_POST, REPLACE_KINDS };

enum { REPLACE_PATTERN_MAX = 256 * 1024 }; /* octets: what a pattern can grow to */

struct replace_tags *replace_tags_new(void);

/* Frees them and sets them to NULL. It may be NULL. */
void replace_tags_free(struct replace_tags **);

/* What `name` stands for; replaces what it stood for before. */
void replace_tags_set(struct replace_tags *, enum replace_kind, struct span name, struct span value);

/* The marks around a tag: "<" and ">" where no file says otherwise. */
void replace_tags_set_start(struct replace_tags *, struct span);
void replace_tags_set_end(struct replace_tags *, struct span);

/* Appends the pattern with its tags replaced. 0; or -1 if it grows beyond all measure. */
int replace_tags_expand(const struct replace_tags *, struct span pattern, struct bytes *expanded);

/*
 * The same for a pattern that grows too large so: what a tag stands for is written once, as a subroutine at the
 * pattern's end, wherever it is one group or one class. -1 if that would not mean the same.
 */
int replace_tags_share(const struct replace_tags *, struct span pattern, struct bytes *shared);

#endif
