/* What rule files say about the relays of a mail, and where its sender is found. */
#ifndef RULES_MAIL_RELAY_SETTINGS_H
#define RULES_MAIL_RELAY_SETTINGS_H

#include "rules/mail/networks.h"

/* Starts as {0}, to be filled by relay_settings_fill(). */
struct relay_settings {
    struct networks trusted, internal;      /* whose Received fields can be believed; which are our own */
    bool trusted_set, internal_set;         /* somebody said so; else they stand in for each other, or are inferred */
    struct networks msa;                    /* which of them take mail from users only */
    char          **originating_ip_headers; /* fields with the address that a mail came from */
    size_t          originating_count;
    char           *envelope_sender_header; /* the field with the envelope's sender; NULL: whichever has it */
};

/* What holds where no file says otherwise. */
void relay_settings_fill(struct relay_settings *);

/* Is there a line of rule files about it that begins with `word`: "trusted_networks"? */
bool relay_settings_know_line(struct span word);

/* Reads such a line. 0; or -1 with the reason appended to `why`. */
int relay_settings_read_line(struct relay_settings *, struct span word, struct span value, struct bytes *why);

/* Gives back what it holds; it is {0} again. */
void relay_settings_clear(struct relay_settings *);

#endif
