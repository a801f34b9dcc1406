/* Cuts as Perl's HTML::Parser does, which SpamAssassin's rules are written for: a tag that never ends swallows the
 * rest. */
#include <ctype.h>
#include <libxml/HTMLparser.h>

#include "rules/mail/charset.h"
#include "rules/mail/html_token.h"

enum { ENTITY_NAME_MAX = 8 };

/* Elements whose content is not HTML, up to their end tag; are entities decoded there? */
static const struct {
    const char *name;
    bool        entities;
} literal_elements[] = {
    {"script", false},    {"style", false}, {"xmp", false},     {"iframe", false},
    {"plaintext", false}, {"title", true},  {"textarea", true},
};

enum { LITERAL_ELEMENTS = sizeof literal_elements / sizeof literal_elements[0] };

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t
skip_space(struct span text, size_t at)
{
    while (at < text.len && is_space(text.data[at]))
        at++;
    return at;
}

/* Where `mark` ends in `text`, searched from `at`; 0 if it is not there. */
static size_t
find_end(struct span text, size_t at, struct span mark)
{
    const char *found = at < text.len ? memmem(text.data + at, text.len - at, mark.data, mark.len) : NULL;

    return found != NULL ? (size_t)(found - text.data) + mark.len : 0;
}

/* A tag's name; "<br/>" is "br". Returns where it ends. */
static size_t
read_name(struct span text, size_t at, char name[HTML_NAME_MAX + 1])
{
    size_t start = at, len;

    while (at < text.len && !is_space(text.data[at]) && text.data[at] != '>')
        at++;
    len = at - start;
    len -= len > 1 && at < text.len && text.data[at] == '>' && text.data[at - 1] == '/';
    name[0] = '\0';
    if (len <= HTML_NAME_MAX) {
        for (size_t i = 0; i < len; i++)
            name[i] = (char)tolower((unsigned char)text.data[start + i]);
        name[len] = '\0';
    }
    return at;
}

/* The value behind an = sign. Returns what follows it; 0 if a quote is not closed. */
static size_t
read_value(struct span text, size_t at, struct span *value)
{
    size_t start = at;

    if (at < text.len && (text.data[at] == '"' || text.data[at] == '\'')) {
        at = find_end(text, at + 1, (struct span){text.data + at, 1});
        if (at > 0)
            *value = (struct span){text.data + start + 1, at - start - 2};
        return at;
    }
    while (at < text.len && !is_space(text.data[at]) && text.data[at] != '>')
        at++;
    *value = (struct span){text.data + start, at - start};
    return at;
}

static size_t
read_attribute(struct span text, size_t at, struct html_attribute *attribute)
{
    size_t start = at, behind;

    while (at < text.len && !is_space(text.data[at]) && text.data[at] != '>' && (text.data[at] != '=' || at == start))
        at++;
    *attribute = (struct html_attribute){.name = {text.data + start, at - start}};
    behind     = skip_space(text, at);
    if (behind < text.len && text.data[behind] == '=')
        return read_value(text, skip_space(text, behind + 1), &attribute->value);
    return at;
}

/* A start or end tag, attributes and all. Returns its length; 0 if it does not end. */
static size_t
read_tag(struct span text, struct html_token *token)
{
    size_t at = text.data[1] == '/' ? 2 : 1;

    token->kind            = at == 2 ? HTML_END : HTML_START;
    token->attribute_count = 0;
    at                     = skip_space(text, read_name(text, at, token->name));
    while (at > 0 && at < text.len && text.data[at] != '>') {
        struct html_attribute attribute;

        at = read_attribute(text, at, &attribute);
        if (at > 0)
            at = skip_space(text, at);
        if (token->attribute_count < HTML_ATTRIBUTES_MAX)
            token->attributes[token->attribute_count++] = attribute;
    }
    return at > 0 && at < text.len ? at + 1 : 0;
}

/* Where a comment ends, its "-->", which may have white space before the ">"; 0: there is no end. */
static size_t
find_comment_end(struct span text)
{
    size_t at = find_end(text, 4, SPAN("--"));

    while (at > 0) {
        size_t behind = skip_space(text, at);

        if (behind < text.len && text.data[behind] == '>')
            return behind + 1;
        at = find_end(text, at - 1, SPAN("--"));
    }
    return 0;
}

static size_t
read_comment(struct html_reader *reader)
{
    size_t len = reader->comments_end_no_more ? 0 : find_comment_end(reader->rest);

    reader->comments_end_no_more = len == 0;
    return len > 0 ? len : find_end(reader->rest, 4, SPAN(">"));
}

/* A comment, declaration, marked section or processing instruction. Returns its length; 0 if it does not end. */
static size_t
read_ignored(struct html_reader *reader, struct html_token *token)
{
    struct span text = reader->rest;

    token->kind = HTML_IGNORED;
    if (text.len >= 4 && memcmp(text.data, "<!--", 4) == 0)
        return read_comment(reader);
    if (text.len >= 9 && memcmp(text.data, "<![CDATA[", 9) == 0) {
        size_t len = find_end(text, 9, SPAN("]]>"));

        token->kind    = HTML_TEXT;
        token->literal = true;
        token->text    = (struct span){text.data + 9, len > 0 ? len - 12 : 0};
        return len;
    }
    return find_end(text, 2, SPAN(">"));
}

/* What stands at a `<`: its length, all there is if it has no end; 0 if it is no more than a character. */
static size_t
read_markup(struct html_reader *reader, struct html_token *token)
{
    struct span text   = reader->rest;
    char        second = text.len > 1 ? text.data[1] : '\0';
    char        third  = text.len > 2 ? text.data[2] : '\0';
    size_t      len;

    if (isalpha((unsigned char)second) || (second == '/' && isalpha((unsigned char)third)))
        len = read_tag(text, token);
    else if (second == '!' || second == '?' || second == '/')
        len = read_ignored(reader, token);
    else
        return 0;
    if (len > 0)
        return len;
    token->kind = HTML_IGNORED;
    return text.len;
}

/* Where `text` holds the end tag of `name`, or its length. */
static size_t
find_literal_end(struct span text, const char *name)
{
    struct span tag = span_of(name);
    size_t      at  = 0;

    while (at < text.len) {
        const char *start = memmem(text.data + at, text.len - at, "</", 2);

        if (start == NULL)
            break;
        at = (size_t)(start - text.data);
        if (span_starts_nocase(span_tail(text, at + 2), tag)) {
            size_t behind = skip_space(text, at + 2 + tag.len);

            if (behind == text.len || text.data[behind] == '>')
                return at;
        }
        at += 2;
    }
    return text.len;
}

static void
make_text(struct html_reader *reader, size_t len, bool literal, struct html_token *token)
{
    token->kind    = HTML_TEXT;
    token->literal = literal;
    token->text    = span_head(reader->rest, len);
    reader->rest   = span_tail(reader->rest, len);
}

static bool
read_literal(struct html_reader *reader, struct html_token *token)
{
    size_t len     = find_literal_end(reader->rest, reader->literal_until);
    bool   literal = true;

    for (size_t i = 0; i < LITERAL_ELEMENTS; i++)
        if (strcmp(reader->literal_until, literal_elements[i].name) == 0)
            literal = !literal_elements[i].entities;
    reader->literal_until = NULL;
    make_text(reader, len, literal, token);
    return len > 0;
}

static void
enter_element(struct html_reader *reader, const struct html_token *token)
{
    for (size_t i = 0; i < LITERAL_ELEMENTS; i++)
        if (strcmp(token->name, literal_elements[i].name) == 0)
            reader->literal_until = literal_elements[i].name;
}

bool
html_read(struct html_reader *reader, struct html_token *token)
{
    const char *next;
    size_t      len;

    if (reader->literal_until != NULL && reader->rest.len > 0 && read_literal(reader, token))
        return true;
    if (reader->rest.len == 0)
        return false;
    len = reader->rest.data[0] == '<' ? read_markup(reader, token) : 0;
    if (len > 0) {
        reader->rest = span_tail(reader->rest, len);
        if (token->kind == HTML_START)
            enter_element(reader, token);
        return true;
    }
    next = memchr(reader->rest.data + 1, '<', reader->rest.len - 1);
    make_text(reader, next != NULL ? (size_t)(next - reader->rest.data) : reader->rest.len, false, token);
    return true;
}

/* "&#65;", "&#x41;": what follows the "&#" up to and with the semicolon, if there is one. Returns its length, 0: it is
 * none. */
static size_t
read_number(struct span text, unsigned long *character)
{
    bool   hexadecimal = text.len > 0 && (text.data[0] == 'x' || text.data[0] == 'X');
    size_t start = hexadecimal, at = start;

    *character = 0;
    for (; at < text.len &&
           (hexadecimal ? isxdigit((unsigned char)text.data[at]) : isdigit((unsigned char)text.data[at]));
         at++) {
        int c = tolower((unsigned char)text.data[at]);

        if (*character <= 0x10ffff)
            *character = *character * (hexadecimal ? 16 : 10) + (unsigned long)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    if (at == start)
        return 0;
    return at + (at < text.len && text.data[at] == ';');
}

static size_t
read_entity_name(struct span text, unsigned long *character)
{
    char                  name[ENTITY_NAME_MAX + 1];
    size_t                len = 0;
    const htmlEntityDesc *entity;

    while (len < text.len && len < ENTITY_NAME_MAX && isalnum((unsigned char)text.data[len])) {
        name[len] = text.data[len];
        len++;
    }
    name[len] = '\0';
    entity    = len > 1 ? htmlEntityLookup((const xmlChar *)name) : NULL;
    if (entity == NULL)
        return 0;
    *character = entity->value;
    return len + (len < text.len && text.data[len] == ';');
}

void
html_decode_entities(struct span text, struct bytes *utf8)
{
    while (text.len > 0) {
        const char   *ampersand = memchr(text.data, '&', text.len);
        size_t        plain     = ampersand != NULL ? (size_t)(ampersand - text.data) : text.len, len;
        unsigned long character = 0;
        bool          number;

        bytes_add(utf8, span_head(text, plain));
        text = span_tail(text, plain);
        if (text.len == 0)
            break;
        number = text.len > 1 && text.data[1] == '#';
        len = number ? read_number(span_tail(text, 2), &character) : read_entity_name(span_tail(text, 1), &character);
        if (len == 0)
            bytes_add_char(utf8, '&');
        else
            charset_add_character(utf8, character);
        text = span_tail(text, len > 0 ? len + 1 + number : 1);
    }
}

bool
html_attribute(const struct html_token *token, const char *name, struct bytes *value)
{
    for (size_t i = 0; i < token->attribute_count; i++) {
        if (!span_equal_nocase(token->attributes[i].name, span_of(name)))
            continue;
        html_decode_entities(token->attributes[i].value, value);
        return true;
    }
    return false;
}
