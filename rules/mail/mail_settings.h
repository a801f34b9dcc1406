/* What rule files say about how a mail is to be read. Filled while rules are loaded, then immutable. */
#ifndef RULES_MAIL_MAIL_SETTINGS_H
#define RULES_MAIL_MAIL_SETTINGS_H

#include "rules/mail/registry.h"

struct mail_settings {
    struct registry *registry;
};

/* What holds where no file says otherwise. */
void mail_settings_fill(struct mail_settings *);

/* The same, made once and kept: for a mail that no rule file is read for. */
const struct mail_settings *mail_settings_default(void);

/* Gives back what it holds; it is {0} again. */
void mail_settings_clear(struct mail_settings *);

#endif
