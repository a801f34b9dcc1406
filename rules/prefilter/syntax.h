/*
 * Perl's patterns, read as far as they say which octets a match must have. What comes of one is a tree that accepts all
 * that the pattern accepts, and more: assertions accept everywhere, a group's capture is forgotten, and what refers to
 * one accepts any octets. For rules/prefilter/window.h, which finds what to look for before a pattern is run.
 */
#ifndef RULES_PREFILTER_SYNTAX_H
#define RULES_PREFILTER_SYNTAX_H

#include "base/arena.h"
#include "base/span.h"
#include "rules/prefilter/octet_set.h"

enum syntax_kind {
    SYNTAX_NOTHING,  /* no octet */
    SYNTAX_OCTET,    /* one of `set` */
    SYNTAX_ANYTHING, /* any octets, as many as there are */
    SYNTAX_SEQUENCE, /* its parts, one behind the other */
    SYNTAX_CHOICE,   /* one of its parts */
    SYNTAX_REPEAT,   /* its only part, `least` to `most` times */
    SYNTAX_CALL,     /* what `group` accepts, which may stand elsewhere too */
};

enum { SYNTAX_ENDLESS = UINT32_MAX };

struct syntax_node {
    enum syntax_kind    kind;
    uint32_t            least, most;
    uint32_t            entry;  /* of program.c: where it was last written to */
    bool                opened; /* of program.c: it is being written */
    struct octet_set    set;
    struct syntax_node *part; /* the first of its parts */
    struct syntax_node *next; /* behind it in what it is a part of */
    struct syntax_node *group;
};

/*
 * Reads a pattern that PCRE2 compiles, with the flags of regex_compile(). The tree lives as long as the arena. NULL if
 * there is something in it that may change all of it: a verb, a condition, a syntax that only some versions know.
 */
struct syntax_node *syntax_read(struct arena *, struct span pattern, struct span flags);

/* The most octets that it accepts; SYNTAX_ENDLESS if there is no such number. */
uint32_t syntax_longest(const struct syntax_node *);

/* Is there a SYNTAX_CALL in it? */
bool syntax_has_call(const struct syntax_node *);

/* A name, and the node that has it, or that asks for it. */
struct syntax_name {
    struct span         name;
    struct syntax_node *node;
    struct syntax_name *next;
};

/* For syntax.c and syntax_class.c alone: a pattern on its way. */
struct syntax_reader {
    struct arena       *arena;
    const char         *at, *end;
    bool                ignore_case, dot_all, extended; /* flags i, s, x */
    bool                quoting;                        /* between \Q and \E */
    bool                lost;                           /* something is not understood: nothing else counts */
    bool                latin;                          /* flag a: i also folds the letters of Latin-1 */
    unsigned            depth;                          /* of groups */
    struct syntax_name *groups, *calls;                 /* groups that have a name; what calls one; the newest first */
};

/* What follows a '[', to the closing ']'. */
struct octet_set syntax_read_class(struct syntax_reader *);

/*
 * What follows a backslash if it means octets: a character, or a set that stays as it is without regard to case, as \w.
 * False, and nothing taken, if it is none of these.
 */
bool syntax_read_octets(struct syntax_reader *, struct octet_set *);

#endif
