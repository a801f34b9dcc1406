/* Sessions are counted by a digest of what they are counted as. */
#include <netinet/in.h>
#include <openssl/rand.h>

#include "base/siphash.h"
#include "proxy/config/config_limits.h"
#include "proxy/shared/admission.h"

enum {
    EVERYBODY = 1, /* the key of all sessions; digests are no numbers below FIRST_DIGEST */
    FIRST_DIGEST,
    NETWORK_OCTETS = 8, /* of an IPv6 address */
};

static struct siphash_key secret;

int
admission_start(void)
{
    return RAND_bytes((unsigned char *)&secret, sizeof(secret)) == 1 ? 0 : -1;
}

static uint64_t
digest(const struct config_listener *listener, struct span address)
{
    struct siphash hash;
    uint64_t       words[SIPHASH_OCTETS / 8];

    siphash_begin(&hash, &secret);
    siphash_add(&hash, (struct span){listener->name, strlen(listener->name) + 1});
    siphash_add(&hash, address);
    siphash_end(&hash, words);
    return words[0] >= FIRST_DIGEST ? words[0] : FIRST_DIGEST;
}

/* The part of an address that says whose it is. */
static struct span
network_of(const struct sockaddr *client)
{
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)client)->sin6_addr;

    if (client->sa_family == AF_INET)
        return (struct span){(const char *)&((const struct sockaddr_in *)client)->sin_addr, sizeof(struct in_addr)};
    if (client->sa_family != AF_INET6)
        return SPAN("");
    if (IN6_IS_ADDR_V4MAPPED(v6))
        return (struct span){(const char *)v6 + sizeof(*v6) - sizeof(struct in_addr), sizeof(struct in_addr)};
    return (struct span){(const char *)v6, NETWORK_OCTETS};
}

static bool
is_full(const struct admission *admission, uint64_t key, int64_t most)
{
    size_t count = 0;

    if (most == 0)
        return false;
    for (size_t i = 0; i < admission->count; i++)
        count += tally_count(admission->all[i], key);
    return count >= (size_t)most;
}

enum admission_verdict
admission_ask(const struct admission *admission, const struct config_listener *listener, const struct sockaddr *client,
              struct admission_seat *seat)
{
    *seat = (struct admission_seat){digest(listener, SPAN("")), digest(listener, network_of(client))};
    if (is_full(admission, seat->address, listener->max_sessions_per_address))
        return ADMISSION_ADDRESS_FULL;
    if (is_full(admission, seat->listener, listener->max_sessions))
        return ADMISSION_LISTENER_FULL;
    return is_full(admission, EVERYBODY, admission->config->max_sessions) ? ADMISSION_FULL : ADMISSION_GRANTED;
}

/* A tally has room for as many addresses as the descriptors carry sessions, so that nothing is left uncounted. */
void
admission_take(const struct admission *admission, const struct admission_seat *seat)
{
    (void)tally_add(admission->own, EVERYBODY);
    (void)tally_add(admission->own, seat->listener);
    (void)tally_add(admission->own, seat->address);
}

void
admission_leave(const struct admission *admission, const struct admission_seat *seat)
{
    tally_take(admission->own, EVERYBODY);
    tally_take(admission->own, seat->listener);
    tally_take(admission->own, seat->address);
}

struct tally *
admission_tally(const struct config *config)
{
    return tally_open(config_limits_capacity(config) + config->listener_count + 1);
}
