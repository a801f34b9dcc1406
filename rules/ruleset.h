/*
 * What rule files come to: the rules, sorted by name, and beside them what finds those of a kind. Between score_load.c,
 * which fills it, and score.c, which runs it; nobody else looks inside.
 *
 *      rules:   | AAA | BBB | CCC | ...            each has a kind, a pattern or an expression, a score
 *      order:   | headers, by field | body | rawbody | full | uri | evals | metas, each behind those it asks for |
 *               ^start[RULE_HEADER]   ^start[RULE_BODY]   ...                              start[RULE_KINDS]^
 */
#ifndef RULES_RULESET_H
#define RULES_RULESET_H

#include <glib.h>

#include "base/error.h"
#include "rules/eval/eval.h"
#include "rules/mail/field.h"
#include "rules/mail/mail_settings.h"
#include "rules/meta.h"
#include "rules/regex.h"

enum rule_kind {
    RULE_HEADER,
    RULE_BODY,
    RULE_RAWBODY,
    RULE_FULL,
    RULE_URI,
    RULE_EVAL,
    RULE_META,
    RULE_KINDS,
    RULE_UNDEFINED
};

struct rule {
    char          *name;
    enum rule_kind kind;
    char          *file; /* where it was defined, for mistakes found later */
    unsigned       line;

    struct regex     *regex;      /* NULL of RULE_META and of exists: */
    size_t            field;      /* of RULE_HEADER: index into `fields` */
    char             *if_unset;   /* what a missing field is; NULL: an empty one */
    bool              negated;    /* !~ */
    char             *expression; /* of RULE_META */
    struct meta      *meta;
    struct eval_call *call; /* of RULE_EVAL */

    double   score;
    bool     scored; /* by a score line */
    bool     nice, multiple, no_subject;
    unsigned hits_max; /* 0: as many as there are */
    char    *describe;
};

struct score_rules {
    struct rule          *rules;
    size_t                count;
    size_t                capacity;
    size_t               *order; /* indices into `rules` */
    size_t                start[RULE_KINDS + 1];
    struct field         *fields; /* each that rules look at, once */
    size_t                field_count;
    GHashTable           *names; /* name to index + 1, while loading */
    struct mail_settings  mail_settings;
    struct eval_settings *eval_settings;
};

/* A rule whose names begins with two underscores only serves metas: no score, not listed. */
static inline bool
rule_is_silent(const struct rule *rule)
{
    return rule->name[0] == '_' && rule->name[1] == '_';
}

/* The index of the rule called `name`; it is made, RULE_UNDEFINED, if there is none. */
size_t ruleset_index(struct score_rules *, struct span name);

/* The index of an equal field; it is added, or cleared if there is one already. */
size_t ruleset_field(struct score_rules *, struct field *);

/* Forgets how a rule was defined, but not its score and flags. */
void rule_undefine(struct rule *);

/*
 * After all files were read: sorts, looks up what metas ask for, puts each kind in its order. What is undefined goes.
 * Mistakes in metas go to the error.
 */
void ruleset_finish(struct score_rules *, struct error *);

/*
 * Takes what stands behind "header NAME", "body NAME" and so on: `rule` must be RULE_UNDEFINED and becomes one of
 * `kind`. 0; or -1 with the reason appended to `why`.
 */
int rule_define(struct score_rules *, struct rule *, enum rule_kind kind, struct span text, struct bytes *why);

#endif
