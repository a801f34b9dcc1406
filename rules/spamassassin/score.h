/*
 * Scoring rules in SpamAssassin's syntax: Mail::SpamAssassin::Conf(3). Loaded once in the master, immutable, shared by
 * fork().
 *
 * SpamAssassin's own rules load as they are. Of four scores the first is used: that of score set 0, without network
 * tests and Bayes, which is what popgate is. A rule without a score line has 1.0, T_... 0.01, negative with tflags
 * nice; one with score 0 does not run. A rule whose name begins with __ scores nothing and serves metas. A score for a
 * rule that nobody defines, and a name that nobody defines in a meta (it is 0), are no mistakes, as rules come and go
 * with the files that are loaded. A rule that has a mistake disables itself alone.
 */
#ifndef RULES_SPAMASSASSIN_SCORE_H
#define RULES_SPAMASSASSIN_SCORE_H

#include "base/error.h"
#include "rules/mail/mail.h"

struct score_rules;

/*
 * Loads files, and directories, of these first the *.pre, which say what plugins there are, of all paths and then the
 * *.cf, in the order of their names. A file is read once. NULL if a path cannot be read, each with a line in the error.
 * What is wrong in the files is among the mistakes.
 */
struct score_rules *score_load(const char *const *paths, size_t count, struct error *);

/* What is wrong in the files, at FILE:LINE, and in the notes what may be. Lives as long as the rules. */
const struct error *score_mistakes(const struct score_rules *);

/* Appends what was left out of the files, for people: a few lines, each ended by a newline; nothing if nothing was. */
void score_report(const struct score_rules *, struct bytes *);

/* What the files say about the verdict. required_score: false if nothing. */
bool score_required(const struct score_rules *, double *required);

/* What "rewrite_header Subject" says, with placeholders like _SCORE_; NULL: nothing. */
const char *score_subject_tag(const struct score_rules *);

/* Frees them and sets them to NULL. It may be NULL. */
void score_rules_free(struct score_rules **);

/* How many rules run, those for metas alone among them. */
size_t score_rules_count(const struct score_rules *);

/* How these rules want a mail to be parsed; lives as long as they do. */
const struct mail_settings *score_mail_settings(const struct score_rules *);

/* A verdict. Starts as {0}. */
struct score_result {
    double       score;    /* to three decimals */
    struct bytes rules;    /* RULE_A,RULE_B: those that hit and score, by name */
    unsigned     given_up; /* patterns that met a bound */
    bool         late;     /* the budget was spent (base/budget.h): rules were left out */
};

/*
 * Runs all rules over a mail and fills in the result. A pattern that met a bound (see regex.h) is given up for this
 * mail. Once the budget is spent no more is looked for; metas hit as far as the rules that ran decide them.
 */
void score_run(const struct score_rules *, const struct mail *, struct score_result *);

/*
 * The same in turns (base/budget.h): score_begin(), then score_go_on() until it returns true; false: this turn has had
 * its slice. score_end() at any time, before mail_free(): fills in the result of what was run, which may be NULL.
 */
struct run;
struct run *score_begin(const struct score_rules *, const struct mail *);
bool        score_go_on(struct run *);
void        score_end(struct run **, struct score_result *result);

/* A rule that hit, for people. The spans and strings live for the call that brings it. */
struct score_hit {
    const char *name;
    double      points;   /* of all its hits */
    const char *describe; /* NULL: nothing is said of it */
    bool        silent;   /* it only serves metas: no points, not among the rules of a result */
    unsigned    times;    /* how often; once unless the rule counts */
    struct span matched;  /* what its pattern matched first, SCORE_MATCHED_MAX octets at most; whatever the mail holds.
                             Without data where no text is to be shown: exists:, !~, eval:, meta */
};

enum { SCORE_MATCHED_MAX = 200 };

/* As score_run(), and calls `take` for each rule that hit, by name. */
void score_explain(const struct score_rules *, const struct mail *, struct score_result *,
                   void (*take)(void *context, const struct score_hit *), void *context);

/* As score_run(); appends the names of all rules that hit, those for metas alone among them, instead. For tests. */
void score_list_hits(const struct score_rules *, const struct mail *, struct bytes *names);

/* The score rounded to a fraction of `steps`: 10 is one decimal. */
double score_round(double score, long steps);

/* Gives the memory back; the result is {0} again. */
void score_result_free(struct score_result *);

#endif
