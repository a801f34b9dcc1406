/*
 * What popgate must know of SASL mechanisms (RFC 5034, 4): which it can carry, which show the password to the wire, and
 * who logs in, for the audit log. Pure. It never keeps or returns a secret.
 */
#ifndef PROXY_POP3_SASL_H
#define PROXY_POP3_SASL_H

#include "base/bytes.h"
#include "base/span.h"

struct sasl_mechanism {
    const char *name;
    bool        plaintext;    /* the credentials can be read from the exchange: not without TLS */
    bool        client_first; /* may start with an initial response */
    unsigned    responses; /* of the client, empty ones aside, that an exchange takes: with more it was begun again */
    /* Appends the login name that the client's decoded response number `step` (0: the first) holds, if any. True: that
     * name says whose mailbox it is. */
    bool (*user)(struct span response, unsigned step, struct bytes *user);
};

/*
 * The mechanism called `name`, without regard to case; NULL if popgate does not carry it: those with a security layer
 * (GSSAPI, DIGEST-MD5, KERBEROS_V4), those bound to the TLS channel (-PLUS), EXTERNAL, and those it does not know.
 */
const struct sasl_mechanism *sasl_find(struct span name);

/* May the client send this line in an exchange: "*", "=" or well-formed base64 (RFC 4648, 4; an empty line is)? */
bool sasl_response_valid(struct span line);

/*
 * The login name in the client's response number `step`, given as base64: appended to `user`, cleaned of control
 * characters and at most 255 octets. Nothing is appended where the response holds none, or is not as the mechanism has
 * it. The decoded octets are wiped. Returns true if the name says whose mailbox the client asks for: not where it acts
 * for somebody else (an authorization identity), nor where the name is not all that counts, or was cleaned.
 */
bool sasl_user(const struct sasl_mechanism *, struct span response, unsigned step, struct bytes *user);

#endif
