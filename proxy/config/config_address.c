/* Addresses by getaddrinfo(3): as numbers first, which asks nobody. */
#include <ctype.h>
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
check_port(struct span port, enum config_address_use use, uint16_t *value)
{
    unsigned number = 0;

    *value = 0;
    for (size_t i = 0; i < port.len; i++) {
        if (port.data[i] < '0' || port.data[i] > '9')
            return "the port is not a number";
        number = number * 10 + (unsigned)(port.data[i] - '0');
        if (number > UINT16_MAX)
            return "the port is over 65535";
    }
    *value = (uint16_t)number;
    return number == 0 && use == CONFIG_ADDRESS_CONNECT ? "the port must not be 0" : NULL;
}

static struct bytes
write_address(const struct sockaddr *sockaddr, socklen_t len)
{
    struct bytes text = {0};
    char         host[NI_MAXHOST], port[NI_MAXSERV];

    if (getnameinfo(sockaddr, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        bytes_printf(&text, sockaddr->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return text;
}

/* Adds a copy of the address, which then owns the text. */
static void
add_copy(struct config_addresses *addresses, const char *host, uint16_t port, struct bytes text,
         const struct sockaddr *sockaddr, socklen_t len)
{
    struct config_address address = {.text = text.data, .host = memory_copy_string(host), .port = port, .len = len};

    if (len > 0)
        memcpy(&address.sockaddr, sockaddr, len);
    addresses->items = memory_resize_array(addresses->items, addresses->count + 1, sizeof(*addresses->items));
    addresses->items[addresses->count++] = address;
}

/* As the kernel takes it, which goes to IPv4 by ::ffff:192.0.2.1, and to this machine where a connection is to go to no
 * address: one that is known by two names would not be known again. */
static socklen_t
simplify(struct sockaddr_storage *address, socklen_t len, enum config_address_use use)
{
    struct sockaddr_in  *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

    if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        struct sockaddr_in mapped = {.sin_family = AF_INET, .sin_port = v6->sin6_port};

        memcpy(&mapped.sin_addr, &v6->sin6_addr.s6_addr[12], sizeof(mapped.sin_addr));
        *address = (struct sockaddr_storage){0};
        *v4      = mapped;
        len      = sizeof(mapped);
    }
    if (use == CONFIG_ADDRESS_CONNECT && address->ss_family == AF_INET && v4->sin_addr.s_addr == INADDR_ANY)
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (use == CONFIG_ADDRESS_CONNECT && address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
    return len;
}

static void
add_address(struct config_addresses *addresses, const char *host, uint16_t port, const struct sockaddr *sockaddr,
            socklen_t len, enum config_address_use use)
{
    struct sockaddr_storage simple = {0};
    struct bytes            text;

    memcpy(&simple, sockaddr, len);
    len  = simplify(&simple, len, use);
    text = write_address((const struct sockaddr *)&simple, len);
    if (text.data != NULL)
        add_copy(addresses, host, port, text, (const struct sockaddr *)&simple, len);
}

static void
add_name(struct config_addresses *addresses, const char *host, uint16_t port)
{
    struct bytes text = {0};

    bytes_printf(&text, "%s:%u", host, port);
    add_copy(addresses, host, port, text, NULL, 0);
}

/* Letters, digits, hyphens, underscores and dots, and what other alphabets have; nothing that is meant for an address
 * and is none, as 192.0.2.256. */
static bool
is_name(struct span host)
{
    size_t label = 0;
    bool   word  = false;

    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.data[i];

        if (c < 0x80 && !isalnum(c) && c != '-' && c != '_' && c != '.')
            return false;
        if (c == '.')
            label = i + 1;
    }
    for (size_t i = label; i < host.len; i++)
        word = word || !isdigit((unsigned char)host.data[i]);
    return tls_is_host(host) && (word || label == host.len);
}

static const char *
resolve(struct config_addresses *addresses, const char *host, uint16_t number, const char *port,
        enum config_address_use use)
{
    bool            all   = use == CONFIG_ADDRESS_LISTEN && strcmp(host, "*") == 0;
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags    = AI_NUMERICSERV | (all ? AI_PASSIVE : AI_NUMERICHOST),
    };
    struct addrinfo *found = NULL;
    int              result;

    result = getaddrinfo(all ? NULL : host, port, &hints, &found);
    if (result == EAI_NONAME && use == CONFIG_ADDRESS_CONNECT) {
        if (!is_name(span_of(host)))
            return "neither an address nor the name of a host";
        add_name(addresses, host, number);
        return NULL;
    }
    if (result == EAI_NONAME && !all) {
        hints.ai_flags = AI_NUMERICSERV;
        result         = getaddrinfo(host, port, &hints, &found);
    }
    if (result != 0)
        return gai_strerror(result);
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next)
        add_address(addresses, host, number, info->ai_addr, info->ai_addrlen, use);
    freeaddrinfo(found);
    return NULL;
}

const char *
config_address_add(struct config_addresses *addresses, const char *text, enum config_address_use use)
{
    struct span host, port;
    const char *fault = split_text(text, &host, &port);
    char       *name;
    uint16_t    number;

    if (fault == NULL)
        fault = check_port(port, use, &number);
    if (fault != NULL)
        return fault;
    if (span_equal(host, SPAN("*")) && use == CONFIG_ADDRESS_CONNECT)
        return "* is no address to connect to";
    name  = memory_copy_span(host);
    fault = resolve(addresses, name, number, port.data, use);
    free(name);
    return fault;
}

static void
add_found(struct config_addresses *addresses, const char *host, uint16_t port, struct sockaddr_storage found)
{
    if (found.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&found)->sin6_port = htons(port);
        add_address(addresses, host, port, (const struct sockaddr *)&found, sizeof(struct sockaddr_in6),
                    CONFIG_ADDRESS_CONNECT);
    } else {
        ((struct sockaddr_in *)&found)->sin_port = htons(port);
        add_address(addresses, host, port, (const struct sockaddr *)&found, sizeof(struct sockaddr_in),
                    CONFIG_ADDRESS_CONNECT);
    }
}

void
config_address_place(struct config_addresses *addresses, const char *host, const struct sockaddr_storage *found,
                     size_t count)
{
    struct config_addresses old = *addresses;

    *addresses = (struct config_addresses){0};
    for (size_t i = 0; i < old.count; i++) {
        struct config_address *it    = &old.items[i];
        bool                   again = i > 0 && it->port == it[-1].port && strcmp(it->host, it[-1].host) == 0;

        if (strcmp(it->host, host) != 0) {
            add_copy(addresses, it->host, it->port, (struct bytes){.data = it->text},
                     (const struct sockaddr *)&it->sockaddr, it->len);
            it->text = NULL; /* handed over */
        } else if (!again) {
            for (size_t k = 0; k < count; k++)
                add_found(addresses, host, it->port, found[k]);
            if (count == 0)
                add_name(addresses, host, it->port);
        }
    }
    config_address_free(&old);
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
