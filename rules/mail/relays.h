/*
 * The way a mail took: its Received fields, and how many of them can be believed. Found out when first asked for, and
 * kept as long as the mail.
 *
 *      items:  | topmost ...                                    ... lowest |
 *              | trusted                 | untrusted                       |
 *              | internal      | external                                  |
 */
#ifndef RULES_MAIL_RELAYS_H
#define RULES_MAIL_RELAYS_H

#include "base/bytes.h"
#include "rules/mail/mail.h"
#include "rules/mail/received.h"

struct relays {
    struct relay *items; /* by time, the last handover first */
    size_t        count;
    size_t        trusted;           /* so many of them are, from the top; those behind are not */
    size_t        internal;          /* likewise */
    size_t        unparseable;       /* Received fields that are not understood */
    size_t        trusted_received;  /* so many Received fields of any kind stand in the trusted part */
    size_t        internal_received; /* and in the internal part */
};

enum relays_part { RELAYS_TRUSTED, RELAYS_UNTRUSTED, RELAYS_INTERNAL, RELAYS_EXTERNAL };

const struct relays *relays_of(const struct mail *);

/* The relays of a part; the topmost first. */
const struct relay *relays_part(const struct relays *, enum relays_part, size_t *count);

/* Appends them as rules see them: "[ ip=192.0.2.1 rdns=mail.example.com helo=... msa=0 ] [ ip=... ]". */
void relays_print(const struct relays *, enum relays_part, struct bytes *);

#endif
