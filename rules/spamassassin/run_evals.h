/* The rules that are functions, of one mail: two stages of its run. */
#ifndef RULES_SPAMASSASSIN_RUN_EVALS_H
#define RULES_SPAMASSASSIN_RUN_EVALS_H

#include "rules/spamassassin/run.h"

/* Those that may change the body, in front of all rules that look at it; and the others. True when they are done, and
 * false where the turn has had its slice. */
bool run_body_changes(struct run *);
bool run_other_evals(struct run *);

#endif
