/* Who sent a mail as far as SMTP is concerned (MAIL FROM), where its header tells. */
#ifndef RULES_MAIL_ENVELOPE_H
#define RULES_MAIL_ENVELOPE_H

#include "rules/mail/mail.h"

/*
 * The address that rules ask for by EnvelopeFrom: of the field that "envelope_sender_header" names, or else of the
 * Received and other fields that servers write, if they can be believed. Data NULL: nobody says; empty: there was no
 * sender. It lives as long as the mail.
 */
struct span envelope_sender(const struct mail *);

#endif
