/* Each entry is a range from its first to its last address; so prefixes, masks and ranges are one. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/networks.h"

struct network {
    struct network_address first, last;
    bool                   excluded;
};

enum { ADDRESS_OCTETS = 16, MAPPED_OCTETS = 12, ADDRESS_BITS = 128, MAPPED_BITS = 96 };

static const unsigned char mapped[MAPPED_OCTETS] = {[10] = 0xff, [11] = 0xff};

static bool
read_ipv4(const char *text, struct network_address *address)
{
    struct network_address read = {{0}};

    memcpy(read.octets, mapped, sizeof(mapped));
    if (inet_pton(AF_INET, text, read.octets + MAPPED_OCTETS) != 1)
        return false;
    *address = read;
    return true;
}

bool
network_address_read(struct span text, struct network_address *address)
{
    char                   copy[INET6_ADDRSTRLEN];
    struct network_address read;

    if (span_starts_nocase(text, SPAN("IPv6:")))
        text = span_tail(text, 5);
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (read_ipv4(copy, address))
        return true;
    if (inet_pton(AF_INET6, copy, read.octets) != 1)
        return false;
    *address = read;
    return true;
}

/* Private are these; the two last of IPv6 alone. */
static const struct {
    const char *first;
    unsigned    bits;
} privates[] = {
    {"10.0.0.0", 8},     {"127.0.0.0", 8},   {"169.254.0.0", 16}, {"172.16.0.0", 12},
    {"192.168.0.0", 16}, {"100.64.0.0", 10}, {"fe80::", 10},      {"::1", ADDRESS_BITS},
};

static bool
has_prefix(const struct network_address *address, const struct network_address *prefix, unsigned bits)
{
    unsigned whole = bits / 8, mask = 0xffU << (8 - bits % 8) & 0xff;

    return memcmp(address->octets, prefix->octets, whole) == 0 &&
           (bits % 8 == 0 || ((address->octets[whole] ^ prefix->octets[whole]) & mask) == 0);
}

bool
network_address_is_private(struct span text)
{
    struct network_address address, first = {{0}};

    if (!network_address_read(text, &address))
        return false;
    for (size_t i = 0; i < COUNT_OF(privates); i++) {
        bool is_ipv4 = strchr(privates[i].first, ':') == NULL;

        (void)network_address_read(span_of(privates[i].first), &first);
        if (has_prefix(&address, &first, privates[i].bits + (is_ipv4 ? MAPPED_BITS : 0)))
            return true;
    }
    return false;
}

/* "192.0.2." or "192.0": up to three numbers; the rest is 0, and they are the prefix. */
static bool
read_short_ipv4(struct span text, struct network_address *address, unsigned *bits)
{
    struct bytes whole   = {0};
    unsigned     numbers = 1;
    bool         read;

    if (text.len > 0 && text.data[text.len - 1] == '.')
        text.len--;
    for (size_t i = 0; i < text.len; i++)
        numbers += text.data[i] == '.';
    bytes_add(&whole, text);
    for (unsigned i = numbers; i < 4; i++)
        bytes_add(&whole, SPAN(".0"));
    bytes_add_char(&whole, '\0');
    read  = numbers < 4 && text.len > 0 && read_ipv4(whole.data, address);
    *bits = MAPPED_BITS + 8 * numbers;
    bytes_free(&whole);
    return read;
}

/* A mask that is ones and then zeros, as a number of bits. */
static bool
read_mask(struct span text, unsigned *bits)
{
    struct network_address mask;
    unsigned               at = MAPPED_BITS;

    if (!network_address_read(text, &mask) || memcmp(mask.octets, mapped, sizeof(mapped)) != 0)
        return false;
    while (at < ADDRESS_BITS && (mask.octets[at / 8] >> (7 - at % 8) & 1) != 0)
        at++;
    *bits = at;
    while (at < ADDRESS_BITS && (mask.octets[at / 8] >> (7 - at % 8) & 1) == 0)
        at++;
    return at == ADDRESS_BITS;
}

/* What follows the slash, for an address of IPv4 or of IPv6. */
static bool
read_bits(struct span text, bool is_ipv4, unsigned *bits)
{
    uint64_t number;

    if (text_read_number(text, 0, is_ipv4 ? ADDRESS_BITS - MAPPED_BITS : ADDRESS_BITS, &number)) {
        *bits = (unsigned)number + (is_ipv4 ? MAPPED_BITS : 0);
        return true;
    }
    return is_ipv4 && read_mask(text, bits);
}

/* Without the brackets around it, and the interface behind a %. */
static struct span
bare_address(struct span text)
{
    const char *zone;

    if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
        text = (struct span){text.data + 1, text.len - 2};
    zone = memchr(text.data, '%', text.len);
    return zone != NULL ? span_head(text, (size_t)(zone - text.data)) : text;
}

static void
set_range(struct network *network, const struct network_address *address, unsigned bits)
{
    network->first = network->last = *address;
    for (unsigned at = bits; at < ADDRESS_BITS; at++) {
        network->first.octets[at / 8] &= (unsigned char)~(0x80U >> at % 8);
        network->last.octets[at / 8] |= (unsigned char)(0x80U >> at % 8);
    }
}

static bool
read_prefix(struct span text, struct network *network)
{
    const char            *slash = memchr(text.data, '/', text.len);
    struct span            name  = bare_address(slash != NULL ? span_head(text, (size_t)(slash - text.data)) : text);
    struct network_address address;
    unsigned               bits = ADDRESS_BITS;

    if (!network_address_read(name, &address) && !read_short_ipv4(name, &address, &bits))
        return false;
    if (slash != NULL &&
        !read_bits(span_tail(text, (size_t)(slash - text.data) + 1), memchr(name.data, ':', name.len) == NULL, &bits))
        return false;
    set_range(network, &address, bits);
    return true;
}

static bool
read_range(struct span text, struct network *network)
{
    const char *dash = memchr(text.data, '-', text.len);

    if (dash == NULL)
        return read_prefix(text, network);
    return network_address_read(span_head(text, (size_t)(dash - text.data)), &network->first) &&
           network_address_read(span_tail(text, (size_t)(dash - text.data) + 1), &network->last) &&
           memcmp(&network->first, &network->last, ADDRESS_OCTETS) <= 0;
}

int
networks_add(struct networks *networks, struct span text, struct bytes *why)
{
    struct network network = {.excluded = text.len > 0 && text.data[0] == '!'};

    if (text.len == 0 || !read_range(network.excluded ? span_tail(text, 1) : text, &network)) {
        bytes_printf(why, "%s\"%.*s\" is no network", why->len > 0 ? ", " : "", SPAN_ARG(text));
        return -1;
    }
    networks->items = memory_resize_array(networks->items, networks->count + 1, sizeof(networks->items[0]));
    networks->items[networks->count++] = network;
    return 0;
}

bool
networks_contain(const struct networks *networks, struct span text)
{
    struct network_address address;

    if (!network_address_read(text, &address))
        return false;
    for (size_t i = 0; i < networks->count; i++) {
        const struct network *network = &networks->items[i];

        if (memcmp(&address, &network->first, ADDRESS_OCTETS) >= 0 &&
            memcmp(&address, &network->last, ADDRESS_OCTETS) <= 0)
            return !network->excluded;
    }
    return false;
}

void
networks_clear(struct networks *networks)
{
    free(networks->items);
    *networks = (struct networks){0};
}
