/* The text of HTML while it is put together, and the tags that stand inside of words in it. */
#ifndef RULES_MAIL_HTML_TEXT_H
#define RULES_MAIL_HTML_TEXT_H

#include <stdint.h>

#include <stdbool.h>

#include "base/bytes.h"

/* Starts as {.out = where it goes}. */
struct html_text {
    struct bytes *out;
    size_t        last; /* where in `out` the last piece starts */
    bool          any;  /* is there a piece? */
    bool          last_space, last_invisible, last_wide;
    bool          wide;        /* was any piece? */
    size_t        obfuscation; /* pieces that part words */
    uint64_t      backhair;    /* the lengths of the parts of those: bits */
};

/* Adds what an element looks like; white space in front of it goes. */
void html_text_add_space(struct html_text *, const char *space);

/*
 * Adds what stands between two tags: runs of ASCII white space become a space, one behind what an element made goes,
 * unless it is invisible. `wide`: it holds what is not Latin-1, or is of a source that is not ASCII; white space beyond
 * ASCII is none otherwise.
 */
void html_text_add(struct html_text *, struct span piece, bool wide, bool invisible);

/* Characters in UTF-8, and how many of them are white space. */
size_t html_text_count(struct span utf8);
size_t html_text_spaces(struct span utf8, bool wide);

#endif
