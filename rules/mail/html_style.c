/* A stack of what the open elements say. An element that was never opened is not closed. */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/mail/html_color.h"
#include "rules/mail/html_css.h"

enum { NORMAL_SIZE = 3, WHITE = 0xffffff, SIZE_DIGITS = 15 };

/* Which attributes count where. */
enum { STYLE = 1, COLOR = 2, TEXT = 4, SIZE = 8 };

static const struct {
    unsigned    counting;
    const char *others[6]; /* those that change nothing */
} attributes_of[HTML_STYLES] = {
    [HTML_STYLE_A]        = {.counting = STYLE},
    [HTML_STYLE_BASEFONT] = {.counting = COLOR | SIZE, .others = {"face"}},
    [HTML_STYLE_BODY]     = {.counting = TEXT, .others = {"bgcolor", "link", "alink", "vlink", "background"}},
    [HTML_STYLE_DIV]      = {.counting = STYLE},
    [HTML_STYLE_FONT]     = {.counting = COLOR | SIZE, .others = {"face"}},
    [HTML_STYLE_P]        = {.counting = STYLE},
    [HTML_STYLE_SPAN]     = {.counting = STYLE},
    [HTML_STYLE_TABLE]    = {.counting = STYLE, .others = {"bgcolor"}},
    [HTML_STYLE_TD]       = {.counting = STYLE, .others = {"bgcolor"}},
    [HTML_STYLE_TR]       = {.counting = STYLE, .others = {"bgcolor"}},
};

static void
push(struct html_style *style, struct html_look look)
{
    if (style->count == style->capacity) {
        style->capacity = style->capacity > 0 ? style->capacity * 2 : 32;
        style->looks    = memory_resize_array(style->looks, style->capacity, sizeof(style->looks[0]));
    }
    style->looks[style->count++] = look;
    style->open[look.by]++;
}

static void
pop(struct html_style *style)
{
    style->open[style->looks[--style->count].by]--;
}

void
html_style_start(struct html_style *style)
{
    *style = (struct html_style){.base_size = NORMAL_SIZE, .least_size = NORMAL_SIZE, .most_size = NORMAL_SIZE};
    push(style, (struct html_look){.text = 0, .background = WHITE, .size = NORMAL_SIZE});
}

void
html_style_free(struct html_style *style)
{
    bytes_free(&style->value);
    free(style->looks);
    *style = (struct html_style){0};
}

/* "+2" is relative, "2" is not. False: it is no number. */
static bool
read_size(struct span text, double *size, bool *relative)
{
    size_t digits = 0;
    bool   minus;

    while (text.len > 0 && isspace((unsigned char)text.data[0]))
        text = span_tail(text, 1);
    *relative = text.len > 0 && (text.data[0] == '+' || text.data[0] == '-');
    minus     = *relative && text.data[0] == '-';
    text      = span_tail(text, *relative);
    *size     = 0;
    for (; digits < text.len && isdigit((unsigned char)text.data[digits]); digits++)
        if (digits < SIZE_DIGITS)
            *size = *size * 10 + (text.data[digits] - '0');
    if (minus)
        *size = -*size;
    return digits > 0;
}

static void
apply_size(struct html_style *style, struct html_look *look)
{
    double size;
    bool   relative;

    if (read_size(bytes_span(&style->value), &size, &relative))
        look->size = relative ? style->base_size + size : size;
}

/* The sizes that were asked for: where an element has some attribute that says how text looks. */
static void
note_size(struct html_style *style, double size)
{
    if (size > style->most_size)
        style->most_size = size;
    else if (size < style->least_size)
        style->least_size = size;
}

static void
apply_attributes(struct html_style *style, const struct html_token *token, struct html_look *look)
{
    unsigned count = attributes_of[look->by].counting;
    bool     any   = false;

    if ((count & SIZE) != 0 && html_attribute(token, "size", &style->value)) {
        apply_size(style, look);
        any = true;
    }
    if ((count & (COLOR | TEXT)) != 0 &&
        html_attribute(token, (count & COLOR) != 0 ? "color" : "text", &style->value)) {
        look->text = html_color(bytes_span(&style->value));
        any        = true;
    }
    if ((count & STYLE) != 0 && html_attribute(token, "style", &style->value)) {
        html_css_apply(bytes_span(&style->value), look);
        any = true;
    }
    for (const char *const *name = attributes_of[look->by].others; !any && *name != NULL; name++)
        any = html_attribute(token, *name, &style->value);
    if (any)
        note_size(style, look->size);
}

/* The end tags of cells and rows may be missing. */
static void
close_cells(struct html_style *style, enum html_styled by)
{
    if (style->open[by] == 0)
        return;
    for (;;) {
        enum html_styled top = style->looks[style->count - 1].by;

        if (top != HTML_STYLE_FONT && top != HTML_STYLE_TD && (top != HTML_STYLE_TR || by != HTML_STYLE_TR))
            return;
        pop(style);
    }
}

static void
open_element(struct html_style *style, enum html_styled by, const struct html_token *token)
{
    struct html_look look;
    bool             relative;
    double           size;

    if (by == HTML_STYLE_BASEFONT && html_attribute(token, "size", &style->value) &&
        read_size(bytes_span(&style->value), &size, &relative) && !relative) {
        style->base_size = size;
        return;
    }
    if (by == HTML_STYLE_TD || by == HTML_STYLE_TR)
        close_cells(style, by);
    look    = style->looks[style->count - 1];
    look.by = by;
    if (by == HTML_STYLE_BIG)
        look.size += 1;
    else if (by == HTML_STYLE_SMALL)
        look.size -= 1;
    else
        apply_attributes(style, token, &look);
    push(style, look);
}

/* Everything that was opened inside of it is closed with it. What follows </body> is shown as what stands before. */
static void
close_element(struct html_style *style, enum html_styled by)
{
    if (by == HTML_STYLE_BODY)
        return;
    for (size_t before = style->open[by]; before > 0 && style->open[by] == before;)
        pop(style);
}

void
html_style_follow(struct html_style *style, const struct html_element *element, const struct html_token *token)
{
    if (token->kind == HTML_START)
        open_element(style, element->styled, token);
    else
        close_element(style, element->styled);
}

enum html_visibility
html_style_visibility(const struct html_style *style)
{
    const struct html_look *look = &style->looks[style->count - 1];

    if (!html_colors_contrast(look->text, look->background))
        return HTML_LOW_CONTRAST;
    if (look->text == HTML_COLOR_INVALID || look->background == HTML_COLOR_INVALID)
        return HTML_INVALID_COLOR;
    return look->size <= 1 || look->undisplayed || look->hidden ? HTML_INVISIBLE : HTML_VISIBLE;
}
