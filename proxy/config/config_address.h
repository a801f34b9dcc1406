/*
 * "HOST:PORT" to socket addresses.
 */
#ifndef PROXY_CONFIG_CONFIG_ADDRESS_H
#define PROXY_CONFIG_CONFIG_ADDRESS_H

#include "proxy/config/config.h"

enum config_address_use { CONFIG_ADDRESS_LISTEN, CONFIG_ADDRESS_CONNECT };

/*
 * Adds the addresses that `text` stands for: IP:PORT, [IPV6]:PORT or NAME:PORT, a name being resolved, in the order of
 * getaddrinfo(3); to listen on also *:PORT, which is all of IPv4 and all of IPv6, and port 0, which is any. NULL; or
 * what is wrong, and nothing was added.
 */
const char *config_address_add(struct config_addresses *, const char *text, enum config_address_use);

/* Can only one of the two be listened on: is it the same address, or does one stand for all of its family? */
bool config_address_clash(const struct config_address *, const struct config_address *);

/* Have both the same IPv4 address, or the same IPv6 address, whatever the port? */
bool config_address_same_host(const struct sockaddr *, const struct sockaddr *);

/* Gives the memory back; the struct is {0} again. */
void config_address_free(struct config_addresses *);

#endif
