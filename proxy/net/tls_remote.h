/*
 * What connections to a server leave for the next: the half of struct tls_remote that tls.h does not show. A session is
 * offered no longer than an hour after the server's chain was verified, however often it was resumed since, and only to
 * the server that gave it, under the same name and the same settings.
 */
#ifndef PROXY_NET_TLS_REMOTE_H
#define PROXY_NET_TLS_REMOTE_H

#include <openssl/ssl.h>

#include "proxy/net/tls.h"

/* What became of the session that a connection began with. */
enum tls_offer {
    TLS_OFFER_NONE, /* there was none, or the server began a full handshake in its place */
    TLS_OFFER_MADE,
    TLS_OFFER_FAILED, /* TLS failed behind it */
};

/* One connection to a remote. It stays where it is as long as the SSL object lives. */
struct tls_visit {
    struct tls_remote *remote; /* NULL: a listener's connection */
    int64_t            due;    /* when the chain behind this connection has to be verified again; see tls_chain.h */
    enum tls_offer     offer;
};

/* Has connections of an upstream's context look for what their remotes know, and leave there what they learn. */
void tls_remote_watch(SSL_CTX *);

struct tls_context *tls_remote_context(const struct tls_remote *);
struct span         tls_remote_name(const struct tls_remote *);

/* Before the handshake. `unknown`: no session is offered. */
void tls_visit_begin(struct tls_visit *, struct tls_remote *, SSL *, bool unknown);

/* TLS failed, not just the connection: nothing that the server gave is offered again (RFC 5246, 7.2.2). */
void tls_visit_fail(struct tls_visit *);

#endif
