/*
 * The module "spam-score": scores a message with SpamAssassin's rules (rules/score.h) and says the verdict in its
 * header. A message is held until it is scored: its whole text, or the first `hold_limit` octets of it, which have the
 * verdict alone then.
 */
#ifndef FILTERS_SPAM_SCORE_H
#define FILTERS_SPAM_SCORE_H

#include "filters/filter.h"

/* What it is configured with. `rule_paths` are files and directories; configure() makes `rules` of them. */
struct spam_score {
    struct setting_list rule_paths;
    double              required_score; /* from here on it is spam */
    char               *subject_tag;    /* put in front of the Subject of spam; empty: it is left alone */
    int64_t             hold_limit;     /* octets */
    struct score_rules *rules;
};

extern const struct filter_module spam_score_module;

#endif
