/* Where a link goes and how: what of an upstream's section in proxy.conf its server's side needs. */
#ifndef PROXY_UPSTREAM_TARGET_H
#define PROXY_UPSTREAM_TARGET_H

#include "proxy/config/config.h"

/* The pointers are the configuration's, and live as long. */
struct target {
    const char                    *name;            /* for logs, and for what is remembered of a mailbox's messages */
    const struct config_addresses *addresses;       /* in the order in which they are tried */
    const char                    *tls_name;        /* what the certificate must hold; NULL: the host of the address */
    struct tls_context            *context;         /* NULL: no TLS */
    int64_t                        connect_timeout; /* milliseconds, for an address: TCP, TLS and the greeting */
    int64_t                        reply_timeout;   /* milliseconds without an octet while a reply is due */
    enum config_tls                tls;             /* NONE, STLS or IMPLICIT */
    bool                           pipelining;      /* the server may have several commands at a time, if it says so */
    bool                           lf_ends_line;    /* as struct dot_reader */
};

static inline struct target
target_of(const struct config_upstream *config)
{
    return (struct target){.name            = config->name,
                           .addresses       = &config->addresses,
                           .tls_name        = config->tls_name,
                           .context         = config->context,
                           .connect_timeout = config->connect_timeout,
                           .reply_timeout   = config->reply_timeout,
                           .tls             = (enum config_tls)config->tls,
                           .pipelining      = config->pipelining == CONFIG_PIPELINING_AUTO,
                           .lf_ends_line    = config->line_end == CONFIG_LINE_END_LF};
}

#endif
