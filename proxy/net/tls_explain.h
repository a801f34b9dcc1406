/* Why a TLS call failed, in an admin's words: what the peer did, and what to set if that is not wanted. */
#ifndef PROXY_NET_TLS_EXPLAIN_H
#define PROXY_NET_TLS_EXPLAIN_H

#include <openssl/ssl.h>

/*
 * Writes it to `text`. `code` is SSL_get_error()'s, `system_error` the call's errno; OpenSSL's error queue is read and
 * left as it is.
 */
void tls_explain(const SSL *, int code, int system_error, char *text, size_t size);

/* SSL_CTX_set_verify()'s callback for upstreams: notes which certificate is not accepted, and changes nothing. */
int tls_explain_verified(int accepted, X509_STORE_CTX *);

#endif
