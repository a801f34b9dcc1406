/* A mail's header as one text, whole or what is above or below a Received field. */
#ifndef RULES_MAIL_HEADER_TEXT_H
#define RULES_MAIL_HEADER_TEXT_H

#include "rules/mail/mail.h"

/* Fields are counted by the Received fields down to them: those above the first of them have none. */
struct header_range {
    size_t first; /* Received field, by number from 0, with which it begins; 0 without `from_top`: the first */
    size_t last;  /* and the one with which it ends; SIZE_MAX: none */
    bool   from_top;
};

/*
 * Adds the fields in the range, each with its name and a line end: unfolded and decoded, or as they came. Of a header
 * over MAIL_HEADER_MAX the decoded fields that SpamAssassin drops are not there.
 */
void header_text(const struct mail *, struct header_range, bool raw, struct arena *, struct spans *fields);

#endif
