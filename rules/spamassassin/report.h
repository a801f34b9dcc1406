/* What is left out of what rule files say, counted for people: how many rules run, and why the others do not. */
#ifndef RULES_SPAMASSASSIN_REPORT_H
#define RULES_SPAMASSASSIN_REPORT_H

#include "base/bytes.h"
#include "base/span.h"

/* Things of one sort, by name. Starts as {0}. */
struct report_names {
    struct report_name {
        char  *name;
        size_t count;
    } * items;
    size_t count;
};

struct rule_report {
    size_t              rules; /* all that are defined */
    size_t              runs;
    size_t              mistaken, network, learning, no_points, blocked;
    struct report_names functions; /* that rules call and nobody has */
    struct report_names plugins;   /* that are not here: how many rules "ifplugin" spares for want of each */
    struct report_names lines;     /* that belong to plugins which are not here, or not on: by their first word */
};

void report_count(struct report_names *, struct span name);

/* Appends a few lines, each ended by a newline; nothing if nothing was left out. */
void report_write(const struct rule_report *, struct bytes *);

/* Gives the memory back; it is {0} again. */
void report_free(struct rule_report *);

#endif
