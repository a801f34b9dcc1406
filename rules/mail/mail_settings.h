/* What rule files say about how a mail is to be read. Filled while rules are loaded, then immutable. */
#ifndef RULES_MAIL_MAIL_SETTINGS_H
#define RULES_MAIL_MAIL_SETTINGS_H

#include "rules/mail/registry.h"
#include "rules/mail/relay_settings.h"
#include "rules/regex/regex.h"

struct mail_settings {
    struct registry *registry;
    struct regex   **redirectors; /* addresses that lead to others: those are in a pattern's group 1 */
    size_t           redirector_count;
    bool             ignore_signers;   /* the domains that signed a mail are no addresses of it */
    size_t           body_part_max;    /* characters of a part's text that body rules see; 0: all */
    size_t           rawbody_part_max; /* octets of it that rawbody rules see; 0: all */

    struct relay_settings relays;
};

/* What holds where no file says otherwise. */
void mail_settings_fill(struct mail_settings *);

/* The same, made once and kept: for a mail that no rule file is read for. */
const struct mail_settings *mail_settings_default(void);

/* Is there a line of rule files about it that begins with `word`: "util_rb_tld", "redirector_pattern"? */
bool mail_settings_know_line(struct span word);

/* Reads such a line. 0; or -1 with the reason appended to `why`. */
int mail_settings_read_line(struct mail_settings *, struct span word, struct span value, struct bytes *why);

/* Gives back what it holds; it is {0} again. */
void mail_settings_clear(struct mail_settings *);

#endif
