/*
 * A pattern as a deterministic automaton: one step in a table for each octet of a text, whatever the pattern. It
 * accepts what the pattern matches, and more, as assertions accept everywhere. For patterns whose windows stand in many
 * texts and that take PCRE2 long to rule out. Built when rules are loaded, immutable, shared by fork().
 */
#ifndef RULES_PREFILTER_AUTOMATON_H
#define RULES_PREFILTER_AUTOMATON_H

#include <stdbool.h>

#include "base/span.h"

struct automaton;

/*
 * NULL if the pattern, with flags as regex_compile() takes them, accepts any text or needs a table of more than
 * `cells`, of four octets each.
 */
struct automaton *automaton_new(struct span pattern, struct span flags, size_t cells);

/* Frees it and sets it to NULL. It may be NULL. */
void automaton_free(struct automaton **);

enum { AUTOMATONS_AT_ONCE = 4 };

/*
 * Which of `count` patterns, AUTOMATONS_AT_ONCE at most, may match somewhere in the text? A bit for each. Several at
 * once take hardly longer than one, whose steps have to wait for each other.
 */
unsigned automatons_accept(const struct automaton *const *, size_t count, struct span text);

/* Looks closer at a text that is accepted: false if the pattern cannot match it. */
bool automaton_confirms(const struct automaton *, struct span text);

/* Octets of its tables. */
size_t automaton_size(const struct automaton *);

#endif
