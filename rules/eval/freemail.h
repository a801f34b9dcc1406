/*
 * FreeMail: providers that give a mailbox to everybody. Whoever writes from one and wants the answer at another is
 * seldom who he says he is.
 */
#ifndef RULES_EVAL_FREEMAIL_H
#define RULES_EVAL_FREEMAIL_H

#include <glib.h>

#include "rules/eval/eval_field.h"
#include "rules/eval/plugins.h"

/* What rule files say. */
struct freemail_settings {
    GHashTable *domains;   /* without * and ? */
    GPtrArray  *wildcards; /* domains with them */
    GHashTable *welcome;   /* addresses and domains that do not count */
    long        max_body_emails, max_body_freemails;
    long        skip_when_over_max; /* take no notice of a body with more */
    long        skip_bulk_envfrom;  /* and none of Reply-To if a program sent the mail */
    long        add_describe_email;
    long        import_welcomelist_auth, import_def_welcomelist_auth;
};

/* What is found out about a mail once: the free addresses in its text. */
struct freemail_facts {
    bool         body_known, body_skipped;
    struct span *body;
    size_t       body_count;
};

/* freemail_domains.c: the lines of rule files, and what they say about an address. */
extern const struct eval_directive freemail_directives[];
void                               freemail_fill(void *settings, const struct mail_settings *);
void                               freemail_clear(void *settings);
const struct freemail_settings    *freemail_settings_of(const struct eval_run *);

/* Is any domain known? No function hits without. */
bool freemail_is_available(const struct eval_run *);

/* Is this address, in lower case and with a NUL behind it, at a free provider, and a person's as far as one can see? */
bool freemail_is_free(struct eval_run *, struct span address);

/*
 * freemail_body.c: adds the addresses in the mail's text, in lower case, each once. Rules behind see the text without
 * what it takes out on its way: SpamAssassin's FreeMail does that to the lines that it shares with them.
 */
void freemail_find_addresses(struct eval_run *, struct spans *addresses);

#endif
