/* Depth first through multiparts and messages in messages, to the leaves. */
#include <ctype.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "rules/mail/mime.h"
#include "rules/mail/words.h"
#include "rules/regex.h"

enum { LINE_MAX_OCTETS = 2048 }; /* longer lines of a part are broken there, as SpamAssassin does */

/* What Content-Type says (RFC 2045, 5), `type` in lower case. */
struct content {
    struct span type, boundary, charset, name;
    bool        missing;
};

struct walk {
    struct mime_parts *parts;
    struct arena      *arena;
};

static struct regex_built_in boundary_pattern = {"\\bboundary\\s*=\\s*(\"[^\"]+|[^\\s\";]+(?=[\\s;]|$))", "i", NULL};
static struct regex_built_in charset_pattern  = {"\\bcharset\\s*=\\s*[\"']?(.*?)[\"']?(?:;|$)", "i", NULL};
static struct regex_built_in name_pattern     = {"\\b(?:file)?name\\s*=\\s*[\"']?(.*?)[\"']?(?:;|$)", "i", NULL};
static struct regex_built_in given_pattern    = {"name=\\s*\"?([^\";]+)\"?", "i", NULL};
static struct regex_built_in html_pattern     = {"\\.s?html?$", "i", NULL};

static void walk_part(struct walk *, const struct mail_headers *, struct span body, struct span inherited_boundary,
                      bool in_digest, unsigned depth, bool in_multipart);

static struct span
capture(struct regex_built_in *pattern, struct span text)
{
    struct regex_found found;

    return regex_find(regex_of(pattern), text, 0, &found) ? regex_group(&found, 1) : (struct span){0};
}

static struct span
without_quotes(struct arena *arena, struct span span)
{
    char  *copy = arena_new(arena, span.len);
    size_t len  = 0;

    for (size_t i = 0; i < span.len; i++)
        if (span.data[i] != '"')
            copy[len++] = span.data[i];
    return (struct span){copy, len};
}

/* "something/something" at the start, in lower case, without what no type has. */
static struct span
clean_type(struct arena *arena, struct span value)
{
    char  *copy  = arena_new(arena, value.len);
    size_t len   = 0;
    bool   slash = false;

    for (size_t i = 0; i < value.len && value.data[i] != ';'; i++) {
        unsigned char c = (unsigned char)value.data[i];

        if ((slash && isspace(c)) || (slash && c == '/'))
            break;
        slash = slash || c == '/';
        if (c > ' ' && c < 0x7f && strchr("\"(),:;<=>?@[\\]", c) == NULL)
            copy[len++] = (char)tolower(c);
    }
    return (struct span){copy, len};
}

/* Text of a kind that nobody knows is plain. */
static bool
is_plain(struct span type)
{
    bool text =
        type.len >= 4 && memcmp(type.data, "text", 4) == 0 && (type.len == 4 || !isalnum((unsigned char)type.data[4]));

    return text && !span_equal(type, SPAN("text/x-vcard")) && !span_equal(type, SPAN("text/calendar")) &&
           !span_equal(type, SPAN("text/html"));
}

static struct content
read_content(struct walk *walk, const struct mail_headers *headers, bool in_digest)
{
    struct span    value   = mail_headers_last(headers, SPAN("Content-Type"));
    struct content content = {
        .type     = clean_type(walk->arena, value),
        .boundary = without_quotes(walk->arena, capture(&boundary_pattern, value)),
        .charset  = capture(&charset_pattern, value),
        .name     = capture(&given_pattern, mail_headers_last(headers, SPAN("Content-Disposition"))),
    };

    if (content.name.len == 0)
        content.name = capture(&name_pattern, value);
    if (content.type.len == 0)
        content.type = in_digest ? SPAN("message/rfc822") : SPAN("text/plain");
    else if (is_plain(content.type))
        content.type = SPAN("text/plain");
    return content;
}

static bool
has_prefix(struct span span, struct span prefix)
{
    return span.len >= prefix.len && memcmp(span.data, prefix.data, prefix.len) == 0;
}

static size_t
line_length(struct span text)
{
    const char *newline = memchr(text.data, '\n', text.len);

    return newline != NULL ? (size_t)(newline - text.data) + 1 : text.len;
}

enum boundary_line { NO_BOUNDARY, OPENING, CLOSING };

static enum boundary_line
classify_line(struct span line, struct span boundary)
{
    enum boundary_line kind = OPENING;

    if (boundary.len == 0 || line.len < 2 + boundary.len || line.data[0] != '-' || line.data[1] != '-' ||
        memcmp(line.data + 2, boundary.data, boundary.len) != 0)
        return NO_BOUNDARY;
    line = span_tail(line, 2 + boundary.len);
    if (has_prefix(line, SPAN("--"))) {
        kind = CLOSING;
        line = span_tail(line, 2);
    }
    for (size_t i = 0; i < line.len; i++)
        if (!isspace((unsigned char)line.data[i]))
            return NO_BOUNDARY;
    return kind;
}

/* How much of `text` stands before the next boundary; `*line` is the boundary's line, empty if there is none. */
static size_t
find_boundary(struct span text, struct span boundary, bool opening_only, struct span *line, enum boundary_line *kind)
{
    struct span rest = text;

    while (rest.len > 0) {
        *line = span_head(rest, line_length(rest));
        *kind = classify_line(*line, boundary);
        if (*kind == OPENING || (*kind == CLOSING && !opening_only))
            return text.len - rest.len;
        rest = span_tail(rest, line->len);
    }
    *line = (struct span){0};
    *kind = NO_BOUNDARY;
    return text.len;
}

static void
walk_multipart(struct walk *walk, const struct content *content, struct span body, unsigned depth)
{
    struct span        line;
    enum boundary_line kind;
    size_t             preamble = find_boundary(body, content->boundary, true, &line, &kind);

    if (kind == OPENING)
        body = span_tail(body, preamble + line.len);
    for (unsigned i = 0; i < MIME_CHILDREN_MAX && body.len > 0; i++) {
        size_t              len     = find_boundary(body, content->boundary, false, &line, &kind);
        struct span         part    = span_head(body, len);
        struct mail_headers headers = {0};

        if (kind != NO_BOUNDARY && part.len > 0 && part.data[part.len - 1] == '\n')
            part.len--; /* the line end in front of a boundary belongs to it (RFC 2046, 5.1.1) */
        part = span_tail(part, mail_headers_read_part(&headers, walk->arena, part));
        walk_part(walk, &headers, part, content->boundary, span_equal(content->type, SPAN("multipart/digest")),
                  depth - 1, true);
        mail_headers_free(&headers);
        if (kind != OPENING || walk->parts->count == MIME_PARTS_MAX)
            break;
        body = span_tail(body, len + line.len);
    }
}

/* CR LF to LF, in place. */
static size_t
squeeze_line_ends(char *data, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++)
        if (data[i] != '\r' || i + 1 == len || data[i + 1] != '\n')
            data[kept++] = data[i];
    return kept;
}

/* Lines of a part that are too long are broken, whatever that does to them. */
static void
break_lines(struct span text, struct bytes *broken)
{
    while (text.len > 0) {
        struct span line = span_head(text, line_length(text));

        text = span_tail(text, line.len);
        for (; line.len > LINE_MAX_OCTETS; line = span_tail(line, LINE_MAX_OCTETS)) {
            bytes_add(broken, span_head(line, LINE_MAX_OCTETS));
            bytes_add_char(broken, '\n');
        }
        bytes_add(broken, line);
    }
}

static struct span
decode_transfer(struct walk *walk, struct span encoding, struct span body, bool is_text, bool in_multipart)
{
    struct bytes broken = {0}, octets = {0};
    struct span  copy;

    if (in_multipart)
        break_lines(body, &broken);
    else
        bytes_add(&broken, body);
    if (span_equal_nocase(encoding, SPAN("quoted-printable"))) {
        words_decode_quoted_printable(bytes_span(&broken), &octets);
        octets.len = squeeze_line_ends(octets.data, octets.len);
    } else if (span_equal_nocase(encoding, SPAN("base64"))) {
        words_decode_base64(bytes_span(&broken), &octets);
        if (is_text)
            octets.len = squeeze_line_ends(octets.data, octets.len);
    } else {
        bytes_add(&octets, bytes_span(&broken));
    }
    copy = arena_copy(walk->arena, bytes_span(&octets));
    bytes_free(&octets);
    bytes_free(&broken);
    return copy;
}

static void
add_part(struct walk *walk, struct mime_part part)
{
    struct mime_parts *parts = walk->parts;

    if (parts->count == MIME_PARTS_MAX)
        return;
    if (parts->count == parts->capacity) {
        parts->capacity = parts->capacity > 0 ? parts->capacity * 2 : 8;
        parts->items    = memory_resize_array(parts->items, parts->capacity, sizeof parts->items[0]);
    }
    parts->items[parts->count++] = part;
}

static void
walk_message(struct walk *walk, struct span message, unsigned depth)
{
    struct mail_headers headers = {0};
    size_t              len;

    if (has_prefix(message, SPAN("From ")))
        message = span_tail(message, line_length(message));
    len = mail_headers_read(&headers, walk->arena, message);
    walk_part(walk, &headers, span_tail(message, len), (struct span){0}, false, depth, false);
    mail_headers_free(&headers);
}

static enum mime_kind
kind_of(struct span type, bool html_name)
{
    if (html_name || span_equal(type, SPAN("text/html")))
        return MIME_HTML;
    if (span_equal(type, SPAN("text/plain")))
        return MIME_PLAIN;
    return has_prefix(type, SPAN("text/")) || has_prefix(type, SPAN("message/")) ? MIME_RAW : MIME_OTHER;
}

static void
walk_leaf(struct walk *walk, const struct mail_headers *headers, const struct content *content, struct span body,
          unsigned depth, bool in_multipart)
{
    bool             is_text = has_prefix(content->type, SPAN("text/")) || has_prefix(content->type, SPAN("message/"));
    struct mime_part part    = {
           .kind = kind_of(content->type, content->name.len > 0 && regex_matches(regex_of(&html_pattern), content->name)),
           .charset = content->charset,
    };

    if (part.kind != MIME_OTHER)
        part.text = decode_transfer(walk, mail_headers_last(headers, SPAN("Content-Transfer-Encoding")), body, is_text,
                                    in_multipart);
    part.raw = part.kind != MIME_OTHER && !span_equal(content->type, SPAN("text/calendar"));
    if (depth > 0 && part.text.len > 0 &&
        (span_equal(content->type, SPAN("message/rfc822")) || span_equal(content->type, SPAN("message/global"))))
        walk_message(walk, part.text, depth - 1);
    else
        add_part(walk, part);
}

static void
walk_part(struct walk *walk, const struct mail_headers *headers, struct span body, struct span inherited_boundary,
          bool in_digest, unsigned depth, bool in_multipart)
{
    struct content content = read_content(walk, headers, in_digest);

    if (content.boundary.len == 0)
        content.boundary = inherited_boundary;
    if (has_prefix(content.type, SPAN("multipart/")) && content.boundary.len == 0)
        content.type = SPAN("text/plain");
    if (has_prefix(content.type, SPAN("multipart/")) && depth > 0)
        walk_multipart(walk, &content, body, depth);
    else
        walk_leaf(walk, headers, &content, body, depth, in_multipart);
}

void
mime_take_apart(struct mime_parts *parts, struct arena *arena, const struct mail_headers *headers, struct span body)
{
    struct walk walk = {parts, arena};

    walk_part(&walk, headers, body, (struct span){0}, false, MIME_DEPTH_MAX, false);
}

void
mime_parts_free(struct mime_parts *parts)
{
    free(parts->items);
    *parts = (struct mime_parts){0};
}
