/*
 * Which fields a pattern of a header_checks file can match at all: most begin with a name, as /^Subject: .../ and
 * /^(To|Cc):/ do.
 */
#ifndef RULES_POSTFIX_CHECK_NAMES_H
#define RULES_POSTFIX_CHECK_NAMES_H

#include "base/arena.h"
#include "rules/regex/regex.h"

enum { CHECK_NAME_MAX = 80 }; /* octets of a name */

/* Octets of names (RFC 5322, 2.2): '!' to '~', but no colon. */
static inline bool
check_is_name_octet(char c)
{
    return c > ' ' && c <= '~' && c != ':';
}

/*
 * Adds the names, in lower case and without the colon, that a field "Name: value" must have one of for the pattern to
 * match it; they live as long as the arena. False, and nothing added, if the pattern does not say.
 */
bool check_names_find(struct spans *names, struct arena *, const struct regex *);

/*
 * What stands behind the name and the colon in a pattern that says a name: as a pattern of its own it matches in all
 * that the whole one matches. All of the pattern, where the end of the name cannot be told at a glance.
 */
struct span check_names_rest(const struct regex *);

#endif
