/* The names are those of CSS 3. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/mail/html_color.h"
#include "rules/regex/regex.h"

enum { NAME_OCTETS_MAX = 24, COMPONENT_MAX = 255 };

/* Sorted. */
static const struct {
    const char *name;
    uint32_t    color;
} names[] = {{"aliceblue", 0xf0f8ff},
             {"antiquewhite", 0xfaebd7},
             {"aqua", 0x00ffff},
             {"aquamarine", 0x7fffd4},
             {"azure", 0xf0ffff},
             {"beige", 0xf5f5dc},
             {"bisque", 0xffe4c4},
             {"black", 0x000000},
             {"blanchedalmond", 0xffebcd},
             {"blue", 0x0000ff},
             {"blueviolet", 0x8a2be2},
             {"brown", 0xa52a2a},
             {"burlywood", 0xdeb887},
             {"cadetblue", 0x5f9ea0},
             {"chartreuse", 0x7fff00},
             {"chocolate", 0xd2691e},
             {"coral", 0xff7f50},
             {"cornflowerblue", 0x6495ed},
             {"cornsilk", 0xfff8dc},
             {"crimson", 0xdc143c},
             {"cyan", 0x00ffff},
             {"darkblue", 0x00008b},
             {"darkcyan", 0x008b8b},
             {"darkgoldenrod", 0xb8860b},
             {"darkgray", 0xa9a9a9},
             {"darkgreen", 0x006400},
             {"darkgrey", 0xa9a9a9},
             {"darkkhaki", 0xbdb76b},
             {"darkmagenta", 0x8b008b},
             {"darkolivegreen", 0x556b2f},
             {"darkorange", 0xff8c00},
             {"darkorchid", 0x9932cc},
             {"darkred", 0x8b0000},
             {"darksalmon", 0xe9967a},
             {"darkseagreen", 0x8fbc8f},
             {"darkslateblue", 0x483d8b},
             {"darkslategray", 0x2f4f4f},
             {"darkslategrey", 0x2f4f4f},
             {"darkturquoise", 0x00ced1},
             {"darkviolet", 0x9400d3},
             {"deeppink", 0xff1493},
             {"deepskyblue", 0x00bfff},
             {"dimgray", 0x696969},
             {"dimgrey", 0x696969},
             {"dodgerblue", 0x1e90ff},
             {"firebrick", 0xb22222},
             {"floralwhite", 0xfffaf0},
             {"forestgreen", 0x228b22},
             {"fuchsia", 0xff00ff},
             {"gainsboro", 0xdcdcdc},
             {"ghostwhite", 0xf8f8ff},
             {"gold", 0xffd700},
             {"goldenrod", 0xdaa520},
             {"gray", 0x808080},
             {"green", 0x008000},
             {"greenyellow", 0xadff2f},
             {"grey", 0x808080},
             {"honeydew", 0xf0fff0},
             {"hotpink", 0xff69b4},
             {"indianred", 0xcd5c5c},
             {"indigo", 0x4b0082},
             {"ivory", 0xfffff0},
             {"khaki", 0xf0e68c},
             {"lavender", 0xe6e6fa},
             {"lavenderblush", 0xfff0f5},
             {"lawngreen", 0x7cfc00},
             {"lemonchiffon", 0xfffacd},
             {"lightblue", 0xadd8e6},
             {"lightcoral", 0xf08080},
             {"lightcyan", 0xe0ffff},
             {"lightgoldenrodyellow", 0xfafad2},
             {"lightgray", 0xd3d3d3},
             {"lightgreen", 0x90ee90},
             {"lightgrey", 0xd3d3d3},
             {"lightpink", 0xffb6c1},
             {"lightsalmon", 0xffa07a},
             {"lightseagreen", 0x20b2aa},
             {"lightskyblue", 0x87cefa},
             {"lightslategray", 0x778899},
             {"lightslategrey", 0x778899},
             {"lightsteelblue", 0xb0c4de},
             {"lightyellow", 0xffffe0},
             {"lime", 0x00ff00},
             {"limegreen", 0x32cd32},
             {"linen", 0xfaf0e6},
             {"magenta", 0xff00ff},
             {"maroon", 0x800000},
             {"mediumaquamarine", 0x66cdaa},
             {"mediumblue", 0x0000cd},
             {"mediumorchid", 0xba55d3},
             {"mediumpurple", 0x9370db},
             {"mediumseagreen", 0x3cb371},
             {"mediumslateblue", 0x7b68ee},
             {"mediumspringgreen", 0x00fa9a},
             {"mediumturquoise", 0x48d1cc},
             {"mediumvioletred", 0xc71585},
             {"midnightblue", 0x191970},
             {"mintcream", 0xf5fffa},
             {"mistyrose", 0xffe4e1},
             {"moccasin", 0xffe4b5},
             {"navajowhite", 0xffdead},
             {"navy", 0x000080},
             {"oldlace", 0xfdf5e6},
             {"olive", 0x808000},
             {"olivedrab", 0x6b8e23},
             {"orange", 0xffa500},
             {"orangered", 0xff4500},
             {"orchid", 0xda70d6},
             {"palegoldenrod", 0xeee8aa},
             {"palegreen", 0x98fb98},
             {"paleturquoise", 0xafeeee},
             {"palevioletred", 0xdb7093},
             {"papayawhip", 0xffefd5},
             {"peachpuff", 0xffdab9},
             {"peru", 0xcd853f},
             {"pink", 0xffc0cb},
             {"plum", 0xdda0dd},
             {"powderblue", 0xb0e0e6},
             {"purple", 0x800080},
             {"red", 0xff0000},
             {"rosybrown", 0xbc8f8f},
             {"royalblue", 0x4169e1},
             {"saddlebrown", 0x8b4513},
             {"salmon", 0xfa8072},
             {"sandybrown", 0xf4a460},
             {"seagreen", 0x2e8b57},
             {"seashell", 0xfff5ee},
             {"sienna", 0xa0522d},
             {"silver", 0xc0c0c0},
             {"skyblue", 0x87ceeb},
             {"slateblue", 0x6a5acd},
             {"slategray", 0x708090},
             {"slategrey", 0x708090},
             {"snow", 0xfffafa},
             {"springgreen", 0x00ff7f},
             {"steelblue", 0x4682b4},
             {"tan", 0xd2b48c},
             {"teal", 0x008080},
             {"thistle", 0xd8bfd8},
             {"tomato", 0xff6347},
             {"turquoise", 0x40e0d0},
             {"violet", 0xee82ee},
             {"wheat", 0xf5deb3},
             {"white", 0xffffff},
             {"whitesmoke", 0xf5f5f5},
             {"yellow", 0xffff00},
             {"yellowgreen", 0x9acd32}};

static uint32_t
find_name(struct span name)
{
    size_t low = 0, high = COUNT_OF(names);

    while (low < high) {
        size_t middle = (low + high) / 2;
        size_t len    = strlen(names[middle].name);
        int    order  = strncasecmp(name.data, names[middle].name, name.len);

        if (order == 0) /* where both have a NUL, too */
            order = name.len > len ? 1 : name.len < len ? -1 : 0;
        if (order == 0)
            return names[middle].color;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return HTML_COLOR_INVALID;
}

/* Digits that are too few or too many: of more than six the first six count, of four and five the first three, one and
 * two are filled up with zeros to three, and three are doubled. */
static uint32_t
hex_color(struct span text)
{
    uint32_t digits[6] = {0}, color = 0;
    size_t   count = 0;

    for (size_t i = 0; i < text.len && count < 6; i++) {
        int c = tolower((unsigned char)text.data[i]);

        if (isxdigit(c))
            digits[count++] = (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    if (count == 0)
        return HTML_COLOR_EMPTY;
    for (size_t i = 0; i < 6; i++)
        color = color << 4 | digits[count == 6 ? i : i / 2];
    return color;
}

/* Numbers from 0 to 255, or to 100 percent. What is more has more digits than it should. */
static uint32_t
function_color(struct span text)
{
    static struct regex_built_in patterns[] = {
        {"rgb\\((\\d+)%,\\s*(\\d+)%,\\s*(\\d+)%\\s*\\)", "i", NULL},
        {"rgb\\((\\d+),\\s*(\\d+),\\s*(\\d+)\\s*\\)", "i", NULL},
    };
    struct regex_found found;
    struct bytes       hex = {0};
    uint32_t           color;
    size_t             form = 0;

    while (form < 2 && !regex_find(regex_of(&patterns[form]), text, 0, &found))
        form++;
    if (form == 2)
        return text.data[0] == '#' ? hex_color(text) : HTML_COLOR_INVALID;
    for (size_t i = 1; i <= 3; i++) {
        unsigned long value = strtoul(regex_group(&found, i).data, NULL, 10);

        bytes_printf(&hex, "%02lx", form == 0 ? (unsigned long)((double)value / 100 * COMPONENT_MAX) : value);
    }
    color = hex_color(bytes_span(&hex));
    bytes_free(&hex);
    return color;
}

static bool
is_hex(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isxdigit((unsigned char)text.data[i]) && text.data[i] != '#')
            return false;
    return true;
}

uint32_t
html_color(struct span text)
{
    static struct regex_built_in function = {"rgb\\([\\d%, ]*\\)", "i", NULL};
    uint32_t                     color;

    text  = text_trim(text);
    color = text.len > 0 && text.len < NAME_OCTETS_MAX ? find_name(text) : HTML_COLOR_INVALID;
    if (color != HTML_COLOR_INVALID || text.len == 0)
        return color;
    if (is_hex(text))
        return text.data[0] == '#' ? hex_color(text) : HTML_COLOR_INVALID;
    return regex_matches(regex_of(&function), text) ? function_color(text) : HTML_COLOR_INVALID;
}

uint32_t
html_color_rgb(struct span text)
{
    uint32_t components[3] = {0};
    size_t   component     = 0;

    for (size_t i = 0; i < text.len && component < 3; i++) {
        uint32_t *value = &components[component];

        if (text.data[i] == ',')
            component++;
        else if (isdigit((unsigned char)text.data[i]))
            *value = *value > COMPONENT_MAX ? *value : *value * 10 + (uint32_t)(text.data[i] - '0');
    }
    for (size_t i = 0; i < 3; i++)
        components[i] = components[i] > COMPONENT_MAX ? COMPONENT_MAX : components[i];
    return components[0] << 16 | components[1] << 8 | components[2];
}

static double
difference(uint32_t one, uint32_t other, unsigned shift, double brightness)
{
    double by = brightness * ((double)(one >> shift & 0xff) - (double)(other >> shift & 0xff));

    return by * by;
}

bool
html_colors_contrast(uint32_t one, uint32_t other)
{
    enum { CONTRAST_MIN = 12 }; /* of 191, between black and white */

    if (one == other)
        return false;
    if (one > HTML_COLOR_MAX || other > HTML_COLOR_MAX)
        return true;
    return difference(one, other, 16, 0.2126) + difference(one, other, 8, 0.7152) + difference(one, other, 0, 0.0722) >=
           (double)(CONTRAST_MIN * CONTRAST_MIN);
}
