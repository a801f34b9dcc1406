/* HTML as its reader sees it: the text for body rules, the addresses it links to, and what is odd about it. */
#ifndef RULES_MAIL_HTML_H
#define RULES_MAIL_HTML_H

#include "base/bytes.h"
#include "rules/mail/html_element.h"
#include "rules/mail/uri.h"

enum { HTML_LINKS_MAX = 1024 * 1024 }; /* octets of addresses: with a long base few octets make many */

/* What rules ask for by name. A number that is not known is NAN. */
enum html_number {
    HTML_IS_HTML,            /* "html": 1 */
    HTML_BACKHAIR_COUNT,     /* "backhair_count": ways in which tags part words */
    HTML_BAD_TAG_RATIO,      /* "bad_tag_ratio": of all tags, those of elements that nobody knows */
    HTML_CLOSED_EXTRA_RATIO, /* "closed_extra_ratio": of all tags, ends of elements that were not open */
    HTML_EMBEDS,             /* "embeds": 1 if there is an <object> or <embed> */
    HTML_FONT_FACE_BAD,      /* "font_face_bad": 1 */
    HTML_FONT_INVALID_COLOR, /* "font_invalid_color": 1 */
    HTML_FONT_LOW_CONTRAST,  /* "font_low_contrast": 1 */
    HTML_FORM_ACTION_MAILTO, /* "form_action_mailto": 1 */
    HTML_HTML_LENGTH,        /* "html_length": characters of the rendered text */
    HTML_IMAGE_AREA,         /* "image_area": pixels, of images that say how big they are */
    HTML_LENGTH,             /* "length": characters of the source */
    HTML_MAX_SIZE,           /* "max_size": of fonts, 3 is normal */
    HTML_MIN_SIZE,           /* "min_size" */
    HTML_NON_ELEMENT_RATIO,  /* "non_element_ratio": of the elements, those that nobody knows */
    HTML_NON_SPACE_LEN,      /* "non_space_len": characters of the rendered text that are no white space */
    HTML_OBFUSCATION_RATIO,  /* "obfuscation_ratio": tags inside of words, of all */
    HTML_RATIO,              /* "ratio": of the source's octets, those that do not show as a character */
    HTML_URI_TRUNCATED,      /* "uri_truncated": 1 if an address was too long and was cut */
    HTML_NUMBERS
};

enum html_list {
    HTML_ANCHORS,  /* "anchor": the texts of <a>; an image in it is "<img>" and a line end */
    HTML_COMMENTS, /* "comment" */
    HTML_SCRIPTS,  /* "script" */
    HTML_TITLES,   /* "title" */
    HTML_LISTS
};

/* How many elements of a name are open at the end. */
struct html_inside {
    struct span name; /* in lower case */
    size_t      open;
};

/* What is known of a part. Lives in the arena that it was rendered into. */
struct html_facts {
    double                    numbers[HTML_NUMBERS];
    const struct span        *lists[HTML_LISTS];
    size_t                    list_counts[HTML_LISTS];
    const struct html_inside *insides; /* each element there is, by name */
    size_t                    inside_count;
    const struct uri_place   *links;
    size_t                    link_count;
};

/* By what rules call it; HTML_NUMBERS, HTML_LISTS: there is none. */
enum html_number html_number_called(struct span name);
enum html_list   html_list_called(struct span name);

/* How many elements called `name` are open at the end; NAN: there is none. */
double html_inside(const struct html_facts *, struct span name);

/*
 * Appends the text of `source` (UTF-8) as UTF-8: entities decoded, scripts and styles left out, white space where an
 * element makes some ("\n" for a line, "\n\n" for a paragraph). What is known of it, what it links to among that, is
 * returned and lives in the arena. Relative links are made absolute where there is a base. `octets` is how long the
 * source was in the character set it came in.
 */
const struct html_facts *html_render(struct span source, size_t octets, struct arena *, struct bytes *text);

/*
 * The same in turns (base/budget.h): begin, then go on until that is true, which it is not where the turn has had its
 * slice, then end, in any case and before the arena is freed. All that is given outlives it.
 */
struct html_rendering   *html_render_begin(struct span source, size_t octets, struct arena *, struct bytes *text);
bool                     html_render_go_on(struct html_rendering *);
const struct html_facts *html_render_end(struct html_rendering *);

#endif
