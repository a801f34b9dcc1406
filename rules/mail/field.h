/*
 * The left side of a header rule: which fields of a mail it looks at, and what of them. Read once, when rules are
 * loaded.
 *
 *      Subject   From:addr   To:name   Received:raw   ALL   ToCc   MESSAGEID
 */
#ifndef RULES_MAIL_FIELD_H
#define RULES_MAIL_FIELD_H

#include "base/bytes.h"
#include "rules/mail/mail.h"

enum field_source { FIELD_NAMED, FIELD_ALL, FIELD_TO_CC, FIELD_MESSAGE_ID, FIELD_ENVELOPE_FROM, FIELD_RELAYS };

struct field {
    enum field_source source;
    char             *name;    /* of FIELD_NAMED */
    bool              raw;     /* as it came: folded, encoded words as they are */
    bool              address; /* the mail addresses in it, a line each */
    bool              phrase;  /* the names of people in it, a line each */
    bool              first;   /* of several fields the topmost */
    bool              last;    /* or the lowest */
};

/* 0; or -1 with the reason appended to `why`. field_clear() in either case. */
int field_parse(struct field *, struct span text, struct bytes *why);

bool field_equal(const struct field *, const struct field *);

/* Appends what the mail has there, several fields below each other, each with a line end. False if it has no such
 * field. */
bool field_read(const struct field *, const struct mail *, struct bytes *value);

void field_clear(struct field *);

#endif
