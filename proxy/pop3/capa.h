/*
 * Capabilities (RFC 2449): what a server lists, and the list that popgate can keep in front of it. A whitelist: what is
 * not known to work through a proxy that looks at every reply is not passed on. Pure.
 */
#ifndef PROXY_POP3_CAPA_H
#define PROXY_POP3_CAPA_H

#include "base/bytes.h"
#include "base/span.h"

enum { CAPA_LINES_MAX = 64 }; /* more than that are not looked at */

/* What a server lists. Starts as {0}; capa_free() gives the memory back. */
struct capa {
    bool         known;      /* the server answered CAPA with a list */
    bool         pipelining; /* PIPELINING is in it */
    bool         stls;       /* STLS is */
    unsigned     lines;
    struct bytes kept;       /* the lines that may go on, each with CR LF, in the server's order */
    struct bytes mechanisms; /* of SASL, those that popgate carries, upper case, separated by single spaces */
};

/* Takes one line of the server's list, without its line end. Lines over 510 octets or with control characters are left
 * out. */
void capa_add(struct capa *, struct span line);

/* What this client, at this moment, is offered beyond the server's list. */
struct capa_offer {
    bool stls;      /* STLS can be used now */
    bool plaintext; /* USER and the plaintext mechanisms are allowed now */
    bool login;     /* any login is allowed now (stls-required before TLS: not) */
    bool uidl, top; /* where the server has no list: it was not seen to refuse these commands */
};

/*
 * Appends popgate's list as a whole reply, "+OK" to "." CR LF: the server's lines that may go on, SASL and USER as the
 * offer allows, then what popgate itself adds: PIPELINING always, STLS if offered. No line twice. Works with an unknown
 * `capa` too: then it is popgate's own lines, and USER, UIDL and TOP if the offer allows them.
 */
void capa_write(const struct capa *, const struct capa_offer *, struct bytes *reply);

/* Appends the reply to an AUTH without arguments, as Outlook sends it: "+OK", a mechanism a line, "." CR LF. */
void capa_write_mechanisms(const struct capa *, const struct capa_offer *, struct bytes *reply);

/* Is `mechanism` one that the server lists? True where the server's list is not known: the server will say. */
bool capa_has_mechanism(const struct capa *, struct span mechanism);

void capa_free(struct capa *);

#endif
