/* What rules call the facts. */
#include <math.h>

#include "rules/mail/html.h"

static const char *const number_names[HTML_NUMBERS] = {
    [HTML_IS_HTML]            = "html",
    [HTML_BACKHAIR_COUNT]     = "backhair_count",
    [HTML_BAD_TAG_RATIO]      = "bad_tag_ratio",
    [HTML_CLOSED_EXTRA_RATIO] = "closed_extra_ratio",
    [HTML_EMBEDS]             = "embeds",
    [HTML_FONT_FACE_BAD]      = "font_face_bad",
    [HTML_FONT_INVALID_COLOR] = "font_invalid_color",
    [HTML_FONT_LOW_CONTRAST]  = "font_low_contrast",
    [HTML_FORM_ACTION_MAILTO] = "form_action_mailto",
    [HTML_HTML_LENGTH]        = "html_length",
    [HTML_IMAGE_AREA]         = "image_area",
    [HTML_LENGTH]             = "length",
    [HTML_MAX_SIZE]           = "max_size",
    [HTML_MIN_SIZE]           = "min_size",
    [HTML_NON_ELEMENT_RATIO]  = "non_element_ratio",
    [HTML_NON_SPACE_LEN]      = "non_space_len",
    [HTML_OBFUSCATION_RATIO]  = "obfuscation_ratio",
    [HTML_RATIO]              = "ratio",
    [HTML_URI_TRUNCATED]      = "uri_truncated",
};

static const char *const list_names[HTML_LISTS] = {
    [HTML_ANCHORS]  = "anchor",
    [HTML_COMMENTS] = "comment",
    [HTML_SCRIPTS]  = "script",
    [HTML_TITLES]   = "title",
};

enum html_number
html_number_called(struct span name)
{
    size_t number = 0;

    while (number < HTML_NUMBERS && !span_equal(name, span_of(number_names[number])))
        number++;
    return (enum html_number)number;
}

enum html_list
html_list_called(struct span name)
{
    size_t list = 0;

    while (list < HTML_LISTS && !span_equal(name, span_of(list_names[list])))
        list++;
    return (enum html_list)list;
}

double
html_inside(const struct html_facts *facts, struct span name)
{
    for (size_t i = 0; i < facts->inside_count; i++)
        if (span_equal(facts->insides[i].name, name))
            return (double)facts->insides[i].open;
    return NAN;
}
