/*
 * The module "spam-score": scores a message with SpamAssassin's rules (rules/spamassassin/score.h) and says the verdict
 * in its header. A message is held until it is scored: its whole text, or the first `hold_limit` octets, which then
 * decide the verdict alone.
 *
 * The verdict is remembered: whoever asks for the message again, by RETR or TOP, gets the same one without its being
 * scored, and without its being held. What was found on a part of a message is not remembered.
 */
#ifndef FILTERS_SPAM_SCORE_H
#define FILTERS_SPAM_SCORE_H

#include "base/siphash.h"
#include "filters/filter.h"

enum spam_score_top { SPAM_SCORE_FULL, SPAM_SCORE_PARTIAL };

/* What it is configured with. `rule_paths` are files and directories; configure() makes `rules` of them. */
struct spam_score {
    struct setting_list rule_paths;
    double              required_score; /* from here on it is spam; NAN: the rules say it, or it is 5 */
    char               *subject_tag;    /* put in front of the Subject of spam; empty: it is left alone; NULL: the rules
                                           say it */
    int64_t hold_limit;                 /* octets */
    int     top_verdict;                /* enum spam_score_top: what the verdict of a message is found on that is first
                                           asked for with TOP: all that RETR would show, or what TOP brings */
    struct score_rules *rules;
    struct siphash_key  mark_key; /* of verdict_mark(): the same in all workers */
    struct bytes        tag;      /* what the rules say is put in front, where subject_tag is NULL */
};

extern const struct filter_module spam_score_module;

#endif
