/* One mail on its way past all rules: how often each hits. Used by score.c, which makes a score of it. */
#ifndef RULES_SPAMASSASSIN_RUN_H
#define RULES_SPAMASSASSIN_RUN_H

#include "rules/spamassassin/ruleset.h"

/* In this order. */
enum run_stage {
    RUN_CAPTURES,
    RUN_HEADERS,
    RUN_BODY_CHANGES,
    RUN_BODY,
    RUN_RAWBODY,
    RUN_FULL,
    RUN_URIS,
    RUN_MIMEHEADERS,
    RUN_EVALS,
    RUN_METAS,
    RUN_STAGES
};

struct run {
    const struct score_rules *rules;
    struct mail               mail; /* as the rules that are left see it; it owns nothing */
    struct eval_run           eval;
    unsigned                 *hits;     /* of each rule */
    unsigned                  given_up; /* patterns that met a bound: what they hit before it counts */
    bool late; /* the budget was spent: rules that were left are not run, nor metas that need them */

    size_t    reached;           /* in the order of rules: those in front of it ran to their end */
    uint64_t  spent_checked;     /* microseconds of the processor's time, when last asked for */
    uint32_t *spent;             /* of each rule, in slow matches */
    uint64_t *done, *candidates; /* of the group that runs, a bit for each rule */

    struct sightings *seen; /* where in a text its rules may match */

    /* Where it goes on. */
    enum run_stage      stage;
    size_t              next;     /* of the stage: field, text or eval */
    size_t              rule;     /* of the group, */
    bool                scanned;  /* whose candidates are known */
    bool                present;  /* the field, which is */
    struct bytes        value;    /* this */
    struct capture_run *captures; /* NULL: they are done */
};

/* Runs the rules. run_end() in any case, before mail_free(). */
void run_start(struct run *, const struct score_rules *, const struct mail *);

/*
 * The same in turns (base/budget.h): run_begin(), then run_go_on() until it returns true; false: this turn has had its
 * slice. The struct must not move meanwhile.
 */
void run_begin(struct run *, const struct score_rules *, const struct mail *);
bool run_go_on(struct run *);

void run_end(struct run *);

/*
 * Once all rules are in their order: the prefilter, who asks for whom, and what header rules hit where the field is
 * missing.
 */
void run_prepare(struct score_rules *);

/* Frees what run_prepare() made. */
void run_forget(struct score_rules *);

#endif
