/*
 * Ticket keys by time. Each period has a secret, made from that of the period before by a hash, which cannot be undone;
 * a period's ticket key is another hash of its secret. Every process that was forked from the master has the same
 * secrets by the same clock, and no process tells another anything. When a period is over its secret is forgotten, and
 * a period later its key: whoever gets at a process's memory cannot open what was sealed before.
 *
 * A ticket is made under the key of this period and accepted in this one and the next, where it is renewed; in TLS 1.3
 * it always is, for clients use each ticket but once (RFC 8446, C.4).
 */
#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "proxy/net/tls.h"
#include "proxy/net/tls_ticket.h"

/* A ticket is good for as long as a period is: the key of the period before opens all that are. */
enum { PERIOD_SECONDS = 2 * 3600, NAME_OCTETS = 16, SECRET_OCTETS = 64 };

struct ticket_key {
    unsigned char name[NAME_OCTETS]; /* goes in the clear at the head of the ticket */
    unsigned char cipher[16];        /* AES-128 */
    unsigned char mac[32];
};

_Static_assert(sizeof(struct ticket_key) == SECRET_OCTETS, "one SHA-512 makes one key, and one secret");

static struct {
    int64_t           period; /* whose the secret is */
    unsigned char     secret[SECRET_OCTETS];
    struct ticket_key key, before; /* of this period and the one before */
} ring;

static EVP_CIPHER *aes; /* found once, and not by its name for each ticket */

/* Since the system started: it goes on where the system sleeps, and cannot be set back. */
static int64_t
seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

/* Puts what `use` makes of the secret to `out`, SECRET_OCTETS of them. */
static bool
derive(const char *use, void *out)
{
    unsigned len = SECRET_OCTETS;

    return HMAC(EVP_sha512(), ring.secret, sizeof(ring.secret), (const unsigned char *)use, strlen(use), out, &len) !=
           NULL;
}

static bool
make_key(void)
{
    ring.before = ring.key;
    return derive("ticket key", &ring.key);
}

/* One period on. */
static bool
step_secret(void)
{
    unsigned char next[SECRET_OCTETS];
    bool          done = derive("next secret", next);

    if (done) {
        memcpy(ring.secret, next, sizeof(next));
        ring.period++;
        done = make_key();
    }
    OPENSSL_cleanse(next, sizeof(next));
    return done;
}

int64_t
tls_ratchet(void)
{
    int64_t now = seconds();

    while (ring.period < now / PERIOD_SECONDS && step_secret())
        continue;
    return (PERIOD_SECONDS - now % PERIOD_SECONDS) * 1000;
}

void
tls_forget(void)
{
    OPENSSL_cleanse(&ring, sizeof(ring));
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
           EVP_CipherInit_ex(cipher, aes, NULL, key->cipher, iv, making) == 1;
}

static bool
has_name(const struct ticket_key *key, const unsigned char *name)
{
    return CRYPTO_memcmp(name, key->name, NAME_OCTETS) == 0;
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 done, 2 done and to be renewed, 0 no such key, -1 failed. */
static int
ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int making)
{
    const struct ticket_key *key;

    (void)tls_ratchet();
    if (making) {
        if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
            return -1;
        memcpy(name, ring.key.name, NAME_OCTETS);
        return set_keys(&ring.key, iv, cipher, mac, 1) ? 1 : -1;
    }
    key = has_name(&ring.key, name) ? &ring.key : has_name(&ring.before, name) ? &ring.before : NULL;
    if (key == NULL)
        return 0;
    if (!set_keys(key, iv, cipher, mac, 0))
        return -1;
    return key == &ring.before || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

void
tls_ticket_see_hello(SSL *ssl)
{
    enum { PSK_DHE_KE = 1 };
    const unsigned char *modes; /* behind an octet that says how many */
    size_t               len;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk_kex_modes, &modes, &len) != 1 || len < 1 ||
        memchr(modes + 1, PSK_DHE_KE, len - 1) == NULL)
        (void)SSL_set_num_tickets(ssl, 0);
}

int
tls_ticket_start(void)
{
    ring.period = seconds() / PERIOD_SECONDS;
    aes         = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    return aes != NULL && RAND_priv_bytes(ring.secret, sizeof(ring.secret)) == 1 &&
                   RAND_priv_bytes((unsigned char *)&ring.key, sizeof(ring.key)) == 1 && make_key()
               ? 0
               : -1;
}

int
tls_ticket_use(SSL_CTX *context)
{
    (void)SSL_CTX_set_timeout(context, PERIOD_SECONDS);
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key) == 1 ? 0 : -1;
}
