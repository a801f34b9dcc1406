/*
 * Level by level, as SpamAssassin does, which decides what is said of boundaries that are used twice: the list of nodes
 * is the queue of those to be taken apart. Then all is put in the order of the mail.
 */
#include <ctype.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/mail/mime.h"
#include "rules/mail/mime_content.h"
#include "rules/mail/mime_text.h"
#include "rules/mail/span_index.h"
#include "rules/regex/regex.h"

enum { OPEN_STEP = 16 }; /* boundaries that room is made for at once */

/* A part on its way into the tree. */
struct node {
    struct mime_part    part;
    struct mime_content content;  /* what its header says */
    struct span         boundary; /* its own, or that of what it is in; data NULL: none */
    struct span         body;
    unsigned            depth;       /* levels that may yet be in it */
    unsigned            passes;      /* multiparts that it is in */
    size_t              first_child; /* index of a node; its children follow each other */
    size_t              child_count;
};

struct walk {
    struct mime_parts  *parts;
    struct arena       *arena;
    struct node        *nodes;
    size_t              count, capacity;
    size_t              fields;  /* of all parts */
    struct mail_headers headers; /* of the part that is read */
    struct span_index   boundaries;
    int                *open; /* for each: 1 begun, 0 begun and ended, less: ended too often */
};

/* A multipart that is cut at its boundaries. */
struct cutter {
    struct span boundary;
    struct span rest;   /* what is not cut yet */
    bool        nested; /* inside one that has the same boundary */
    bool        closed; /* by the line that was looked at last, be it that of a nested one */
    bool        ended;  /* by its last boundary */
};

enum line_kind { LINE_TEXT, LINE_OPENING, LINE_CLOSING };

static struct regex_built_in given_pattern = {"name=\\s*\"?([^\";]+)\"?", "i", NULL};

static enum line_kind
classify_line(struct span line, struct span boundary)
{
    if (line.len < 2 + boundary.len || line.data[0] != '-' || line.data[1] != '-' ||
        memcmp(line.data + 2, boundary.data, boundary.len) != 0)
        return LINE_TEXT;
    line = span_tail(line, 2 + boundary.len);
    if (text_is_blank(line))
        return LINE_OPENING;
    return span_starts(line, SPAN("--")) && text_is_blank(span_tail(line, 2)) ? LINE_CLOSING : LINE_TEXT;
}

struct span
mime_field(const struct mime_part *part, struct span name)
{
    for (size_t i = part->headers.count; i > 0; i--)
        if (span_equal_nocase(part->headers.items[i - 1].name, name))
            return span_head(part->headers.items[i - 1].value, part->headers.items[i - 1].value.len - 1);
    return (struct span){0};
}

static bool
is_multipart(const struct node *node)
{
    return span_starts(node->part.type, SPAN("multipart/"));
}

/* Adds a node with the headers that were read, unless there are too many. */
static bool
add_node(struct walk *walk, struct node node)
{
    if (walk->count == MIME_PARTS_MAX)
        return false;
    if (walk->count == walk->capacity) {
        walk->capacity = walk->capacity > 0 ? walk->capacity * 2 : 8;
        walk->nodes    = memory_resize_array(walk->nodes, walk->capacity, sizeof(walk->nodes[0]));
    }
    walk->nodes[walk->count++] = node;
    return true;
}

/* The headers that were read, in the arena. */
static struct mail_headers
keep_headers(struct walk *walk)
{
    struct mail_headers kept = {.count = walk->headers.count};

    kept.items = arena_new(walk->arena, kept.count * sizeof(kept.items[0]));
    if (kept.count > 0)
        memcpy(kept.items, walk->headers.items, kept.count * sizeof(kept.items[0]));
    walk->headers.count = 0;
    return kept;
}

/* A whole message: what is in it is one node, the rest follows from that. */
static void
add_message(struct walk *walk, struct mail_headers headers, struct span body, unsigned depth)
{
    struct node node = {.part = {.headers = headers}, .depth = depth};

    node.content   = mime_content_read(walk->arena, mime_field(&node.part, SPAN("Content-Type")));
    node.part.type = node.content.type;
    node.boundary  = node.content.boundary;
    node.body      = mime_clean_body(walk->arena, body, &node.content);
    (void)add_node(walk, node);
}

/* Takes a field of a part's header, with its continuations; the white space behind its colon goes, whatever it is. */
static void
read_field(struct walk *walk, struct cutter *cutter, struct span field, bool last)
{
    size_t      colon = (size_t)((const char *)memchr(field.data, ':', field.len) - field.data);
    struct span raw = span_tail(field, colon + 1), name = span_head(field, colon);

    while (raw.len > 0 && isspace((unsigned char)raw.data[0]))
        raw = span_tail(raw, 1);
    if (walk->fields++ < MIME_FIELDS_MAX)
        mail_headers_add(&walk->headers, walk->arena, name, raw);
    if (last && span_equal_nocase(name, SPAN("content-type"))) {
        struct mime_part part = {.headers = walk->headers};

        cutter->nested |= span_equal(mime_content_read(walk->arena, mime_field(&part, SPAN("Content-Type"))).boundary,
                                     cutter->boundary);
    }
}

/* Is this line the end of the part that is being read? */
static enum line_kind
classify(struct cutter *cutter, struct span line)
{
    enum line_kind kind = classify_line(line, cutter->boundary);

    cutter->closed = kind == LINE_CLOSING;
    if (!cutter->nested || kind == LINE_TEXT)
        return kind;
    cutter->nested = kind != LINE_CLOSING;
    return LINE_TEXT;
}

/*
 * Reads the header of a part, up to the empty line, which is taken, or to the line that is no field. A field that a
 * boundary or the end of all follows at once is lost.
 */
static enum line_kind
read_part_header(struct walk *walk, struct cutter *cutter, struct span *line)
{
    struct span field = {0};

    for (;;) {
        enum line_kind kind;

        *line = text_line(cutter->rest);
        kind  = classify(cutter, *line);
        if (kind != LINE_TEXT || line->len == cutter->rest.len)
            return kind;
        if (field.len > 0 && (line->data[0] == ' ' || line->data[0] == '\t')) {
            field.len += line->len;
        } else {
            bool more = mail_headers_begin(*line);

            if (field.len > 0)
                read_field(walk, cutter, field, !more);
            if (!more)
                break;
            field = *line;
        }
        cutter->rest = span_tail(cutter->rest, line->len);
    }
    if (span_equal(*line, SPAN("\n")) || span_equal(*line, SPAN("\r\n")))
        cutter->rest = span_tail(cutter->rest, line->len);
    else
        walk->parts->flaws.missing_mime_head_body_separator = true;
    return LINE_TEXT;
}

/* Cuts the next part off; false if it was the last. The line end in front of a boundary belongs to that (RFC 2046,
 * 5.1.1). */
static bool
cut_part(struct walk *walk, struct cutter *cutter, struct span *body)
{
    struct span    line;
    enum line_kind kind  = read_part_header(walk, cutter, &line);
    struct span    start = cutter->rest;

    while (kind == LINE_TEXT && cutter->rest.len > 0) {
        size_t others = lines_find_dash(cutter->rest, 0);

        cutter->closed &= others == 0;
        cutter->rest = span_tail(cutter->rest, others);
        if (cutter->rest.len == 0)
            break;
        line = text_line(cutter->rest);
        kind = classify(cutter, line);
        if (kind == LINE_TEXT)
            cutter->rest = span_tail(cutter->rest, line.len);
    }
    *body = span_head(start, start.len - cutter->rest.len);
    if (kind != LINE_TEXT) {
        if (body->len > 0 && body->data[body->len - 1] == '\n')
            body->len--;
        cutter->rest = span_tail(cutter->rest, line.len);
    }
    cutter->ended = cutter->closed && (kind == LINE_CLOSING || cutter->rest.len == 0);
    return !cutter->ended && cutter->rest.len > 0;
}

/* A part that was cut off; false if there are too many. */
static bool
add_part(struct walk *walk, size_t parent, struct span body)
{
    const struct node         *above = &walk->nodes[parent];
    const struct mime_content *content;
    struct node                node = {
                       .part = {.headers = keep_headers(walk)}, .body = body, .depth = above->depth - 1, .passes = above->passes + 1};

    node.content   = mime_content_read(walk->arena, mime_field(&node.part, SPAN("Content-Type")));
    content        = &node.content;
    node.part.type = content->missing && span_equal(above->part.type, SPAN("multipart/digest")) ? SPAN("message/rfc822")
                                                                                                : content->type;
    node.boundary  = content->boundary.data != NULL && !span_equal(content->boundary, SPAN("0")) ? content->boundary
                                                                                                 : above->boundary;
    if (!add_node(walk, node))
        return false;
    walk->nodes[parent].child_count++;
    return true;
}

/* Counts the boundary's first and last line. */
static void
note_boundary(struct walk *walk, struct span boundary, bool begins)
{
    size_t before = walk->boundaries.spans.count, number = span_index_add(&walk->boundaries, boundary);

    if (number == before && number % OPEN_STEP == 0)
        walk->open = memory_resize_array(walk->open, number + OPEN_STEP, sizeof(walk->open[0]));
    if (number == before)
        walk->open[number] = 0;
    walk->open[number] = begins ? 1 : walk->open[number] - 1;
}

/* A boundary is followed by a field, at once. */
static void
expect_field(struct walk *walk, struct span line)
{
    size_t name = 0;

    while (name < line.len && line.data[name] > ' ' && line.data[name] < 0x7f && line.data[name] != ':')
        name++;
    if (line.len > 0 && (name == 0 || name == line.len || line.data[name] != ':'))
        walk->parts->flaws.missing_mime_headers = true;
}

/* Passes over what stands in front of the first boundary; without any, all of it is a part. */
static void
skip_preamble(struct walk *walk, struct cutter *cutter)
{
    struct span rest = cutter->rest;

    while ((rest = span_tail(rest, lines_find_dash(rest, 0))).len > 0) {
        struct span line = text_line(rest);

        rest = span_tail(rest, line.len);
        if (classify_line(line, cutter->boundary) != LINE_OPENING)
            continue;
        note_boundary(walk, cutter->boundary, true);
        expect_field(walk, text_line(rest));
        cutter->rest = rest;
        return;
    }
}

/* Is there more behind the last boundary than white space and dots? */
static bool
is_epilogue(struct span rest)
{
    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] != '.' && !isspace((unsigned char)rest.data[i]))
            return true;
    return false;
}

static void
cut_multipart(struct walk *walk, size_t index)
{
    struct cutter cutter = {.boundary = walk->nodes[index].boundary, .rest = walk->nodes[index].body};
    bool          more;

    walk->nodes[index].first_child = walk->count;
    skip_preamble(walk, &cutter);
    for (more = cutter.rest.len > 0; more;) {
        struct span body;

        more = cut_part(walk, &cutter, &body);
        if (!add_part(walk, index, body) || budget_use(body.len))
            return;
        if (more)
            expect_field(walk, text_line(cutter.rest));
        if (cutter.ended) {
            note_boundary(walk, cutter.boundary, false);
            break;
        }
        if (walk->nodes[index].child_count == MIME_CHILDREN_MAX) {
            walk->parts->flaws.mimepart_limit_exceeded = true;
            return;
        }
    }
    walk->parts->flaws.mime_epilogue_exists |= is_epilogue(cutter.rest);
}

/* A message that is a part: its header, and what is behind that as a part of its own. */
static void
enter_message(struct walk *walk, size_t index)
{
    struct span              message = walk->nodes[index].part.text;
    struct mail_header_flaws flaws;
    size_t                   len;

    message = span_tail(message, mail_headers_separator(message));
    if (mime_has_crlf(message))
        message = mime_without_crlf(walk->arena, message);
    len                            = mail_headers_read(&walk->headers, walk->arena, message, &flaws);
    walk->nodes[index].first_child = walk->count;
    walk->nodes[index].part.leaf   = false;
    add_message(walk, keep_headers(walk), span_tail(message, len), walk->nodes[index].depth - 1);
    walk->nodes[index].child_count = walk->count - walk->nodes[index].first_child;
}

/* The name that Content-Disposition gives, or Content-Type. */
static struct span
file_name(const struct mime_part *part, struct span from_type)
{
    struct span        disposition = mime_field(part, SPAN("Content-Disposition"));
    struct regex_found found;

    return disposition.len > 0 && regex_find(regex_of(&given_pattern), disposition, 0, &found) ? regex_group(&found, 1)
                                                                                               : from_type;
}

static void
fill_leaf(struct walk *walk, struct node *node)
{
    const struct mime_content *content = &node->content;
    struct mime_part          *part    = &node->part;

    if (!content->missing)
        part->type = is_multipart(node) && node->boundary.data == NULL ? SPAN("text/plain") : content->type;
    part->leaf    = true;
    part->charset = content->charset;
    part->name    = file_name(part, content->name);
    part->raw     = mime_break_lines(walk->arena, node->body, node->passes);
    mime_fill_text(part, walk->arena);
}

static void
take_node_apart(struct walk *walk, size_t index)
{
    struct node *node = &walk->nodes[index];

    if (is_multipart(node) && node->boundary.data != NULL && node->depth > 0) {
        cut_multipart(walk, index);
        return;
    }
    fill_leaf(walk, node);
    if (node->depth > 0 && node->part.text.len > 0 && walk->count < MIME_PARTS_MAX &&
        (span_equal(node->part.type, SPAN("message/rfc822")) || span_equal(node->part.type, SPAN("message/global"))))
        enter_message(walk, index);
}

/* Nobody finds a part without a type; a type of nothing but quotes leaves none. */
static bool
is_found(const struct node *node)
{
    return node->part.type.len > 0;
}

/* Puts the nodes in the order of the mail: first how many each holds, then where each goes. Parents have lower indices
 * than children. */
static void
put_in_order(struct walk *walk)
{
    size_t           *place = memory_new(walk->count * sizeof(*place)), *size = memory_new(walk->count * sizeof(*size));
    struct mime_part *items = arena_new(walk->arena, walk->count * sizeof(*items));

    for (size_t i = walk->count; i-- > 0;) {
        size[i] = is_found(&walk->nodes[i]);
        for (size_t child = 0; child < walk->nodes[i].child_count; child++)
            size[i] += size[walk->nodes[i].first_child + child];
    }
    for (size_t i = 0; i < walk->count; i++) {
        size_t next = place[i] + 1;

        for (size_t child = 0; child < walk->nodes[i].child_count; child++) {
            place[walk->nodes[i].first_child + child] = next;
            next += size[walk->nodes[i].first_child + child];
        }
        if (!is_found(&walk->nodes[i]))
            continue;
        items[place[i]]     = walk->nodes[i].part;
        items[place[i]].end = place[i] + size[i];
    }
    walk->parts->items = items;
    walk->parts->count = size[0];
    free(size);
    free(place);
}

static bool
is_unbalanced(const struct walk *walk)
{
    for (size_t i = 0; i < walk->boundaries.spans.count; i++)
        if (walk->open[i] != 0)
            return true;
    return false;
}

void
mime_take_apart(struct mime_parts *parts, struct arena *arena, const struct mail_headers *headers, struct span body)
{
    struct walk walk = {.parts = parts, .arena = arena};

    *parts = (struct mime_parts){0};
    add_message(&walk, *headers, body, MIME_DEPTH_MAX);
    for (size_t i = 0; i < walk.count && !budget_use(walk.nodes[i].body.len); i++)
        take_node_apart(&walk, i);
    parts->flaws.mime_missing_boundary = is_unbalanced(&walk);
    put_in_order(&walk);
    span_index_free(&walk.boundaries);
    free(walk.open);
    free(walk.nodes);
    mail_headers_free(&walk.headers);
}
