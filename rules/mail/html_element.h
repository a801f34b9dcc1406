/* What is known of HTML's elements. */
#ifndef RULES_MAIL_HTML_ELEMENT_H
#define RULES_MAIL_HTML_ELEMENT_H

#include <stdbool.h>

#include "rules/mail/uri.h"

enum { HTML_ELEMENTS_MAX = 128 };

/* Elements that change how text looks. <th> is a <td> here. */
enum html_styled {
    HTML_NO_STYLE,
    HTML_STYLE_A,
    HTML_STYLE_BASEFONT,
    HTML_STYLE_BIG,
    HTML_STYLE_BODY,
    HTML_STYLE_DIV,
    HTML_STYLE_FONT,
    HTML_STYLE_P,
    HTML_STYLE_SMALL,
    HTML_STYLE_SPAN,
    HTML_STYLE_TABLE,
    HTML_STYLE_TD,
    HTML_STYLE_TR,
    HTML_STYLES
};

/* Elements of which more is known than how they look. */
enum html_role {
    HTML_NO_ROLE,
    HTML_ANCHOR,
    HTML_BASE,
    HTML_EMBEDDED,
    HTML_FONT,
    HTML_FORM,
    HTML_IMAGE,
    HTML_META,
    HTML_TITLE,
    HTML_ROLES
};

struct html_element {
    const char      *name;
    const char      *space;     /* what its start and its end look like; NULL: nothing */
    const char      *link;      /* the attribute that links somewhere; NULL: none */
    enum uri_type    link_type; /* what an address is that is linked so */
    enum html_styled styled;
    enum html_role   role;
    bool             other; /* in no version of HTML, but shown */
};

/* By its name in lower case, whose data ends in '\0'; NULL if nobody knows it. "!doctype" is one. */
const struct html_element *html_element_find(struct span name);

/* A number for each, below HTML_ELEMENTS_MAX, and the other way round; NULL behind the last. */
size_t                     html_element_number(const struct html_element *);
const struct html_element *html_element_at(size_t number);

#endif
