/* Reads color, background-color, background, display and visibility. What is not understood is passed over. */
#include <ctype.h>

#include "base/text.h"
#include "rules/mail/html_color.h"
#include "rules/mail/html_css.h"

/* "transparent": what is behind it is to be seen. */
enum { TRANSPARENT = HTML_COLOR_EMPTY + 1 };

/* Without "!important" at the end. */
static struct span
without_importance(struct span value)
{
    static const struct span word = {"important", 9};
    struct span              rest = value;

    if (rest.len <= word.len || !span_equal_nocase(span_tail(rest, rest.len - word.len), word))
        return value;
    rest.len -= word.len;
    while (rest.len > 0 && text_is_space(rest.data[rest.len - 1]))
        rest.len--;
    if (rest.len == 0 || rest.data[rest.len - 1] != '!')
        return value;
    rest.len--;
    while (rest.len > 0 && text_is_space(rest.data[rest.len - 1]))
        rest.len--;
    return rest;
}

static bool
holds_rgb(struct span value)
{
    for (size_t i = 0; i + 2 < value.len; i++)
        if (span_starts_nocase(span_tail(value, i), SPAN("rgb")))
            return true;
    return false;
}

static void
apply_color(struct span value, uint32_t *color)
{
    value = without_importance(value);
    if (holds_rgb(value))
        *color = html_color_rgb(value);
    else if (span_equal_nocase(value, SPAN("transparent")))
        *color = TRANSPARENT;
    else if (!span_equal_nocase(value, SPAN("inherit")))
        *color = html_color(value);
}

/* Where the word ends that starts at `at`; what stands in parentheses or quotes is part of it. */
static size_t
skip_word(struct span value, size_t at)
{
    bool inside = false;
    char quote  = '\0';

    for (; at < value.len; at++) {
        char c = value.data[at];

        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (inside && c == ')')
            return at + 1;
        else if (!inside && c == '(')
            inside = true;
        else if (!inside && (c == ' ' || c == ','))
            return at;
    }
    return at;
}

/* "url(x.gif), red": the first colour of the last layer. */
static void
apply_background(struct span value, uint32_t *color)
{
    uint32_t last = HTML_COLOR_INVALID, found = HTML_COLOR_INVALID;
    bool     any = false;

    for (size_t at = 0; at < value.len;) {
        size_t start = at;

        if (value.data[at] == ' ') {
            at++;
            continue;
        }
        at = value.data[at] == ',' ? at + 1 : skip_word(value, at);
        if (value.data[start] == ',') {
            last  = found;
            found = HTML_COLOR_INVALID;
            any   = false;
            continue;
        }
        any = true;
        if (found == HTML_COLOR_INVALID)
            found = html_color((struct span){value.data + start, at - start});
    }
    last = any ? found : last;
    if (last != HTML_COLOR_INVALID)
        *color = last;
}

/* The name of a property: letters, hyphens and underscores. */
static size_t
name_length(struct span declaration)
{
    size_t len = 0;

    while (len < declaration.len && (isalpha((unsigned char)declaration.data[len]) || declaration.data[len] == '-' ||
                                     declaration.data[len] == '_'))
        len++;
    return len;
}

/* White space alone is a value as well, and no colour. */
static bool
holds_blank(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] != '\n')
            return true;
    return false;
}

/* "name: value". Where SpamAssassin asks for lower case, only that counts. */
static void
apply_declaration(struct span declaration, struct html_look *look)
{
    struct span name, value;
    size_t      colon;

    while (declaration.len > 0 && text_is_space(declaration.data[0]))
        declaration = span_tail(declaration, 1);
    name  = span_head(declaration, name_length(declaration));
    colon = name.len;
    while (colon < declaration.len && text_is_space(declaration.data[colon]))
        colon++;
    if (name.len == 0 || colon == declaration.len || declaration.data[colon] != ':')
        return;
    declaration = span_tail(declaration, colon + 1);
    value       = text_trim(declaration);
    if (memchr(value.data, '\n', value.len) != NULL)
        return;
    if (value.len == 0 && (colon != name.len || !holds_blank(declaration)))
        return;
    if (colon == name.len && span_equal_nocase(name, SPAN("color")))
        apply_color(value, &look->text);
    else if (colon == name.len && span_equal_nocase(name, SPAN("background-color")))
        apply_color(value, &look->background);
    else if (colon == name.len && span_equal(name, SPAN("background")))
        apply_background(value, &look->background);
    else if (value.len > 0 && span_equal(name, SPAN("display")))
        look->undisplayed = span_equal_nocase(value, SPAN("none"));
    else if (value.len > 0 && span_equal(name, SPAN("visibility")))
        look->hidden = span_equal_nocase(value, SPAN("hidden"));
}

void
html_css_apply(struct span css, struct html_look *look)
{
    uint32_t outer = look->background;

    while (css.len > 0) {
        const char *end = memchr(css.data, ';', css.len);
        size_t      len = end != NULL ? (size_t)(end - css.data) : css.len;

        apply_declaration(span_head(css, len), look);
        css = span_tail(css, end != NULL ? len + 1 : len);
    }
    if (look->background == TRANSPARENT)
        look->background = outer;
    if (look->text == TRANSPARENT)
        look->text = look->background;
}
