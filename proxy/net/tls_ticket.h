/*
 * Session tickets (RFC 5077, RFC 8446 4.6.1) under keys that all workers of all generations derive alike, each for
 * itself. tls_ratchet() and tls_forget() in tls.h are this file's, too.
 */
#ifndef PROXY_NET_TLS_TICKET_H
#define PROXY_NET_TLS_TICKET_H

#include <openssl/ssl.h>

/* Makes the secret behind all keys: once, in the master, before it forks. 0; or -1 if there is no randomness, or no
 * AES. */
int tls_ticket_start(void);

/* Has `context` make and accept tickets under them. 0 or -1. */
int tls_ticket_use(SSL_CTX *context);

/*
 * At a client's first message (SSL_CTX_set_client_hello_cb(3)): under TLS 1.3 there is no ticket for one that could not
 * use it, as it does not resume by a PSK and a new key exchange (RFC 8446, 4.2.9).
 */
void tls_ticket_see_hello(SSL *);

#endif
