/* HTML 4.01 and XHTML 1.0, strict and loose, and what mail programs show besides. */
#include "rules/mail/html_element.h"
#include "base/count.h"

/* Sorted. */
static const struct html_element elements[] = {
    {.name = "!doctype"},
    {.name = "a", .link = "href", .styled = HTML_STYLE_A, .link_type = URI_A, .role = HTML_ANCHOR},
    {.name = "abbr"},
    {.name = "acronym"},
    {.name = "address"},
    {.name = "applet"},
    {.name = "area", .link = "href", .link_type = URI_AREA},
    {.name = "b"},
    {.name = "base", .link = "href", .link_type = URI_BASE, .role = HTML_BASE},
    {.name = "basefont", .styled = HTML_STYLE_BASEFONT},
    {.name = "bdo"},
    {.name = "bgsound", .link = "src", .other = true, .link_type = URI_BGSOUND},
    {.name = "big", .styled = HTML_STYLE_BIG},
    {.name = "blockquote", .space = "\n\n"},
    {.name = "body", .link = "background", .styled = HTML_STYLE_BODY, .link_type = URI_BODY},
    {.name = "br", .space = "\n"},
    {.name = "button"},
    {.name = "caption"},
    {.name = "center"},
    {.name = "cite"},
    {.name = "code"},
    {.name = "col"},
    {.name = "colgroup"},
    {.name = "dd", .space = " "},
    {.name = "del"},
    {.name = "dfn"},
    {.name = "dir"},
    {.name = "div", .space = "\n", .styled = HTML_STYLE_DIV},
    {.name = "dl"},
    {.name = "dt", .space = " "},
    {.name = "em"},
    {.name = "embed", .space = " ", .link = "src", .other = true, .link_type = URI_EMBED, .role = HTML_EMBEDDED},
    {.name = "fieldset"},
    {.name = "font", .styled = HTML_STYLE_FONT, .role = HTML_FONT},
    {.name = "form", .link = "action", .link_type = URI_FORM, .role = HTML_FORM},
    {.name = "frame", .link = "src", .link_type = URI_FRAME},
    {.name = "frameset"},
    {.name = "h1", .space = " "},
    {.name = "h2", .space = " "},
    {.name = "h3", .space = " "},
    {.name = "h4", .space = " "},
    {.name = "h5", .space = " "},
    {.name = "h6", .space = " "},
    {.name = "head"},
    {.name = "hr", .space = "\n\n"},
    {.name = "html"},
    {.name = "i"},
    {.name = "iframe", .link = "src", .link_type = URI_IFRAME},
    {.name = "img", .link = "src", .link_type = URI_IMG, .role = HTML_IMAGE},
    {.name = "input"},
    {.name = "ins"},
    {.name = "isindex"},
    {.name = "kbd"},
    {.name = "label"},
    {.name = "legend"},
    {.name = "li", .space = " "},
    {.name = "link", .link = "href", .link_type = URI_LINK},
    {.name = "listing", .space = "\n\n", .other = true},
    {.name = "map"},
    {.name = "menu"},
    {.name = "meta", .link_type = URI_META, .role = HTML_META},
    {.name = "nobr"},
    {.name = "noframes"},
    {.name = "noscript"},
    {.name = "object", .role = HTML_EMBEDDED},
    {.name = "ol"},
    {.name = "optgroup"},
    {.name = "option"},
    {.name = "p", .space = "\n\n", .styled = HTML_STYLE_P},
    {.name = "param"},
    {.name = "plaintext", .space = "\n\n", .other = true},
    {.name = "pre", .space = "\n\n"},
    {.name = "q"},
    {.name = "s"},
    {.name = "samp"},
    {.name = "script", .link = "src", .link_type = URI_SCRIPT},
    {.name = "select"},
    {.name = "small", .styled = HTML_STYLE_SMALL},
    {.name = "span", .styled = HTML_STYLE_SPAN},
    {.name = "strike"},
    {.name = "strong"},
    {.name = "style"},
    {.name = "sub"},
    {.name = "sup"},
    {.name = "table", .link = "background", .styled = HTML_STYLE_TABLE, .link_type = URI_TABLE},
    {.name = "tbody"},
    {.name = "td", .space = " ", .link = "background", .styled = HTML_STYLE_TD, .link_type = URI_TD},
    {.name = "textarea"},
    {.name = "tfoot"},
    {.name = "th", .space = " ", .styled = HTML_STYLE_TD},
    {.name = "thead"},
    {.name = "title", .space = "\n\n", .role = HTML_TITLE},
    {.name = "tr", .link = "background", .styled = HTML_STYLE_TR, .link_type = URI_TR},
    {.name = "tt"},
    {.name = "u"},
    {.name = "ul"},
    {.name = "var"},
    {.name = "x-sigsep"},
    {.name = "x-tab"},
    {.name = "xmp", .space = "\n\n", .other = true},
};

enum { ELEMENTS = COUNT_OF(elements) };

_Static_assert((int)ELEMENTS < (int)HTML_ELEMENTS_MAX, "each has a number");

const struct html_element *
html_element_find(struct span name)
{
    size_t low = 0, high = ELEMENTS;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int    order  = strcmp(name.data, elements[middle].name);

        if (order == 0)
            return strlen(name.data) == name.len ? &elements[middle] : NULL;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t
html_element_number(const struct html_element *element)
{
    return (size_t)(element - elements);
}

const struct html_element *
html_element_at(size_t number)
{
    return number < ELEMENTS ? &elements[number] : NULL;
}
