/*
 * The forms of Received fields, as text that says where things stand, like scanf(3) does:
 *
 *      "%h (%r [%i]) by %b "     from "mx.example.org (mail.example.org [192.0.2.1]) by mx.example.net (Postfix) ..."
 *
 * A form fits where the line begins, or anywhere if it begins with "..."; what follows it may be anything.
 */
#ifndef RULES_MAIL_RECEIVED_FORMS_H
#define RULES_MAIL_RECEIVED_FORMS_H

#include "rules/regex/regex.h"

/*
 *      %h  the HELO        %r  the name in DNS     %R  both, being one         %i  the IP address
 *      %b  who received    %d  the id              %n  the ident user          %e  the envelope's sender
 *      %o  options: "helo=NAME ident=NAME"         %x  a name in DNS, "USER@" or "IDENT:USER@" in front of it
 *      %w  some word       %a  some IP address     %L  some way to say localhost
 *      %h{...}  what it looks like if it is not a word: a regular expression
 *      `...`    a regular expression
 *
 * Everything else stands for itself.
 */
enum received_action {
    FORM_RELAY,       /* it is a relay */
    FORM_SKIP,        /* there is nothing to learn */
    FORM_SKIP_SENDER, /* nor is there, but the envelope's sender belongs to the next field */
    FORM_FETCHED,     /* it was fetched from a mailbox */
    FORM_NOTE,        /* remember, and look on */
    FORM_NOTE_HELO,   /* remember if there is no HELO yet, and look on */
    FORM_NOTE_BY,     /* remember; it is a relay if there is an address by now */
    FORM_GATE,        /* the next `gated` forms are for lines of this form alone */
};

/* What a line mentions says which MTA wrote it; forms of another one do not fit. */
enum received_family {
    FAMILY_ANY,
    FAMILY_SMTPSVC,
    FAMILY_EXCHANGE,
    FAMILY_XMAIL,
    FAMILY_ECELERITY,
    FAMILY_EXIM,
    FAMILY_POSTFIX,
    FAMILY_SCALIX,
    FAMILY_DOMINO,
    FAMILIES
};

struct received_form {
    const char          *form;
    const char          *needle;   /* is in every such line; NULL: nothing is */
    const char          *nameless; /* the name in DNS that says there was none, and perhaps nobody asked */
    enum received_action action;
    enum received_family family;
    unsigned             gated;     /* of FORM_GATE */
    bool                 looked_up; /* this MTA asks DNS for names */
};

extern const struct received_form received_from_forms[];  /* behind "from " */
extern const struct received_form received_upper_forms[]; /* behind "FROM " */
extern const struct received_form received_paren_forms[]; /* behind "(from " */
extern const size_t               received_from_count, received_upper_count, received_paren_count;

#endif
