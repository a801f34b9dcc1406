/*
 * The metas of a mail: of a thousand only those are evaluated that ask for a rule that hit. What the others come to
 * where nothing hits is known since the rules were loaded.
 */
#ifndef RULES_SPAMASSASSIN_RUN_METAS_H
#define RULES_SPAMASSASSIN_RUN_METAS_H

#include "rules/spamassassin/run.h"

/* Who asks for what. Immutable once it is made. */
struct meta_plan;

/* Once all rules are in their order. */
struct meta_plan *meta_plan_new(const struct score_rules *);

/* Frees it and sets it to NULL. It may be NULL. */
void meta_plan_free(struct meta_plan **);

/* Fills in what the metas hit, when all other rules ran; or as far as that is known, if the run is late. */
void run_metas(struct run *);

#endif
