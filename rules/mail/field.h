/*
 * The left side of a header rule: which fields of a mail it looks at, and what of them. Read once, when rules are
 * loaded.
 *
 *      Subject   From:addr   To:name:raw   Reply-To:addr:domain   Received:last   ALL-EXTERNAL   EnvelopeFrom
 */
#ifndef RULES_MAIL_FIELD_H
#define RULES_MAIL_FIELD_H

#include "base/bytes.h"
#include "rules/mail/mail.h"

/* Names that stand for something else than the fields called so. */
enum field_source {
    FIELD_NAMED,
    FIELD_ALL,
    FIELD_ALL_TRUSTED,      /* the fields that trusted relays have added (see relays.h) */
    FIELD_ALL_UNTRUSTED,    /* the others, and the lowest Received field that can be believed */
    FIELD_ALL_INTERNAL,     /* likewise */
    FIELD_ALL_EXTERNAL,     /* likewise */
    FIELD_RELAYS_TRUSTED,   /* the relays of a part, as text */
    FIELD_RELAYS_UNTRUSTED, /* these four and those above: in the order of enum relays_part */
    FIELD_RELAYS_INTERNAL,
    FIELD_RELAYS_EXTERNAL,
    FIELD_ENVELOPE_FROM, /* envelope_sender() */
    FIELD_TO_CC,
    FIELD_MESSAGE_ID, /* wherever mailing lists put it */
};

struct field {
    enum field_source source;
    char             *name;       /* of FIELD_NAMED */
    bool              raw;        /* as it came: folded, encoded words as they are */
    bool              address;    /* the mail addresses in it */
    bool              phrase;     /* the names of people in it */
    bool              host;       /* the first thing that is a host's name; of an address, what follows the @ */
    bool              domain;     /* of that, what somebody registered */
    bool              ip;         /* the first IP address */
    bool              reverse_ip; /* the same, in the order of DNS's lists */
    bool              first;      /* of several fields the topmost */
    bool              last;       /* or the lowest */
};

/* 0; or -1 with the reason appended to `why`. field_clear() in either case. */
int field_parse(struct field *, struct span text, struct bytes *why);

bool field_equal(const struct field *, const struct field *);

/*
 * Appends what the mail has there. Whole fields have a line end each; of several things that are no whole fields each
 * but the last has one. False, with nothing appended, if there is none; what is there may be empty.
 */
bool field_read(const struct field *, const struct mail *, struct bytes *value);

void field_clear(struct field *);

#endif
