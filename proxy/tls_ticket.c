/*
 * Ticket keys by time: the key of a period is HMAC-SHA512(secret, number of the period). A ticket is made under the key
 * of this period and accepted in this one and the next, where it is renewed; in TLS 1.3 it always is, for clients use
 * each ticket but once (RFC 8446, C.4). No process tells another anything.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "proxy/tls_ticket.h"

enum { PERIOD_SECONDS = 12 * 3600, NAME_OCTETS = 16 };

struct ticket_key {
    unsigned char name[NAME_OCTETS]; /* goes in the clear at the head of the ticket */
    unsigned char cipher[16];        /* AES-128 */
    unsigned char mac[32];
};

_Static_assert(sizeof(struct ticket_key) == 64, "one SHA-512 makes one key");

static unsigned char secret[64];

/* The key of a period; the last two are kept, as nearly every ticket is of one of them. */
static const struct ticket_key *
key_of(uint64_t period)
{
    static struct ticket_key keys[2];
    static uint64_t          periods[2];
    size_t                   slot = period % 2;
    unsigned                 len  = sizeof(keys[slot]);

    if (periods[slot] != period) {
        if (HMAC(EVP_sha512(), secret, sizeof(secret), (unsigned char *)&period, sizeof(period),
                 (unsigned char *)&keys[slot], &len) == NULL)
            return NULL;
        periods[slot] = period;
    }
    return &keys[slot];
}

static bool
set_keys(const struct ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
    char       digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->mac, sizeof(key->mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, params) == 1 &&
           EVP_CipherInit_ex(cipher, EVP_aes_128_cbc(), NULL, key->cipher, iv, making) == 1;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 done, 2 done and to be renewed, 0 no such key, -1 failed. */
static int
ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
    uint64_t                 now = (uint64_t)time(NULL) / PERIOD_SECONDS;
    const struct ticket_key *key;

    if (making) {
        key = key_of(now);
        if (key == NULL || RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
            return -1;
        memcpy(name, key->name, NAME_OCTETS);
        return set_keys(key, iv, cipher, mac, 1) ? 1 : -1;
    }
    for (uint64_t age = 0; age <= 1; age++) {
        key = key_of(now - age);
        if (key != NULL && CRYPTO_memcmp(name, key->name, NAME_OCTETS) == 0)
            return !set_keys(key, iv, cipher, mac, 0) ? -1 : age > 0 || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
    }
    return 0;
}

int
tls_ticket_start(void)
{
    return RAND_priv_bytes(secret, sizeof(secret)) == 1 ? 0 : -1;
}

int
tls_ticket_use(SSL_CTX *context)
{
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key) == 1 ? 0 : -1;
}
