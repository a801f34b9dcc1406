/* What HTML links to, from where, and the texts of its anchors. */
#ifndef RULES_MAIL_HTML_LINKS_H
#define RULES_MAIL_HTML_LINKS_H

#include "rules/mail/html.h"
#include "rules/mail/html_token.h"
#include "rules/mail/span_index.h"

struct html_anchor {
    size_t      place; /* which of `places` it leads to; SIZE_MAX: one too many */
    struct span text;
};

/* Starts as {.arena = where all of it lives, .wide = whether there is more than ASCII in the source}. */
struct html_links {
    struct arena       *arena;
    struct bytes        base;
    struct span_index   raws; /* the addresses of `places` */
    struct uri_places   places;
    struct span_index   written;        /* addresses as they were written that were resolved from `base`, */
    size_t             *written_places; /* and the number of their place */
    size_t              written_capacity;
    size_t              octets; /* of all addresses, each time that one was made */
    bool                truncated;
    bool                wide;
    struct html_anchor *anchors;
    size_t              anchor_count, anchor_capacity;
    struct bytes        anchor_text; /* of the last one */
    struct bytes        value, target;
};

/* Follows the links of a start tag. */
void html_links_follow(struct html_links *, const struct html_element *, const struct html_token *);

/* Adds to the text of the anchor that was begun last; there is one. */
void html_links_add_text(struct html_links *, struct span);

/* Fills in what the facts know of links. */
void html_links_finish(struct html_links *, struct html_facts *);

void html_links_free(struct html_links *);

#endif
