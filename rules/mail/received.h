/*
 * One Received field (RFC 5321, 4.4): who handed a mail to whom. Every MTA writes it in its own way; what is
 * recognised, passed over or not understood is what SpamAssassin does with it, and so are the names of what is in it.
 */
#ifndef RULES_MAIL_RECEIVED_H
#define RULES_MAIL_RECEIVED_H

#include "base/arena.h"

/* A handover. What is not known is empty; octets that have no place in a name are '!'. */
struct relay {
    struct span ip;      /* of the host that sent */
    struct span rdns;    /* its name, as DNS says it */
    struct span helo;    /* its name, as it says itself */
    struct span by;      /* the host that received */
    struct span ident;   /* the user, by RFC 1413 */
    struct span envfrom; /* the envelope's sender; data NULL: not said, empty: there was none */
    struct span id;
    struct span auth;           /* how the sender proved who it is; empty: it did not */
    bool        ip_private;     /* network_address_is_private() */
    bool        no_reverse_dns; /* the receiving host asked DNS for a name, and there was none */
    bool        internal;
    bool        msa; /* the receiving host takes mail from users only */
};

enum received_kind {
    RECEIVED_RELAY,
    RECEIVED_SKIPPED,     /* no handover between hosts, or nothing of use is said about it */
    RECEIVED_FETCHED,     /* fetched from a mailbox: what is above has nothing to do with how the mail came there */
    RECEIVED_UNPARSEABLE, /* none of the forms that are known */
};

/* Compiles the patterns: once, in the master. */
void received_start(void);

/* The first IP address in a text; empty if there is none. */
struct span received_find_address(struct span text);

/*
 * Reads a field's value, unfolded or not. `*relay` is filled if it is a relay; of RECEIVED_SKIPPED its `envfrom` may be
 * set, which then belongs to the handover that the next field tells about. What it points to lives in the arena.
 */
enum received_kind received_read(struct span value, struct arena *, struct relay *);

#endif
