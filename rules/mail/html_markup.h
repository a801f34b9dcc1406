/*
 * Where a piece of HTML's markup ends, seen from its `<`. Pure, and as Perl's HTML::Parser has it. Each returns what
 * follows the end, HTML_NO_END if the text ends first, and HTML_NO_MARKUP if it is no such thing.
 */
#ifndef RULES_MAIL_HTML_MARKUP_H
#define RULES_MAIL_HTML_MARKUP_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define HTML_NO_MARKUP ((size_t)0)
#define HTML_NO_END SIZE_MAX

/* What a marked section, "<![CDATA[", makes of its content; the last wins where several are in each other. */
enum html_section {
    HTML_NO_SECTION,
    HTML_SECTION_INCLUDE,
    HTML_SECTION_RCDATA,
    HTML_SECTION_CDATA,
    HTML_SECTION_IGNORE
};

static inline bool
html_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
html_is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || c == ':';
}

/* The octet at `at`, '\0' behind the end. */
static inline char
html_octet(struct span text, size_t at)
{
    return at < text.len ? text.data[at] : '\0';
}

/* Where the white space at `at` ends, and where a word does: at white space or >. */
size_t html_skip_space(struct span text, size_t at);
size_t html_skip_word(struct span text, size_t at);

/* `mark`, searched from `at`. */
size_t html_find(struct span text, size_t at, struct span mark);

/* An end tag, whose name ends at `at`: a > between quotes that follow a space or an equals sign does not end it. */
size_t html_end_tag_end(struct span text, size_t at);

/* "<!-- -->": its "-->" may have white space before the ">". */
size_t html_comment_end(struct span text);

/* "<!DOCTYPE html>". `*passed`: how many octets were looked at. */
size_t html_declaration_end(struct span text, size_t *passed);

/* The start of a marked section. */
size_t html_section_start(struct span text, enum html_section *);

#endif
