/* What is found out about a mail when it is first asked for, and then kept. Between those who find it out. */
#ifndef RULES_MAIL_MEMO_H
#define RULES_MAIL_MEMO_H

#include "rules/mail/relays.h"

struct mail_memo {
    bool          relays_known;
    struct relays relays;
    bool          sender_known;
    struct span   sender; /* of the envelope; data NULL: nobody says */
    struct arena  arena;
};

struct mail_memo *mail_memo_new(void);

/* Frees it and sets it to NULL. It may be NULL. */
void mail_memo_free(struct mail_memo **);

#endif
