/*
 * The contexts behind tls.h: one SSL_CTX for an upstream, one for each certificate of a listener. Only tls.c needs more
 * of them than tls.h says.
 */
#ifndef PROXY_NET_TLS_CONTEXT_H
#define PROXY_NET_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "proxy/net/tls.h"

/* The SSL_CTX that a new connection starts with: for a listener that of its first certificate. Never NULL. */
SSL_CTX *tls_context_ssl(const struct tls_context *);

#endif
