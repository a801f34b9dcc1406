/* The authorities whose certificates upstreams trust: a file or a folder of them, read once for all that name it. */
#ifndef PROXY_NET_TLS_AUTHORITY_H
#define PROXY_NET_TLS_AUTHORITY_H

#include <openssl/ssl.h>

#include "proxy/net/tls.h"
#include "proxy/net/tls_certificate.h"

/* Has the context verify by those of settings->ca. An error at the key "tls_ca" if they cannot be read. */
void tls_authority_use(SSL_CTX *, const struct tls_client_settings *, const struct tls_where *);

#endif
