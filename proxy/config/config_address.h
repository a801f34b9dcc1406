/*
 * "HOST:PORT" to socket addresses.
 */
#ifndef PROXY_CONFIG_CONFIG_ADDRESS_H
#define PROXY_CONFIG_CONFIG_ADDRESS_H

#include "proxy/config/config.h"

enum config_address_use { CONFIG_ADDRESS_LISTEN, CONFIG_ADDRESS_CONNECT };

/*
 * Adds the addresses that `text` stands for: IP:PORT, [IPV6]:PORT or NAME:PORT. To listen on, a name is resolved, in
 * the order of getaddrinfo(3), and there is also *:PORT, which is all of IPv4 and all of IPv6, and port 0, which is
 * any. To connect to, nobody is asked: a name becomes one address that is not known yet. NULL; or what is wrong, and
 * nothing was added.
 */
const char *config_address_add(struct config_addresses *, const char *text, enum config_address_use);

/*
 * Puts these addresses, whose ports do not count, in place of those that `host` has had; without any, the name stands
 * there as one whose address is not known.
 */
void config_address_place(struct config_addresses *, const char *host, const struct sockaddr_storage *, size_t count);

/* Can only one of the two be listened on: is it the same address, or does one stand for all of its family? */
bool config_address_clash(const struct config_address *, const struct config_address *);

/* Have both the same IPv4 address, or the same IPv6 address, whatever the port? */
bool config_address_same_host(const struct sockaddr *, const struct sockaddr *);

/* Gives the memory back; the struct is {0} again. */
void config_address_free(struct config_addresses *);

#endif
