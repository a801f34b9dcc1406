/* RelayEval's functions, by what they look at. */
#ifndef RULES_EVAL_RELAY_EVAL_H
#define RULES_EVAL_RELAY_EVAL_H

#include "rules/eval/eval.h"
#include "rules/mail/relays.h"

/* The relays that are not to be believed, the topmost first. */
static inline const struct relay *
relay_eval_untrusted(const struct eval_run *run, size_t *count)
{
    return relays_part(relays_of(run->mail), RELAYS_UNTRUSTED, count);
}

/* Each of these is a function of rules, by the name that it has there: see relay_eval.c. */
typedef unsigned relay_function(struct eval_run *, const struct eval_call *);

/* relay_eval_names.c */
relay_function relay_forged_trail, relay_forged_ip_helo, relay_from_domain_in_received;
int            relay_prepare_domain(struct eval_call *, void *settings, struct bytes *why);
void           relay_release_domain(void *prepared);

#endif
