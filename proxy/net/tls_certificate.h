/* A listener's certificates, read from files with their keys. Of a key nothing stays in memory but the key itself. */
#ifndef PROXY_NET_TLS_CERTIFICATE_H
#define PROXY_NET_TLS_CERTIFICATE_H

#include <openssl/ssl.h>

#include "base/error.h"
#include "base/setting.h"

/* Where errors go. */
struct tls_where {
    const struct setting_place *place;
    struct error               *error;
};

/* An error at the setting `key`: what is wrong with `file`, and why, if OpenSSL has said it. */
void tls_complain(const struct tls_where *, const char *key, const char *file, const char *what);

struct tls_certificate {
    char *file;
    X509 *own;
    STACK_OF(X509) * chain; /* the authorities' behind it */
    EVP_PKEY *key;
};

/*
 * Reads a certificate, the authorities' behind it, and its key; `key_file` is NULL where `file` holds the key as well.
 * PEM alone is read, and nobody is asked for a phrase. False with an error at the setting "certificate" or "key" that
 * says what is in the file instead.
 */
bool tls_certificate_read(struct tls_certificate *, const char *file, const char *key_file, const struct tls_where *);

/* Gives back what tls_certificate_read() made; nothing of a struct that is {0}. */
void tls_certificate_release(struct tls_certificate *);

#endif
