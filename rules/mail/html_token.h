/*
 * HTML cut into tags and text, forgiving as mail programs are and building no tree: libxml2's parser makes up tags that
 * nobody wrote and pays for deep nesting with the square of the depth; here each octet is looked at a bounded number of
 * times. Pure.
 */
#ifndef RULES_MAIL_HTML_TOKEN_H
#define RULES_MAIL_HTML_TOKEN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/span.h"

enum html_token_kind { HTML_TEXT, HTML_START, HTML_END, HTML_IGNORED };

enum { HTML_ATTRIBUTES_MAX = 50, HTML_NAME_MAX = 31 };

struct html_attribute {
    struct span name;  /* as written */
    struct span value; /* as written, without the quotes; entities are not decoded. NULL data: none was given */
};

struct html_token {
    enum html_token_kind  kind;
    struct span           text;                    /* of HTML_TEXT, entities not decoded */
    bool                  literal;                 /* HTML_TEXT: there are no entities in it */
    char                  name[HTML_NAME_MAX + 1]; /* of a tag, in lower case; "" for one that is longer */
    struct html_attribute attributes[HTML_ATTRIBUTES_MAX];
    size_t                attribute_count; /* those past HTML_ATTRIBUTES_MAX are passed over */
};

/* Starts as {.rest = source}. */
struct html_reader {
    struct span rest;
    const char *literal_until; /* inside <script> and its like: the name of the tag that ends it */
    bool        comments_end_no_more;
};

/* The next token; false at the end. Its spans point into the source. */
bool html_read(struct html_reader *, struct html_token *);

/* The value of an attribute, by its name in lower case: appended with its entities decoded. False if it was not given.
 */
bool html_attribute(const struct html_token *, const char *name, struct bytes *value);

/* Appends `text` with its entities decoded to UTF-8. */
void html_decode_entities(struct span text, struct bytes *utf8);

#endif
