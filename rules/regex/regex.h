/*
 * Patterns in Perl's syntax, run by PCRE2 with its just-in-time compiler. Octets, not characters: a rule matches what
 * the mail holds. Every match has a bound on work, time, depth and heap, so that neither a clumsy rule nor a hostile
 * mail can stop a worker: some 10 ms of processor time, less once slow matches have taken much of a message's, and no
 * more than is left of its budget (base/budget.h). A match that meets a bound is "no match", and is counted.
 *
 * Patterns are compiled by the master and shared by fork(). Match data and the just-in-time stack are one per process,
 * made by the first match; a worker has one thread.
 */
#ifndef RULES_REGEX_REGEX_H
#define RULES_REGEX_REGEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/span.h"

struct regex;

enum { REGEX_GROUPS_MAX = 100 }; /* capture groups that regex_find() remembers, the whole match among them */

/*
 * Compiles `pattern`, without delimiters. `flags` are letters: i m s x n as in perlre(1); A, E, U as in pcre_table(5);
 * a: as under Perl's /aa the flag i also folds the letters of Latin-1; d g l o p u, which say nothing here, are taken
 * and ignored. A pattern too large for PCRE2 is parted between its alternatives, if those are most of it. NULL with the
 * reason, and its offset in the pattern, appended to `why`; \C and callouts are refused.
 */
struct regex *regex_compile(struct span pattern, struct span flags, struct bytes *why);

/* As regex_compile(), of a pattern with its delimiters and flags: "/pattern/flags", "m{pattern}flags". */
struct regex *regex_read(struct span text, struct bytes *why);

/* Frees it and sets it to NULL. It may be NULL. */
void regex_free(struct regex **);

/* Gives back the memory of machine code that freed patterns have left: for when many have gone (pcre2jit(3)). */
void regex_trim(void);

/* The capture groups of the last regex_find(); valid until the next match of any pattern. */
struct regex_found {
    struct span   subject;
    const size_t *ends;  /* start and end of group 0, of group 1, ... as PCRE2 has them */
    size_t        count; /* groups in `ends` */
};

/* Does the pattern match somewhere in `subject`? */
bool regex_matches(const struct regex *, struct span subject);

/* The first match that starts at `from` or behind, which must not be more than the subject's length. */
bool regex_find(const struct regex *, struct span subject, size_t from, struct regex_found *);

/* The first match that starts at `from` or behind, but not behind `last`: where it ends is all the same. */
bool regex_find_between(const struct regex *, struct span subject, size_t from, size_t last, struct regex_found *);

/* Group `number` of a match: an empty span, its data NULL, if the group took no part. 0 is the whole match. */
struct span regex_group(const struct regex_found *, size_t number);

/* Where a match of its group 0 ends, to go on from there: never the same place twice, though a match may be empty. */
size_t regex_next(const struct regex_found *);

/* Calls `take` for each capture group that has a name; two can have the same, and one can come more than once. */
void regex_names(const struct regex *, void (*take)(void *context, struct span name, size_t group), void *context);

/* How many capture groups the pattern has, the whole match not counted. */
size_t regex_group_count(const struct regex *);

/* Can it only match from where the match begins on, as /^a/ can? */
bool regex_is_anchored(const struct regex *);

/* What it was compiled from; lives as long as it does. */
struct span regex_pattern(const struct regex *);
struct span regex_flags(const struct regex *);

/* A pattern that is part of the program: compiled when first used, and kept as long as the process lives. */
struct regex_built_in {
    const char   *pattern;
    const char   *flags;
    struct regex *regex; /* starts as NULL */
};

const struct regex *regex_of(struct regex_built_in *);

/* How many matches of this process met a bound. */
uint64_t regex_limits_hit(void);

#endif
