/*
 * Certificate chains of a server that were verified lately: what was verified octet for octet need not be again. A
 * table is for one name and one context, and whoever has it asks it about no other.
 */
#ifndef PROXY_NET_TLS_CHAIN_H
#define PROXY_NET_TLS_CHAIN_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TLS_CHAINS           = 4,           /* of the servers behind one address, or with keys of different kinds */
    TLS_CHAIN_GOOD_FOR   = 3600 * 1000, /* milliseconds, at most */
    TLS_CHAIN_DIGEST_LEN = 32,          /* octets of a SHA-256 */
};

struct tls_chain {
    unsigned char digest[TLS_CHAIN_DIGEST_LEN];
    int64_t       due; /* when it has to be verified again, in milliseconds of clock_now(); 0: no chain is here */
};

/* Starts as {0}. */
struct tls_chains {
    struct tls_chain known[TLS_CHAINS];
    size_t           oldest;
};

/* The digest of a chain as it was presented: of every certificate, in this order. False if there is none to be had. */
bool tls_chain_digest(const STACK_OF(X509) *, unsigned char digest[TLS_CHAIN_DIGEST_LEN]);

/*
 * Until when a chain that was verified just now is good, in milliseconds of clock_now(), which is `now`: for an hour,
 * and no longer than each of its certificates. `verified` goes up to the authority that is trusted.
 */
int64_t tls_chain_due(const STACK_OF(X509) * verified, int64_t now);

/* Until when is this one good? 0: it has to be verified. */
int64_t tls_chains_find(const struct tls_chains *, const unsigned char digest[TLS_CHAIN_DIGEST_LEN], int64_t now);

/* It was verified; the one that has been here longest gives way. */
void tls_chains_note(struct tls_chains *, const unsigned char digest[TLS_CHAIN_DIGEST_LEN], int64_t due);

#endif
