/* popgate score --explain: a verdict as a table for people. */
#ifndef TOOLS_EXPLAIN_H
#define TOOLS_EXPLAIN_H

#include <stdio.h>

#include "rules/spamassassin/score.h"

/* Rows in the making. Starts as {0}; explain_free() gives its memory back. */
struct explain {
    struct explain_row *rows;
    size_t              count;
    size_t              capacity;
};

/* Remembers a rule that hit. */
void explain_add(struct explain *, const struct score_hit *);

/*
 * Writes a line or two for each rule: its points, its name, how often it hit where that is more than once, its
 * description, and below it in quotes the text it matched, with every octet that would act on a terminal escaped. Then
 * forgets them.
 */
void explain_write(struct explain *, FILE *);

void explain_free(struct explain *);

#endif
