/* Ciphers and curves: those of OpenSSL's defaults that are fit for the oldest version spoken, or the admin's. */
#ifndef PROXY_NET_TLS_CIPHERS_H
#define PROXY_NET_TLS_CIPHERS_H

#include "proxy/net/tls.h"
#include "proxy/net/tls_certificate.h"

/* Errors at the keys "ciphers" and "curves": false then. A word that names no cipher here is noted. */
bool tls_ciphers_set(SSL_CTX *, const struct tls_settings *, const struct tls_where *);

#endif
