/*
 * A pattern's tree (syntax.h) as a program for a machine that is in many places at once. Written to be run backwards
 * and forwards by window.c and automaton.c; both let it accept more than the pattern does, never less.
 */
#ifndef RULES_PREFILTER_PROGRAM_H
#define RULES_PREFILTER_PROGRAM_H

#include "rules/prefilter/syntax.h"

enum program_operation {
    PROGRAM_TAKE, /* one octet of `set`, and on to `next` */
    PROGRAM_FORK, /* on to `next`, and to `other` */
    PROGRAM_MATCH,
};

struct program_step {
    enum program_operation  operation;
    const struct octet_set *set; /* NULL: any octet */
    uint32_t                next, other;
};

/* The TAKE steps where the machine is. */
struct program_places {
    uint32_t *items; /* as many as there are steps */
    size_t    count;
    bool      ends; /* the match may end here */
};

struct program {
    struct program_step *steps;
    size_t               count, capacity;
    uint32_t             start;
    uint32_t             copies; /* of what has to repeat, at most */
    uint32_t            *seen;   /* of each step: the round in which it was last reached */
    uint32_t             round;
    uint32_t            *pending; /* steps to look at */
    size_t               work;    /* steps looked at so far */
};

/* Writes the program; each node of the tree has the place where it begins as its `entry`. program_free() ends it. */
void program_write(struct program *, struct syntax_node *root, uint32_t copies);

void program_free(struct program *);

struct program_places program_places(const struct program *);

/* Forgets all places, before others are gathered. */
void program_clear(struct program *, struct program_places *);

/* Adds the places that `step` leads to. */
void program_reach(struct program *, uint32_t step, struct program_places *);

/* From `here` all take an octet, and come to `there`: which octets that may be is merged into `set`. */
void program_advance(struct program *, const struct program_places *here, struct program_places *there,
                     struct octet_set *set);

#endif
