/* The declarations of a style attribute that say how text looks. */
#ifndef RULES_MAIL_HTML_CSS_H
#define RULES_MAIL_HTML_CSS_H

#include "rules/mail/html_style.h"

/* Changes `look`, in which is what the elements around left to it, to what `css` says. */
void html_css_apply(struct span css, struct html_look *look);

#endif
