/* How the text of HTML looks: what the elements around it say, by their attributes and their styles. */
#ifndef RULES_MAIL_HTML_STYLE_H
#define RULES_MAIL_HTML_STYLE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/mail/html_element.h"
#include "rules/mail/html_token.h"

/* What an element leaves to those inside of it. */
struct html_look {
    enum html_styled by;
    uint32_t         text, background; /* html_color.h */
    double           size;             /* of <font>: 3 is normal */
    bool             undisplayed, hidden;
};

/* The elements that are open. */
struct html_style {
    struct html_look *looks;
    size_t            count;
    size_t            capacity;
    size_t            open[HTML_STYLES]; /* how many there are of each */
    double            base_size;
    double            least_size, most_size; /* that was asked for */
    struct bytes      value;                 /* of an attribute */
};

void html_style_start(struct html_style *);
void html_style_free(struct html_style *);

/* Follows the start or end of an element that is styled. */
void html_style_follow(struct html_style *, const struct html_element *, const struct html_token *);

enum html_visibility { HTML_VISIBLE, HTML_INVISIBLE, HTML_LOW_CONTRAST, HTML_INVALID_COLOR };

/* Can text be seen here? The last two say why it cannot. */
enum html_visibility html_style_visibility(const struct html_style *);

#endif
