/*
 * Sets of IP addresses, as "trusted_networks" and its kin list them. An IPv4 address is the same as its form mapped
 * into IPv6 (RFC 4291, 2.5.5.2). Filled while rules are loaded, then immutable.
 */
#ifndef RULES_MAIL_NETWORKS_H
#define RULES_MAIL_NETWORKS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/span.h"

struct network_address {
    unsigned char octets[16];
};

struct network;

/* Starts as {0}. */
struct networks {
    struct network *items;
    size_t          count;
};

/* Reads "192.0.2.1", "2001:db8::1" or "IPv6:2001:db8::1". False, with nothing set, if it is no address. */
bool network_address_read(struct span text, struct network_address *);

/* Is it one that hosts have only among themselves: private, link-local, loopback, shared (RFC 1918, 3927, 4291, 6598)?
 */
bool network_address_is_private(struct span text);

/*
 * Adds "192.0.2.1", "192.0.2.0/24", "192.0.2.", "192.0.2.0/255.255.255.0", "192.0.2.1-192.0.2.9", "[2001:db8::]/32"; a
 * ! in front excludes it. Of two that hold an address the one added first decides. 0; or -1 with the reason appended to
 * `why`.
 */
int networks_add(struct networks *, struct span text, struct bytes *why);

/* Is `text` an address that is in one of them? */
bool networks_contain(const struct networks *, struct span text);

/* Gives the memory back; it is {0} again. */
void networks_clear(struct networks *);

#endif
