/*
 * What rule files come to: the rules, sorted by name, and beside them what finds those of a kind that run. Between what
 * reads files (loader.h), which fills it, and score.c, which runs it; nobody else looks inside.
 *
 *      rules:   | AAA | BBB | CCC | ...            each has a kind, a pattern or an expression, a score
 *      order:   | headers, by field | body | rawbody | full | uri | evals | metas, each behind those it asks for |
 *               only those whose fate is RULE_RUNS
 *               ^start[RULE_HEADER]   ^start[RULE_BODY]   ...                              start[RULE_KINDS]^
 */
#ifndef RULES_SPAMASSASSIN_RULESET_H
#define RULES_SPAMASSASSIN_RULESET_H

#include <glib.h>

#include "base/error.h"
#include "rules/eval/eval.h"
#include "rules/mail/field.h"
#include "rules/mail/mail_settings.h"
#include "rules/prefilter/prefilter.h"
#include "rules/regex/regex.h"
#include "rules/spamassassin/capture.h"
#include "rules/spamassassin/meta.h"
#include "rules/spamassassin/mimeheader.h"
#include "rules/spamassassin/plugins.h"
#include "rules/spamassassin/replace_tags.h"
#include "rules/spamassassin/report.h"

enum rule_kind {
    RULE_HEADER,
    RULE_BODY,
    RULE_RAWBODY,
    RULE_FULL,
    RULE_URI,
    RULE_MIMEHEADER,
    RULE_EVAL,
    RULE_META,
    RULE_KINDS,
    RULE_UNDEFINED
};

/* What becomes of a rule. */
enum rule_fate {
    RULE_RUNS,
    RULE_MISTAKEN,    /* it cannot be read, or depends on itself */
    RULE_NO_FUNCTION, /* nobody has the function it calls */
    RULE_NETWORK,     /* it asks the network */
    RULE_LEARNING,    /* it asks what was learnt from other mails */
    RULE_NO_POINTS,   /* its score is 0 */
    RULE_BLOCKED,     /* a meta that asks for a meta that does not run */
    RULE_FATES
};

struct rule {
    char          *name;
    enum rule_kind kind;
    enum rule_fate fate;
    struct bytes   text; /* what defines it, as it stands in the file; freed when all rules are read */
    char          *file; /* where that stands, for mistakes found later */
    unsigned       line;

    struct regex     *regex;      /* NULL of RULE_META, RULE_EVAL and of exists: */
    size_t            field;      /* of RULE_HEADER: index into `fields` */
    char             *if_unset;   /* what a missing field is; NULL: an empty one */
    bool              negated;    /* !~ */
    struct meta      *meta;       /* of RULE_META */
    struct eval_call *call;       /* of RULE_EVAL */
    struct capture   *capture;    /* NULL: it neither captures nor asks for what was captured */
    struct mimeheader mimeheader; /* of RULE_MIMEHEADER; what tflags say of it, of any */

    double   score;
    bool     scored; /* by a score line */
    bool     nice, multiple, no_subject, network, learning;
    bool     rawbody;    /* of RULE_EVAL: defined as a rawbody rule */
    bool     has_tags;   /* its pattern is to be run through replace_tags.h */
    unsigned hits_max;   /* 0: as many as there are */
    unsigned hits_unset; /* of RULE_HEADER: how often it hits where the field is missing */
    int      priority;   /* those of lower priority run first, where that matters */
    char    *describe;
};

struct score_rules {
    struct rule    *rules;
    size_t          count;
    size_t          capacity;
    size_t         *order;     /* indices into `rules` */
    size_t         *capturing; /* of those that have a `capture`, which are not among the others; in their order */
    size_t          capturing_count;
    struct captures captures;
    size_t          start[RULE_KINDS + 1];
    struct field   *fields; /* each that rules look at, once */
    size_t          field_count;
    size_t         *group_start; /* in `order`: the rules that look at the same texts: each field, then each kind
                                    from RULE_BODY to RULE_URI; and their end */
    size_t                group_count;
    struct prefilter     *prefilter;
    struct meta_plan     *meta_plan;
    GHashTable           *names;   /* name to index + 1, while loading */
    GHashTable           *spared;  /* names of rules in lines that are not obeyed, while loading */
    size_t                missing; /* names that metas ask for, and that nobody defines anywhere */
    struct mail_settings  mail_settings;
    struct eval_settings *eval_settings;
    struct rule_report    report;
    struct error          mistakes;
    double                required_score; /* NAN: nothing is said of it */
    char                 *subject_tag;    /* NULL: nothing is said of it */
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

/* A rule's mistake, at the place where it was defined; it does not run. */
void rule_mistaken(struct score_rules *, struct rule *, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Forgets how a rule was defined, but not its score and flags. */
void rule_undefine(struct rule *);

/* Takes what stands behind "header NAME", "body NAME" and so on; what was said before is forgotten. */
void rule_define(struct rule *, enum rule_kind kind, struct span text, const char *file, unsigned line);

/*
 * Reads what a rule that is no meta was defined by, with all settings known, and decides its fate. The reason why it
 * cannot be read goes to the mistakes.
 */
void rule_read(struct score_rules *, struct rule *, const struct plugins *, const struct replace_tags *);

/*
 * After all files were read: reads the rules, sorts them, looks up what metas ask for, puts each kind in its order.
 * What is undefined goes. Mistakes go to the mistakes.
 */
void ruleset_finish(struct score_rules *, const struct plugins *, const struct replace_tags *);

#endif
