/*
 * The expressions of meta rules: what other rules hit, combined. Perl's operators and their precedence: ! * / + - < <=
 * > >= == != ^
 * && || ?: and parentheses; a rule's name stands for how often it hit. Pure.
 */
#ifndef RULES_SPAMASSASSIN_META_H
#define RULES_SPAMASSASSIN_META_H

#include "base/bytes.h"
#include "base/span.h"

struct meta;

/* Who knows the rules' names. */
struct meta_names {
    /* The index of the rule called `name`; -1 if nobody defines it: it stands for 0. */
    long (*find)(void *context, struct span name);
    /* Calls `add` for each rule that fits a pattern with * and ?. */
    void (*match)(void *context, struct span glob, void (*add)(void *adder, size_t rule), void *adder);
    void *context;
};

enum { META_DEPTH_MAX = 64 }; /* how deep parentheses and operators can nest */

/* NULL with the reason appended to `why`. */
struct meta *meta_compile(struct span expression, const struct meta_names *, struct bytes *why);

/* What it comes to; `hits` says for each rule's index how often it hit, for a meta's its value. A division by zero is
 * 0. */
double meta_evaluate(const struct meta *, const double *hits);

/* The indices of the rules it asks for, one by one, `*at` starting as 0; -1 behind the last. One may come twice. */
long meta_next_rule(const struct meta *, size_t *at);

/* Frees it and sets it to NULL. It may be NULL. */
void meta_free(struct meta **);

#endif
