/* The host that an address names, and the domain it belongs to. */
#ifndef RULES_MAIL_URI_HOST_H
#define RULES_MAIL_URI_HOST_H

#include "base/bytes.h"
#include "rules/mail/uri.h"

/* The longest host that is looked at, in octets of UTF-8. */
enum { URI_HOST_MAX = 1024 };

/*
 * Finds them in an address with or without a scheme, or a mail address. False if there are none: no host, one that
 * cannot be (registry_host_valid()), or one whose escapes were not decoded. They live in the arena.
 */
bool uri_host_read(const struct registry *, struct span uri, struct arena *, struct uri_host *);

/* Is it an IP address, of version 4 or 6? */
bool uri_host_is_ip(struct span host);

/* The domain of a host that may be none, in lower case and its ASCII form if it has one; in the arena. */
struct span uri_host_trim(const struct registry *, struct span host, struct arena *);

/* Appends the ASCII form of a host in lower case; false if it has none, and nothing is appended. */
bool uri_host_to_ascii(struct span host, struct bytes *ascii);

#endif
