/*
 * Which domains are top-level, and below which others everybody can have a domain registered ("co.uk"): what
 * SpamAssassin's util_rb_tld, util_rb_2tld and util_rb_3tld lines say. Filled while rules are loaded, then immutable.
 * Names are compared without regard to case.
 */
#ifndef RULES_MAIL_REGISTRY_H
#define RULES_MAIL_REGISTRY_H

#include <stdbool.h>

#include "base/span.h"

enum { REGISTRY_LEVELS = 3 };

struct registry;

/* With the generic top-level domains in wide use; every one of two letters is taken for a country's, until the first
 * line of level 1 is added. */
struct registry *registry_new(void);

/* Adds a domain of `level` labels, 1 to REGISTRY_LEVELS. */
void registry_add(struct registry *, unsigned level, struct span domain);

/* Forgets all, the built-in list too. */
void registry_clear(struct registry *);

/* Is it a top-level domain? */
bool registry_is_top(const struct registry *, struct span label);

/* Does it end in a top-level domain, and not consist of that alone? What stands in front may be anything. */
bool registry_domain_valid(const struct registry *, struct span domain);

/* Can it be a name in DNS: two labels or more, of letters, digits and hyphens? In front of the last two underscores may
 * stand, too. */
bool registry_name_valid(struct span name);

/* Can it be the name of a host: labels of letters, digits and hyphens (RFC 1123, 2.1), the last a top-level domain? */
bool registry_host_valid(const struct registry *, struct span host);

/* The end of `host` that somebody registered: "example.co.uk" of "www.example.co.uk"; `host` itself if there is none.
 */
struct span registry_domain(const struct registry *, struct span host);

/* Frees it and sets it to NULL. It may be NULL. */
void registry_free(struct registry **);

#endif
