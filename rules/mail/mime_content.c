/* Its parameters by pattern, wherever they stand: mail programs, and those who fool them, do not keep to the grammar.
 */
#include <ctype.h>

#include "base/bytes.h"
#include "base/count.h"
#include "base/text.h"
#include "rules/mail/mime_content.h"
#include "rules/regex/regex.h"

enum { PIECES_MAX = 100 }; /* of a name that is cut in pieces */

static struct regex_built_in boundary_pattern = {"\\bboundary\\s*=\\s*(\"[^\"]+|[^\\s\";]+(?=[\\s;]|$))", "i", NULL};
static struct regex_built_in charset_pattern  = {"\\bcharset\\s*=\\s*[\"']?(.*?)[\"']?(?:;|$)", "i", NULL};
static struct regex_built_in name_pattern     = {"\\b(?:file)?name\\s*=\\s*[\"']?(.*?)[\"']?(?:;|$)", "i", NULL};
static struct regex_built_in piece_pattern    = {"\\b(?:file)?name\\*(\\d{1,2})\\s*=\\s*[\"']?(.*?)[\"']?(?:;|$)", "i",
                                                 NULL};

/* Does the word, in lower case, stand in it? */
static bool
mentions(struct span text, struct span word)
{
    for (; text.len >= word.len; text = span_tail(text, 1))
        if ((text.data[0] | 0x20) == word.data[0] && span_starts_nocase(text, word))
            return true;
    return false;
}

/* What a pattern captures that has this word in it. */
static struct span
capture(struct regex_built_in *pattern, struct span word, struct span text)
{
    struct regex_found found;

    if (!mentions(text, word))
        return (struct span){0};
    return regex_find(regex_of(pattern), text, 0, &found) ? regex_group(&found, 1) : (struct span){0};
}

static struct span
without_quotes(struct arena *arena, struct span span)
{
    char  *copy;
    size_t len = 0;

    if (span.data == NULL)
        return span;
    copy = arena_new(arena, span.len);
    for (size_t i = 0; i < span.len; i++)
        if (span.data[i] != '"')
            copy[len++] = span.data[i];
    return (struct span){copy, len};
}

/* "something/something" at the start. */
static struct span
cut_type(struct span value)
{
    const char *semicolon = value.len > 0 ? memchr(value.data, ';', value.len) : NULL;
    size_t      slash, end;

    while (value.len > 0 && isspace((unsigned char)value.data[0]))
        value = span_tail(value, 1);
    if (semicolon != NULL && semicolon < value.data)
        return (struct span){value.data, 0};
    if (semicolon != NULL)
        value.len = (size_t)(semicolon - value.data);
    for (slash = 0; slash < value.len && value.data[slash] != '/'; slash++)
        ;
    for (end = slash + 1; end < value.len && value.data[end] != '/' && !isspace((unsigned char)value.data[end]); end++)
        ;
    return slash > 0 && end < value.len ? span_head(value, end) : value;
}

/* Text of a kind that nobody knows is plain. */
static bool
is_plain(struct span type)
{
    static const char *const others[] = {"text/x-vcard", "text/calendar", "text/html"};

    if (!span_starts_nocase(type, SPAN("text")) ||
        (type.len > 4 && (text_is_alphanumeric(type.data[4]) || type.data[4] == '_')))
        return false;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (span_equal_nocase(type, span_of(others[i])))
            return false;
    return true;
}

/* In lower case, without what no type has. */
static struct span
clean_type(struct arena *arena, struct span type)
{
    char  *copy = arena_new(arena, type.len);
    size_t len  = 0;

    for (size_t i = 0; i < type.len; i++) {
        unsigned char c = (unsigned char)type.data[i];

        if (c > ' ' && c < 0x7f && strchr("\"(),:;<=>?@[\\]", c) == NULL)
            copy[len++] = (char)tolower(c);
    }
    return (struct span){copy, len};
}

/* A name in numbered pieces (RFC 2231, 3), one of which is the first: name*0="a"; name*1="b". */
static struct span
join_pieces(struct arena *arena, struct span value)
{
    struct span        pieces[PIECES_MAX] = {{0}}, name;
    struct bytes       joined             = {0};
    struct regex_found found;

    for (size_t at = 0; at <= value.len && regex_find(regex_of(&piece_pattern), value, at, &found);
         at        = regex_next(&found)) {
        struct span number = regex_group(&found, 1);
        uint64_t    index  = 0;

        if (text_read_number(number, 0, PIECES_MAX - 1, &index))
            pieces[index] = regex_group(&found, 2);
    }
    for (size_t i = 0; pieces[0].data != NULL && i < PIECES_MAX; i++)
        bytes_add(&joined, pieces[i]);
    name = arena_copy(arena, bytes_span(&joined));
    bytes_free(&joined);
    return name;
}

struct mime_content
mime_content_read(struct arena *arena, struct span value)
{
    struct span         type    = cut_type(value);
    struct mime_content content = {
        .type     = clean_type(arena, type),
        .boundary = without_quotes(arena, capture(&boundary_pattern, SPAN("boundary"), value)),
        .charset  = value.len > 0 ? capture(&charset_pattern, SPAN("charset"), value) : SPAN("us-ascii"),
        .name     = capture(&name_pattern, SPAN("name"), value),
        .missing  = type.len == 0,
    };

    if (content.missing || is_plain(type))
        content.type = SPAN("text/plain");
    if (content.name.len == 0 && mentions(value, SPAN("name*")))
        content.name = join_pieces(arena, value);
    if (content.name.len == 0)
        content.name = (struct span){0};
    return content;
}
