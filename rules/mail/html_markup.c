/* Each octet is looked at once. */
#include <string.h>

#include "rules/mail/html_markup.h"

static bool
is_name(char c)
{
    return isalnum((unsigned char)c) || memchr("_:.-", c, 4) != NULL;
}

size_t
html_skip_space(struct span text, size_t at)
{
    while (at < text.len && html_is_space(text.data[at]))
        at++;
    return at;
}

size_t
html_skip_word(struct span text, size_t at)
{
    while (at < text.len && !html_is_space(text.data[at]) && text.data[at] != '>')
        at++;
    return at;
}

size_t
html_find(struct span text, size_t at, struct span mark)
{
    const char *found = at < text.len ? memmem(text.data + at, text.len - at, mark.data, mark.len) : NULL;

    return found != NULL ? (size_t)(found - text.data) + mark.len : HTML_NO_END;
}

size_t
html_end_tag_end(struct span text, size_t at)
{
    char quote = '\0', before = ' ';

    for (; at < text.len; before = text.data[at++]) {
        char c = text.data[at];

        if (quote == '\0' && c == '>')
            return at + 1;
        if (c == quote)
            quote = '\0';
        else if (quote == '\0' && (c == '"' || c == '\'') && (before == ' ' || before == '='))
            quote = c;
    }
    return HTML_NO_END;
}

size_t
html_comment_end(struct span text)
{
    for (size_t at = html_find(text, 4, SPAN("--")); at != HTML_NO_END; at = html_find(text, at - 1, SPAN("--"))) {
        size_t behind = html_skip_space(text, at);

        if (html_octet(text, behind) == '>')
            return behind + 1;
    }
    return HTML_NO_END;
}

/* The end of a quoted string or a comment in a declaration; or of a word. HTML_NO_MARKUP: it makes it no declaration.
 */
static size_t
skip_in_declaration(struct span text, size_t at)
{
    if (text.data[at] == '"' || text.data[at] == '\'')
        return html_find(text, at + 1, span_head(span_tail(text, at), 1));
    if (text.data[at] != '-')
        return html_skip_word(text, at + 1);
    if (at + 1 == text.len)
        return HTML_NO_END;
    return text.data[at + 1] == '-' ? html_find(text, at + 2, SPAN("--")) : HTML_NO_MARKUP;
}

size_t
html_declaration_end(struct span text, size_t *passed)
{
    size_t at = 2;

    while (at < text.len && is_name(text.data[at]))
        at++;
    *passed = at;
    if (at == text.len)
        return HTML_NO_END;
    if (!span_equal_nocase((struct span){text.data + 2, at - 2}, SPAN("doctype")) &&
        !span_equal_nocase((struct span){text.data + 2, at - 2}, SPAN("entity")))
        return HTML_NO_MARKUP;
    for (at = html_skip_space(text, at); at < text.len && text.data[at] != '>'; at = html_skip_space(text, at)) {
        *passed = at;
        at      = skip_in_declaration(text, at);
        if (at == HTML_NO_MARKUP || at == HTML_NO_END)
            return at;
    }
    return at < text.len ? at + 1 : HTML_NO_END;
}

static enum html_section
section_called(struct span name)
{
    static const char *const names[] = {"", "include", "rcdata", "cdata", "ignore"};
    enum html_section        section = HTML_SECTION_IGNORE;

    while (section > HTML_NO_SECTION && !span_equal_nocase(name, span_of(names[section])))
        section--;
    return section;
}

size_t
html_section_start(struct span text, enum html_section *section)
{
    size_t at    = html_skip_space(text, 3);
    bool   named = false;

    *section = HTML_NO_SECTION;
    while (html_is_name_start(html_octet(text, at)) ||
           (html_octet(text, at) == '-' && html_octet(text, at + 1) == '-')) {
        size_t start = at;

        if (text.data[at] == '-') {
            at = html_find(text, at + 2, SPAN("--"));
        } else {
            enum html_section called;

            while (at < text.len && is_name(text.data[at]))
                at++;
            called   = section_called((struct span){text.data + start, at - start});
            *section = called > *section ? called : *section;
            named    = true;
        }
        at = at != HTML_NO_END ? html_skip_space(text, at) : HTML_NO_END;
        if (at >= text.len)
            return HTML_NO_END;
    }
    if (!named)
        *section = HTML_SECTION_INCLUDE;
    return html_octet(text, at) == '[' ? at + 1 : HTML_NO_MARKUP;
}
