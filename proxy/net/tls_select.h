/*
 * Which certificates a listener's client may see: by the name that it asks for, and of several for that name, which
 * have keys of different kinds, by what it can do. And which tickets are good there.
 */
#ifndef PROXY_NET_TLS_SELECT_H
#define PROXY_NET_TLS_SELECT_H

#include "proxy/net/tls_certificate.h"

enum { TLS_KINDS = 5 /* of keys */ };

/* At most one certificate of each kind; NULL: none. */
struct tls_choice {
    const struct tls_certificate *of[TLS_KINDS];
};

struct tls_selection {
    struct tls_certificate *certificates;
    size_t                  count;
    struct tls_choice       first; /* for clients whose name fits none */
    struct bytes            bound; /* what tickets are bound to, beside the certificates */
};

/* Has a listener's SSL_CTX select from what is in `certificates` and `count`. Errors at the key "certificate". */
void tls_select_start(struct tls_selection *, SSL_CTX *, const struct tls_where *);

/* Gives the certificates and all else back. */
void tls_select_release(struct tls_selection *);

#endif
