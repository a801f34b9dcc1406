/*
 * Reading rule files: load.c takes files apart into lines, directives.c knows what a line says. Between these two;
 * the rest of the program reads rules through score_load().
 */
#ifndef RULES_SPAMASSASSIN_LOADER_H
#define RULES_SPAMASSASSIN_LOADER_H

#include "rules/spamassassin/ruleset.h"

enum { LOADER_CONDITIONS_MAX = 32 }; /* "if" in "if" */

/* One file that is being read. */
struct loader_file {
    const char *path;
    unsigned    line;
    unsigned    depth;   /* of includes */
    bool        left;    /* require_version: the rest is not for us */
    bool        chooses; /* which plugins are on: a file *.pre does, and what it includes */

    /* The open "if" lines: where each stands, and whether lines were skipped in front of it. */
    struct loader_condition {
        unsigned line;
        bool     skipped;
    } conditions[LOADER_CONDITIONS_MAX];
    size_t condition_count;
    bool   skips;      /* a condition is false: lines are skipped */
    char   absent[64]; /* the plugin that is not there, where that is why; "": it is not */
};

struct loader {
    struct score_rules  *rules;
    struct error        *error; /* paths that cannot be read */
    struct plugins      *plugins;
    struct replace_tags *tags;
    GHashTable          *read;  /* the paths of the files that were read: each is read once */
    struct loader_file  *file;  /* the one that is being read */
    size_t               lines; /* so far, comments not counted */
};

/* A mistake at the line that is being read. */
void loader_complain(struct loader *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads what an include line names. */
void loader_include(struct loader *, struct span path);

/* Obeys one line, without comment and white space at its ends, in which `word` stands first. */
void loader_obey(struct loader *, struct span word, struct span value);

/* Skips a line. If it defines a rule, that is counted among those for a plugin that is not there. */
void loader_skip(struct loader *, struct span word, struct span value);

/* Obeys it if it is about conditions: if, ifplugin, else, endif, require_version; these count while others are skipped.
 * False: it is not. */
bool loader_obey_condition(struct loader *, struct span word, struct span value);

/* Complains about each "if" that the file leaves open. */
void loader_close_conditions(struct loader *);

#endif
