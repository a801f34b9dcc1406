/*
 * What is at the front of the rest decides. A token that has no end in the source is looked at once more when all else
 * is read: a comment may then end at any >, and what still has none is a comment up to the end.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/mail/html_entity.h"
#include "rules/mail/html_markup.h"
#include "rules/mail/html_token.h"

/* Elements whose content is not HTML, up to their end tag. */
static const struct {
    const char *name;
    bool        entities;      /* are decoded there */
    bool        ended;         /* at the end of the source, if there was no tag; the content stays what it is */
    bool        reinterpreted; /* the content is HTML after all, if there was no end tag */
    bool        for_ever;      /* no tag ends it */
} literal_elements[] = {
    {.name = "script", .ended = true},
    {.name = "style", .ended = true},
    {.name = "xmp"},
    {.name = "iframe"},
    {.name = "plaintext", .for_ever = true},
    {.name = "title", .entities = true, .reinterpreted = true},
    {.name = "textarea", .entities = true},
};

/* Quotes in a declaration hide what ends it as a comment, and the next begins there: all of that is looked at again. */
enum { IN_VAIN_MAX = 4 * 1024 * 1024 };

enum { LITERAL_ELEMENTS = COUNT_OF(literal_elements) };

static enum html_section
section_of(const struct html_reader *reader)
{
    return reader->sections.len > 0 ? (enum html_section)reader->sections.data[reader->sections.len - 1]
                                    : HTML_NO_SECTION;
}

/* Takes `len` octets off the front, for a token. */
static void
take_token(struct html_reader *reader, size_t len, enum html_token_kind kind, struct html_token *token)
{
    *token         = (struct html_token){.kind = kind, .text = span_head(reader->rest, len)};
    reader->rest   = span_tail(reader->rest, len);
    token->literal = kind == HTML_TEXT && reader->verbatim;
}

static void
set_name(struct html_reader *reader, struct span name, struct html_token *token)
{
    bytes_clear(&reader->name);
    bytes_add(&reader->name, name);
    for (size_t i = 0; i < reader->name.len; i++)
        reader->name.data[i] = (char)tolower((unsigned char)reader->name.data[i]);
    token->name = bytes_span(&reader->name);
}

/* Adds an attribute's name and value; returns where it ends, behind white space. */
static size_t
read_attribute(struct html_reader *reader, size_t at, size_t count)
{
    struct span           text = reader->rest;
    struct html_attribute attribute;
    size_t                start = at++;

    while (at < text.len && !html_is_space(text.data[at]) && text.data[at] != '>' && text.data[at] != '=')
        at++;
    attribute.name = attribute.value = (struct span){text.data + start, at - start};
    at                               = html_skip_space(text, at);
    if (html_octet(text, at) == '=') {
        bool quoted;

        start  = html_skip_space(text, at + 1);
        quoted = html_octet(text, start) == '"' || html_octet(text, start) == '\'';
        at = quoted ? html_find(text, start + 1, span_head(span_tail(text, start), 1)) : html_skip_word(text, start);
        if (at == HTML_NO_END)
            return HTML_NO_END;
        attribute.value = (struct span){text.data + start + quoted, at - start - (quoted ? 2 : 0)};
        at              = html_skip_space(text, at);
    }
    if (count == reader->attribute_capacity) {
        reader->attribute_capacity = count > 0 ? count * 2 : 16;
        reader->attributes =
            memory_resize_array(reader->attributes, reader->attribute_capacity, sizeof(reader->attributes[0]));
    }
    reader->attributes[count] = attribute;
    return at;
}

static void
enter_element(struct html_reader *reader, struct span name)
{
    for (size_t i = 0; i < LITERAL_ELEMENTS; i++)
        if (span_equal(name, span_of(literal_elements[i].name))) {
            reader->literal  = i + 1;
            reader->verbatim = !literal_elements[i].entities;
        }
}

static size_t
read_start(struct html_reader *reader, struct html_token *token)
{
    struct span text  = reader->rest, name;
    size_t      count = 0, at = html_skip_word(text, 2);

    name = (struct span){text.data + 1, at - 1};
    at   = html_skip_space(text, at);
    while (at < text.len && text.data[at] != '>') {
        at = read_attribute(reader, at, count);
        if (at == HTML_NO_END)
            return HTML_NO_END;
        count++;
    }
    if (at >= text.len)
        return HTML_NO_END;
    take_token(reader, at + 1, HTML_START, token);
    set_name(reader, name, token);
    token->attributes      = reader->attributes;
    token->attribute_count = count;
    enter_element(reader, token->name);
    return at + 1;
}

static size_t
read_end(struct html_reader *reader, struct html_token *token)
{
    struct span text = reader->rest;
    size_t      name = html_skip_word(text, 2), at = html_end_tag_end(text, name);
    bool        named = name > 2;

    if (at == HTML_NO_END)
        return HTML_NO_END;
    take_token(reader, at, named ? HTML_END : HTML_COMMENT, token);
    if (named)
        set_name(reader, (struct span){text.data + 2, name - 2}, token);
    return at;
}

static size_t
enter_section(struct html_reader *reader)
{
    enum html_section section;
    size_t            len = html_section_start(reader->rest, &section);

    if (len == HTML_NO_END || len == HTML_NO_MARKUP)
        return len;
    bytes_add_char(&reader->sections, (char)(section > section_of(reader) ? section : section_of(reader)));
    reader->verbatim = section_of(reader) == HTML_SECTION_CDATA;
    reader->rest     = span_tail(reader->rest, len);
    return len;
}

/* What begins with "<!" and is no marked section. */
static size_t
read_declaration(struct html_reader *reader, struct html_token *token)
{
    struct span          text = reader->rest;
    enum html_token_kind kind = HTML_COMMENT;
    size_t               len  = HTML_NO_MARKUP, passed;

    if (html_octet(text, 2) == '-' && text.len == 3)
        return HTML_NO_END;
    if (html_octet(text, 2) == '-' && html_octet(text, 3) == '-') {
        len = reader->lenient ? html_find(text, 4, SPAN(">")) : html_comment_end(text);
    } else if (isalpha((unsigned char)html_octet(text, 2)) && reader->in_vain < IN_VAIN_MAX) {
        len  = html_declaration_end(text, &passed);
        kind = len != HTML_NO_MARKUP ? HTML_DECLARATION : HTML_COMMENT;
        reader->in_vain += len == HTML_NO_MARKUP ? passed : 0;
    }
    if (len == HTML_NO_MARKUP)
        len = html_find(text, 2, SPAN(">"));
    if (len != HTML_NO_END)
        take_token(reader, len, kind, token);
    return len;
}

/* The result of a step through the source. */
enum step { STEP_TOKEN, STEP_ON, STEP_STUCK };

/* "<...": a token; or nothing that rules see, and it is gone; or no markup but text, when `*text` is set. */
static enum step
step_markup(struct html_reader *reader, struct html_token *token, bool *text)
{
    char   second = html_octet(reader->rest, 1);
    size_t len    = HTML_NO_MARKUP;

    if (reader->rest.len < 3)
        return STEP_STUCK;
    if (html_is_name_start(second)) {
        len = read_start(reader, token);
    } else if (second == '/') {
        len = read_end(reader, token);
    } else if (second == '!') {
        len = html_octet(reader->rest, 2) == '[' ? enter_section(reader) : HTML_NO_MARKUP;
        if (len != HTML_NO_MARKUP)
            return len == HTML_NO_END ? STEP_STUCK : STEP_ON;
        len = read_declaration(reader, token);
    } else if (second == '?') {
        len = html_find(reader->rest, 2, SPAN(">"));
        if (len != HTML_NO_END)
            reader->rest = span_tail(reader->rest, len);
        return len == HTML_NO_END ? STEP_STUCK : STEP_ON;
    }
    *text = len == HTML_NO_MARKUP;
    return len == HTML_NO_END ? STEP_STUCK : STEP_TOKEN;
}

static void
leave_section(struct html_reader *reader)
{
    reader->rest = span_tail(reader->rest, 3);
    reader->sections.len--;
    reader->verbatim = section_of(reader) == HTML_SECTION_CDATA;
}

/* Text that goes up to the end of the source: its last word is a text of its own. */
static enum step
step_last_text(struct html_reader *reader, struct html_token *token)
{
    struct span text = reader->rest;
    size_t      len  = text.len;

    while (!html_is_space(text.data[text.len - 1]) && len > 0 && !html_is_space(text.data[len - 1]))
        len--;
    while (len > 0 && html_is_space(text.data[len - 1]))
        len--;
    if (len == 0)
        return STEP_STUCK;
    take_token(reader, len, HTML_TEXT, token);
    return STEP_TOKEN;
}

/* Text up to the next tag; in a marked section, or up to its end. */
static enum step
step_text(struct html_reader *reader, size_t from, struct html_token *token)
{
    struct span text  = reader->rest;
    const char *tag   = from < text.len ? memchr(text.data + from, '<', text.len - from) : NULL;
    size_t      len   = tag != NULL ? (size_t)(tag - text.data) : text.len;
    const char *close = NULL;

    if (section_of(reader) != HTML_NO_SECTION)
        close = memmem(text.data + from, len - from, "]]>", 3);
    if (close != NULL) {
        take_token(reader, (size_t)(close - text.data), HTML_TEXT, token);
        leave_section(reader);
        return STEP_TOKEN;
    }
    if (tag == NULL)
        return step_last_text(reader, token);
    take_token(reader, len, HTML_TEXT, token);
    return STEP_TOKEN;
}

/* Inside of <![CDATA[ and <![RCDATA[, where nothing but their end is markup. */
static enum step
step_section(struct html_reader *reader, struct html_token *token)
{
    size_t end = html_find(reader->rest, 0, SPAN("]]>"));

    if (end == HTML_NO_END)
        return STEP_STUCK;
    take_token(reader, end - 3, HTML_TEXT, token);
    leave_section(reader);
    return token->text.len > 0 ? STEP_TOKEN : STEP_ON;
}

/* Where the end tag of the literal element is, and its length; HTML_NO_END: there is none. */
static size_t
find_literal_end(const struct html_reader *reader, size_t *len)
{
    struct span tag = span_of(literal_elements[reader->literal - 1].name);

    if (literal_elements[reader->literal - 1].for_ever || (reader->endless >> reader->literal & 1) != 0)
        return HTML_NO_END;
    for (size_t at = html_find(reader->rest, 0, SPAN("</")); at != HTML_NO_END;
         at        = html_find(reader->rest, at, SPAN("</"))) {
        size_t behind = at + tag.len;

        if (!span_starts_nocase(span_tail(reader->rest, at), tag))
            continue;
        behind = html_skip_space(reader->rest, behind);
        *len   = behind + 1 - (at - 2);
        if (html_octet(reader->rest, behind) == '>')
            return at - 2;
    }
    return HTML_NO_END;
}

/* Inside of <script> and its like: the text up to the end tag, then that. */
static enum step
step_literal(struct html_reader *reader, struct html_token *token)
{
    size_t len = 0, end = find_literal_end(reader, &len);

    if (end == HTML_NO_END) {
        reader->endless |= 1U << reader->literal;
        return STEP_STUCK;
    }
    if (end > 0) {
        take_token(reader, end, HTML_TEXT, token);
        return STEP_TOKEN;
    }
    take_token(reader, len, HTML_END, token);
    set_name(reader, span_of(literal_elements[reader->literal - 1].name), token);
    reader->literal  = 0;
    reader->verbatim = false;
    return STEP_TOKEN;
}

static enum step
step(struct html_reader *reader, struct html_token *token)
{
    enum html_section section = section_of(reader);
    bool              text    = false;
    enum step         result;

    if (reader->rest.len == 0)
        return STEP_STUCK;
    if (reader->literal > 0)
        return step_literal(reader, token);
    if (section == HTML_SECTION_CDATA || section == HTML_SECTION_RCDATA)
        return step_section(reader, token);
    if (reader->rest.data[0] != '<')
        return step_text(reader, 0, token);
    result = step_markup(reader, token, &text);
    return text ? step_text(reader, 1, token) : result;
}

/*
 * An element whose end is made up: behind the text, if more could have come. If not it is empty; what follows is HTML,
 * but for entities, as HTML::Parser has it.
 */
static void
end_element(struct html_reader *reader, struct html_token *token)
{
    const char *name = literal_elements[reader->literal - 1].name;

    if (!reader->at_end && reader->rest.len > 0) {
        take_token(reader, reader->rest.len, HTML_TEXT, token);
        return;
    }
    reader->literal = 0;
    reader->verbatim &= reader->at_end;
    take_token(reader, 0, HTML_END, token);
    set_name(reader, span_of(name), token);
}

/* Goes on where no step can be made; false at the end. `*done`: a token was made. */
static bool
go_on(struct html_reader *reader, struct html_token *token, bool *done)
{
    char second = html_octet(reader->rest, 1);

    *done = true;
    if (reader->literal > 0 && literal_elements[reader->literal - 1].ended) {
        end_element(reader, token);
        return true;
    }
    reader->at_end = true;
    if (reader->rest.len == 0)
        return false;
    if (reader->literal > 0 && literal_elements[reader->literal - 1].reinterpreted) {
        reader->unended = literal_elements[reader->literal - 1].name;
        reader->literal = 0;
        *done           = false;
    } else if (reader->literal > 0 || reader->rest.data[0] != '<') {
        take_token(reader, reader->rest.len, HTML_TEXT, token);
    } else if (!reader->lenient) {
        reader->lenient = true;
        *done           = false;
    } else {
        bool comment = reader->rest.len == 1 || html_is_name_start(second) || memchr("/!?", second, 3) != NULL;

        take_token(reader, reader->rest.len, comment ? HTML_COMMENT : HTML_TEXT, token);
    }
    return true;
}

/* The next token, but for the end of elements that were not ended. */
static bool
read_next(struct html_reader *reader, struct html_token *token)
{
    for (;;) {
        bool      ignored = section_of(reader) == HTML_SECTION_IGNORE;
        enum step result  = step(reader, token);
        bool      done    = result == STEP_TOKEN;

        if (result == STEP_STUCK && !go_on(reader, token, &done))
            return false;
        reader->end_due |= result == STEP_ON;
        if (done && !ignored)
            return true;
    }
}

bool
html_read(struct html_reader *reader, struct html_token *token)
{
    size_t sections = reader->sections.len;
    bool   any      = reader->any_behind || read_next(reader, token);

    if (reader->any_behind)
        *token = reader->behind;
    reader->any_behind = false;
    if (any && !reader->end_due && (token->kind == HTML_TEXT || token->kind == HTML_COMMENT)) {
        reader->end_due = reader->sections.len < sections;
        return true;
    }
    reader->end_due = false;
    if (reader->unended == NULL)
        return any;
    reader->any_behind = any;
    if (any)
        reader->behind = *token;
    *token          = (struct html_token){.kind = HTML_END, .name = span_of(reader->unended)};
    reader->unended = NULL;
    return true;
}

void
html_reader_free(struct html_reader *reader)
{
    bytes_free(&reader->sections);
    bytes_free(&reader->name);
    free(reader->attributes);
    *reader = (struct html_reader){0};
}

bool
html_attribute(const struct html_token *token, const char *name, struct bytes *value)
{
    bytes_clear(value);
    for (size_t i = 0; i < token->attribute_count; i++) {
        if (!span_equal_nocase(token->attributes[i].name, span_of(name)))
            continue;
        (void)html_decode_entities(token->attributes[i].value, false, value);
        return true;
    }
    return false;
}
