/*
 * A listener whose upstream is, in the end, that listener: each session would open another one, without an end. The
 * listeners and the listeners that their upstreams' addresses belong to, as a graph of few nodes.
 */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config.h"
#include "proxy/config/config_address.h"
#include "proxy/config/config_file.h"

struct walk {
    const struct config  *config;
    const struct ifaddrs *interfaces;
    bool                 *seen; /* by listener */
};

static bool
is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;

    return address->ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

/* Is it an address of this machine? */
static bool
is_local(const struct walk *walk, const struct config_address *address)
{
    for (const struct ifaddrs *it = walk->interfaces; it != NULL; it = it->ifa_next)
        if (it->ifa_addr != NULL && config_address_same_host((const struct sockaddr *)&address->sockaddr, it->ifa_addr))
            return true;
    return is_loopback(&address->sockaddr);
}

/* Does a connection to the address arrive at the listener? One that listens on all addresses has all of this machine's.
 */
static bool
arrives(const struct walk *walk, const struct config_address *address, const struct config_listener *listener)
{
    for (size_t i = 0; i < listener->addresses.count; i++) {
        const struct config_address *own = &listener->addresses.items[i];

        if (config_address_clash(own, address) &&
            (config_address_same_host((const struct sockaddr *)&own->sockaddr,
                                      (const struct sockaddr *)&address->sockaddr) ||
             is_local(walk, address)))
            return true;
    }
    return false;
}

/* Can a session of listener `from` come to `goal`, by way of any listeners? */
static bool
leads_to(const struct walk *walk, size_t from, size_t goal)
{
    const struct config          *config   = walk->config;
    const struct config_upstream *upstream = config->listeners[from].upstream;

    if (upstream == NULL || walk->seen[from])
        return false;
    walk->seen[from] = true;
    for (size_t i = 0; i < upstream->addresses.count; i++)
        for (size_t next = 0; next < config->listener_count; next++)
            if (arrives(walk, &upstream->addresses.items[i], &config->listeners[next]) &&
                (next == goal || leads_to(walk, next, goal)))
                return true;
    return false;
}

static void
refuse_loop(const struct config_listener *listener, struct error *error)
{
    const struct config_upstream *upstream = listener->upstream;
    struct bytes                  where    = {0};

    config_spot_write((struct config_spot){upstream->file, upstream->line}, listener->file, &where);
    error_add(error, listener->file, listener->line,
              "listener \"%s\" would connect to itself: the server of its upstream \"%s\" (%s) is popgate",
              listener->name, upstream->name, where.data);
    bytes_free(&where);
}

void
config_check_loops(const struct config *config, struct error *error)
{
    struct ifaddrs *interfaces = NULL;
    struct walk     walk       = {.config = config};

    if (getifaddrs(&interfaces) == 0)
        walk.interfaces = interfaces;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];

        walk.seen = memory_new(config->listener_count * sizeof(*walk.seen));
        if (leads_to(&walk, i, i))
            refuse_loop(listener, error);
        free(walk.seen);
    }
    freeifaddrs(interfaces);
}
