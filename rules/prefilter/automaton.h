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

/* NULL if the pattern, with flags as regex_compile() takes them, accepts any text or needs too large a table. */
struct automaton *automaton_new(struct span pattern, struct span flags);

/* Frees it and sets it to NULL. Of NULL: nothing. */
void automaton_free(struct automaton **);

/* May the pattern match somewhere in the text? */
bool automaton_accepts(const struct automaton *, struct span text);

/* Octets of its table. */
size_t automaton_size(const struct automaton *);

#endif
