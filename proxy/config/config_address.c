/* Addresses by getaddrinfo(3): as numbers first, which asks nobody. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config_address.h"

/* The host without its brackets and the port, as views of the text. NULL; or what is wrong. */
static const char *
split_text(const char *text, struct span *host, struct span *port)
{
    const char *colon = strrchr(text, ':');

    if (strstr(text, "://") != NULL)
        return "this is a URL: write HOST:PORT, and whether there is TLS under the key tls";
    if (colon == NULL || colon[1] == '\0')
        return "it lacks the port, as in 192.0.2.1:110";
    *host = (struct span){text, (size_t)(colon - text)};
    *port = span_of(colon + 1);
    if (host->len >= 2 && text[0] == '[' && colon[-1] == ']')
        *host = (struct span){text + 1, host->len - 2};
    else if (memchr(text, ':', host->len) != NULL)
        return "an IPv6 address stands in brackets, as in [2001:db8::1]:110";
    return host->len > 0 ? NULL : "it lacks the host, as in 192.0.2.1:110";
}

static const char *
check_port(struct span port, enum config_address_use use)
{
    unsigned number = 0;

    for (size_t i = 0; i < port.len; i++) {
        if (port.data[i] < '0' || port.data[i] > '9')
            return "the port is not a number";
        number = number * 10 + (unsigned)(port.data[i] - '0');
        if (number > UINT16_MAX)
            return "the port is over 65535";
    }
    return number == 0 && use == CONFIG_ADDRESS_CONNECT ? "the port must not be 0" : NULL;
}

static struct bytes
write_address(const struct addrinfo *info)
{
    struct bytes text = {0};
    char         host[NI_MAXHOST], port[NI_MAXSERV];

    if (getnameinfo(info->ai_addr, info->ai_addrlen, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        bytes_printf(&text, info->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return text;
}

static void
add_address(struct config_addresses *addresses, const char *host, const struct addrinfo *info)
{
    struct config_address address = {.len = info->ai_addrlen};
    struct bytes          text    = write_address(info);

    if (text.data == NULL)
        return;
    memcpy(&address.sockaddr, info->ai_addr, info->ai_addrlen);
    address.text     = text.data; /* handed over */
    address.host     = memory_copy_string(host);
    addresses->items = memory_resize_array(addresses->items, addresses->count + 1, sizeof(*addresses->items));
    addresses->items[addresses->count++] = address;
}

static const char *
resolve(struct config_addresses *addresses, const char *host, const char *port, bool all)
{
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags    = AI_NUMERICSERV | (all ? AI_PASSIVE : AI_NUMERICHOST),
    };
    struct addrinfo *found = NULL;
    int              result;

    result = getaddrinfo(all ? NULL : host, port, &hints, &found);
    if (result == EAI_NONAME && !all) {
        hints.ai_flags = AI_NUMERICSERV;
        result         = getaddrinfo(host, port, &hints, &found);
    }
    if (result != 0)
        return gai_strerror(result);
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next)
        add_address(addresses, host, info);
    freeaddrinfo(found);
    return NULL;
}

const char *
config_address_add(struct config_addresses *addresses, const char *text, enum config_address_use use)
{
    struct span host, port;
    const char *fault = split_text(text, &host, &port);
    char       *name;
    bool        all;

    if (fault == NULL)
        fault = check_port(port, use);
    if (fault != NULL)
        return fault;
    all = span_equal(host, SPAN("*"));
    if (all && use == CONFIG_ADDRESS_CONNECT)
        return "* is no address to connect to";
    name  = memory_copy_span(host);
    fault = resolve(addresses, name, port.data, all);
    free(name);
    return fault;
}

/* The address's own octets and its port, whatever the family. */
static void
take_apart(const struct sockaddr *address, struct span *host, in_port_t *port)
{
    const struct sockaddr_in  *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

    if (address->sa_family == AF_INET6) {
        *host = (struct span){(const char *)&v6->sin6_addr, sizeof(v6->sin6_addr)};
        *port = v6->sin6_port;
    } else {
        *host = (struct span){(const char *)&v4->sin_addr, sizeof(v4->sin_addr)};
        *port = v4->sin_port;
    }
}

static bool
is_any(struct span host)
{
    static const char zeros[sizeof(struct in6_addr)];

    return memcmp(host.data, zeros, host.len) == 0;
}

bool
config_address_clash(const struct config_address *a, const struct config_address *b)
{
    struct span a_host, b_host;
    in_port_t   a_port, b_port;

    if (a->sockaddr.ss_family != b->sockaddr.ss_family)
        return false;
    take_apart((const struct sockaddr *)&a->sockaddr, &a_host, &a_port);
    take_apart((const struct sockaddr *)&b->sockaddr, &b_host, &b_port);
    return a_port == b_port && a_port != 0 && (span_equal(a_host, b_host) || is_any(a_host) || is_any(b_host));
}

bool
config_address_same_host(const struct sockaddr *a, const struct sockaddr *b)
{
    struct span a_host, b_host;
    in_port_t   port;

    if (a->sa_family != b->sa_family || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
        return false;
    take_apart(a, &a_host, &port);
    take_apart(b, &b_host, &port);
    return span_equal(a_host, b_host);
}

void
config_address_free(struct config_addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++) {
        free(addresses->items[i].text);
        free(addresses->items[i].host);
    }
    free(addresses->items);
    *addresses = (struct config_addresses){0};
}
