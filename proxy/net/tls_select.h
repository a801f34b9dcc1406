/*
 * Which certificates a listener's client may see: by the name that it asks for, and of several for that name, which
 * have keys of different kinds, by what it can do. And which tickets are good there.
 */
#ifndef PROXY_NET_TLS_SELECT_H
#define PROXY_NET_TLS_SELECT_H

#include <openssl/sha.h>

#include "proxy/net/tls_certificate.h"

enum { TLS_KINDS = 5 /* of keys */, TLS_ASKED_MAX = 64 /* names */ };

/* At most one certificate of each kind; NULL: none. */
struct tls_choice {
    const struct tls_certificate *of[TLS_KINDS];
};

/* A name that a client asked for, and what it gets. */
struct tls_asked {
    struct bytes      name;
    struct tls_choice choice;
    unsigned char     tickets[SHA256_DIGEST_LENGTH]; /* where they are good */
};

struct tls_selection {
    struct tls_certificate *certificates;
    size_t                  count;
    struct tls_choice       first;                /* for clients whose name fits none */
    struct bytes            bound;                /* what tickets are bound to, beside the certificates */
    struct tls_asked        asked[TLS_ASKED_MAX]; /* names that were asked for, each in its place or none */
};

/* Has a listener's SSL_CTX select from what is in `certificates` and `count`. Errors at the key "certificate". */
void tls_select_start(struct tls_selection *, SSL_CTX *, const struct tls_where *);

/* Gives the certificates and all else back. */
void tls_select_release(struct tls_selection *);

#endif
