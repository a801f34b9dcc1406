/* Digests of chains, and a small table of them. */
#include <openssl/evp.h>
#include <string.h>

#include "base/count.h"
#include "proxy/net/tls_chain.h"

/* Fetched once in a process, and kept. */
static const EVP_MD *
sha256(void)
{
    static EVP_MD *digest;

    if (digest == NULL)
        digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    return digest;
}

/* Its DER form says by itself where it ends, so that no two chains run together to the same octets. */
static bool
add_certificate(EVP_MD_CTX *context, X509 *certificate)
{
    unsigned char *der  = NULL;
    int            len  = i2d_X509(certificate, &der);
    bool           done = len > 0 && EVP_DigestUpdate(context, der, (size_t)len) == 1;

    OPENSSL_free(der);
    return done;
}

bool
tls_chain_digest(const STACK_OF(X509) * chain, unsigned char digest[TLS_CHAIN_DIGEST_LEN])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool        done    = sk_X509_num(chain) > 0 && context != NULL && EVP_DigestInit_ex(context, sha256(), NULL) == 1;

    for (int i = 0; done && i < sk_X509_num(chain); i++)
        done = add_certificate(context, sk_X509_value(chain, i));
    done = done && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

/* Milliseconds from now to its end by the system's clock; 0 if it has ended. */
static int64_t
left_of(const X509 *certificate)
{
    int days, seconds;

    if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1 || days < 0 || seconds < 0)
        return 0;
    return ((int64_t)days * 24 * 3600 + seconds) * 1000;
}

int64_t
tls_chain_due(const STACK_OF(X509) * verified, int64_t now)
{
    int64_t left = TLS_CHAIN_GOOD_FOR;

    for (int i = 0; i < sk_X509_num(verified); i++)
        if (left_of(sk_X509_value(verified, i)) < left)
            left = left_of(sk_X509_value(verified, i));
    return now + left;
}

int64_t
tls_chains_find(const struct tls_chains *chains, const unsigned char digest[TLS_CHAIN_DIGEST_LEN], int64_t now)
{
    for (size_t i = 0; i < COUNT_OF(chains->known); i++)
        if (chains->known[i].due > now && memcmp(chains->known[i].digest, digest, TLS_CHAIN_DIGEST_LEN) == 0)
            return chains->known[i].due;
    return 0;
}

void
tls_chains_note(struct tls_chains *chains, const unsigned char digest[TLS_CHAIN_DIGEST_LEN], int64_t due)
{
    struct tls_chain *chain = &chains->known[chains->oldest];

    memcpy(chain->digest, digest, TLS_CHAIN_DIGEST_LEN);
    chain->due     = due;
    chains->oldest = (chains->oldest + 1) % COUNT_OF(chains->known);
}
