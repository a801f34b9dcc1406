/* BodyEval: what it remembers of one message, each piece found out when first asked for. */
#ifndef RULES_EVAL_BODY_EVAL_H
#define RULES_EVAL_BODY_EVAL_H

#include "rules/eval/eval_field.h"

struct body_facts {
    double difference; /* how many of the words of HTML its plain alternative lacks: percent, the most of all
                          alternatives */
    double html_words; /* different words in the last that has any */
    double text_words;
    double blank_lines, lines; /* of rawbody */
    double spaces;      /* for 100 octets that are none, at most 100, in the line that has the most; -1: no long line */
    double stock_words; /* different words that advertise shares */
    double body_length; /* of the first part of plain text, the octets in front of the line that begins the signature */
    double signature_length;

    struct body_words *words;          /* while alternatives are compared */
    bool               has_plain_text; /* there is such a part */
    bool               difference_known, lines_known, spaces_known, stock_known, signature_known;
};

/* body_words.c: fills what is said of alternatives. False: it is to be called again, in another turn. */
bool body_compare_alternatives(struct eval_run *, struct body_facts *);
void body_words_free(struct body_words **);

/* body_stock.c */
double body_count_stock_words(struct eval_run *);

#endif
