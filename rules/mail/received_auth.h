/* What a Received field says about how the sender proved who it is. */
#ifndef RULES_MAIL_RECEIVED_AUTH_H
#define RULES_MAIL_RECEIVED_AUTH_H

#include "base/arena.h"

/* Compiles the patterns. */
void received_auth_start(void);

/* By a line with single spaces, without the date: "ESMTPSA", "Sendmail", "Postfix", ...; empty if it says nothing. It
 * lives as long as the line and the arena. */
struct span received_auth(struct span line, struct arena *);

#endif
