/*
 * HTML cut into tags, comments and text, forgiving as mail programs are and building no tree: parsers that build
 * one make up tags that nobody wrote, and libxml2's pays for deep nesting with the square of the depth. Here each octet
 * is looked at a bounded number of times. Cuts where Perl's HTML::Parser cuts, which SpamAssassin's rules are written
 * for.
 */
#ifndef RULES_MAIL_HTML_TOKEN_H
#define RULES_MAIL_HTML_TOKEN_H

#include <stdbool.h>

#include "base/bytes.h"

enum html_token_kind {
    HTML_TEXT,
    HTML_START,
    HTML_END,
    HTML_COMMENT,     /* and what else has no meaning: "<!x>", "</ x>", a tag that never ends */
    HTML_DECLARATION, /* "<!DOCTYPE ...>" */
};

struct html_attribute {
    struct span name;  /* as written */
    struct span value; /* as written, without the quotes; entities are not decoded. The name, if none was given */
};

/* Its spans live as long as the source, but `name` and `attributes` only until the next is read. */
struct html_token {
    enum html_token_kind         kind;
    struct span                  text;       /* all of it; of HTML_TEXT entities are not decoded */
    bool                         literal;    /* HTML_TEXT: there are no entities in it */
    struct span                  name;       /* of a tag, in lower case; its data ends in '\0' */
    const struct html_attribute *attributes; /* of HTML_START */
    size_t                       attribute_count;
};

/* Starts as {.rest = source}. */
struct html_reader {
    struct span            rest;
    struct bytes           name;
    struct html_attribute *attributes;
    size_t                 attribute_capacity;
    size_t                 literal;  /* which of the elements whose content is no HTML it is in, + 1 */
    unsigned               endless;  /* those that have no end tag any more: bits */
    struct bytes           sections; /* the marked sections it is in: what they come to together */
    const char            *unended;  /* an element that was not ended and is to be, before the next tag */
    bool                   end_due;  /* not even text and comments come before that end */
    struct html_token      behind;   /* what comes behind that end */
    bool                   any_behind;
    bool                   verbatim; /* entities are not decoded */
    bool                   at_end;   /* nothing more is to come that could end what is open */
    bool                   lenient;  /* a comment ends at any > */
    size_t                 in_vain;  /* octets that were looked at for declarations which are none */
};

/* The next token; false at the end. */
bool html_read(struct html_reader *, struct html_token *);

void html_reader_free(struct html_reader *);

/* The value of an attribute, by its name in lower case: its entities decoded and in place of what is in `value`. False
 * if it was not given; `value` is empty then. */
bool html_attribute(const struct html_token *, const char *name, struct bytes *value);

#endif
