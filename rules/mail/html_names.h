/* Which elements there are in HTML, and how many of each are open. */
#ifndef RULES_MAIL_HTML_NAMES_H
#define RULES_MAIL_HTML_NAMES_H

#include "rules/mail/html.h"
#include "rules/mail/span_index.h"

enum { HTML_NAMES_MAX = 4096 }; /* names that nobody knows and that are told apart */

/* Starts as {.arena = where names live}. */
struct html_names {
    struct arena     *arena;
    bool              seen[HTML_ELEMENTS_MAX];
    size_t            open[HTML_ELEMENTS_MAX];
    struct span_index others;
    size_t           *others_open;
    size_t            tags, elements;           /* all; those of elements that somebody knows */
    size_t            tags_seen, elements_seen; /* each once */
    size_t            closed_extra;             /* ends of what was not open */
};

/* Counts a start or an end of `element`, NULL: of one that nobody knows, called `name`. */
void html_names_count(struct html_names *, const struct html_element *, struct span name, bool start);

/* Counts a declaration of the document's type. */
void html_names_count_doctype(struct html_names *);

/* How many of an element are open. */
size_t html_names_open(const struct html_names *, const struct html_element *);

/* Fills in what the facts know of names. */
void html_names_finish(struct html_names *, struct html_facts *);

void html_names_free(struct html_names *);

#endif
