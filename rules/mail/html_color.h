/* Colours as HTML's attributes and CSS write them. */
#ifndef RULES_MAIL_HTML_COLOR_H
#define RULES_MAIL_HTML_COLOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* 0xrrggbb; or, above those, what is none. */
enum {
    HTML_COLOR_MAX     = 0xffffff,
    HTML_COLOR_INVALID = 0x1000000,
    HTML_COLOR_EMPTY   = 0x1000001, /* "#" without digits */
};

/* "red", "#f00", "#ff0000", "rgb(255, 0, 0)", "rgb(100%, 0%, 0%)", white space around it. Too few or too many digits
 * are made three or six; HTML_COLOR_INVALID for what is no colour. */
uint32_t html_color(struct span text);

/* "rgb(...)" in CSS: the first three numbers in it, whatever is between them, each at most 255. */
uint32_t html_color_rgb(struct span text);

/* Can one be read on the other? */
bool html_colors_contrast(uint32_t, uint32_t);

#endif
