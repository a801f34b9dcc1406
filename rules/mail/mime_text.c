/* Whole lines are looked at, and copied only where something has to change. */
#include "rules/mail/mime_text.h"
#include "base/bytes.h"
#include "base/count.h"
#include "base/lines.h"
#include "base/text.h"
#include "rules/mail/words.h"

enum {
    LINE_MAX_OCTETS = 2048, /* longer lines of a part are broken there */
    BLANK_LINES_MAX = 20,
};

static bool
ends_in_crlf(struct span text)
{
    return text.len >= 2 && memcmp(text.data + text.len - 2, "\r\n", 2) == 0;
}

bool
mime_has_crlf(struct span message)
{
    return ends_in_crlf(text_line(message)) || ends_in_crlf(message);
}

struct span
mime_without_crlf(struct arena *arena, struct span text)
{
    char  *copy = arena_new(arena, text.len);
    size_t len  = lines_copy_with_lf(copy, text);

    arena_trim(arena, text.len, len);
    return (struct span){copy, len};
}

/* The first `lines` lines. */
static size_t
lines_length(struct span text, size_t lines)
{
    size_t len = 0;

    while (lines-- > 0)
        len += text_line(span_tail(text, len)).len;
    return len;
}

/* The run of blank lines at the start of `text`: its octets, and how many lines. */
static size_t
blank_run(struct span text, size_t *lines)
{
    size_t len = 0;

    for (*lines = 0; len < text.len; ++*lines) {
        size_t line = text_line(span_tail(text, len)).len;

        if (!text_is_blank((struct span){text.data + len, line}))
            break;
        len += line;
    }
    return len;
}

/* Adds the text without the blank lines that are too many, which go behind the first of a run, at the start of all
 * behind the second. False, and nothing added, if there are none. */
static bool
shorten_blank_runs(struct span text, struct bytes *kept)
{
    struct span rest = text;
    bool        any  = false;

    for (;;) {
        size_t lines, run, first;

        rest = span_tail(rest, lines_find_space(rest, 0));
        if (rest.len == 0)
            break;
        run   = blank_run(rest, &lines);
        first = rest.data == text.data ? 2 : 1;
        if (lines > BLANK_LINES_MAX - 1 + first) {
            size_t head = lines_length(rest, first);
            size_t gone = lines_length(span_tail(rest, head), lines - first - (BLANK_LINES_MAX - 1));

            bytes_add(kept, (struct span){text.data, (size_t)(rest.data - text.data) + head});
            text = span_tail(rest, head + gone);
            any  = true;
        }
        rest = span_tail(rest, run);
        rest = span_tail(rest, text_line(rest).len);
    }
    if (any)
        bytes_add(kept, text);
    return any;
}

/* Does a multipart begin with what could be taken for the header of its first part? */
static bool
needs_blank_line(struct span body, const struct mime_content *content)
{
    size_t line = text_line(body).len, len = content->boundary.len;

    return span_starts_nocase(content->type, SPAN("multipart/")) && line < body.len &&
           !text_is_blank(span_head(body, line)) &&
           (content->boundary.data == NULL || line < len + 2 || memcmp(body.data, "--", 2) != 0 ||
            memcmp(body.data + 2, content->boundary.data, len) != 0);
}

struct span
mime_clean_body(struct arena *arena, struct span body, const struct mime_content *content)
{
    struct bytes kept = {0};

    if (needs_blank_line(body, content))
        bytes_add_char(&kept, '\n');
    if (!shorten_blank_runs(body, &kept) && kept.len > 0)
        bytes_add(&kept, body);
    if (kept.len > 0)
        body = arena_copy(arena, bytes_span(&kept));
    bytes_free(&kept);
    return body;
}

struct span
mime_break_lines(struct arena *arena, struct span text, unsigned times)
{
    struct bytes broken = {0};
    struct span  copy;

    if (times == 0 || !lines_have_long(text, LINE_MAX_OCTETS))
        return text;
    while (text.len > 0) {
        struct span line = text_line(text);

        text = span_tail(text, line.len);
        for (; line.len > LINE_MAX_OCTETS; line = span_tail(line, LINE_MAX_OCTETS)) {
            bytes_add(&broken, span_head(line, LINE_MAX_OCTETS));
            for (unsigned i = 0; i < times; i++)
                bytes_add_char(&broken, '\n');
        }
        bytes_add(&broken, line);
    }
    copy = arena_copy(arena, bytes_span(&broken));
    bytes_free(&broken);
    return copy;
}

/* Does it begin with "text" or "message" as a whole word? */
static bool
is_text(struct span type)
{
    static const struct span words[] = {{"text", 4}, {"message", 7}};

    for (size_t i = 0; i < 2; i++)
        if (span_starts_nocase(type, words[i]) &&
            (type.len == words[i].len ||
             (!text_is_alphanumeric(type.data[words[i].len]) && type.data[words[i].len] != '_')))
            return true;
    return false;
}

/* Makes CR LF from `start` on LF. */
static void
squeeze_line_ends(struct bytes *octets, size_t start)
{
    struct span  text  = span_tail(bytes_span(octets), start);
    struct bytes lines = {0};

    if (text.len == 0 || memchr(text.data, '\r', text.len) == NULL)
        return;
    lines.len   = lines_copy_with_lf(bytes_reserve(&lines, text.len), text);
    octets->len = start;
    bytes_add(octets, bytes_span(&lines));
    bytes_free(&lines);
}

/* Appends what the raw text stands for; false, and nothing appended: it stands for itself. */
static bool
decode(const struct mime_part *part, struct bytes *octets)
{
    struct span encoding = mime_field(part, SPAN("Content-Transfer-Encoding"));
    size_t      before   = octets->len;
    bool        quoted   = span_equal_nocase(encoding, SPAN("quoted-printable"));

    if (quoted)
        words_decode_quoted_printable(part->raw, octets);
    else if (span_equal_nocase(encoding, SPAN("base64")))
        words_decode_base64(part->raw, octets);
    else
        return false;
    if (quoted || (is_text(part->type) && memchr(part->type.data, '/', part->type.len) != NULL))
        squeeze_line_ends(octets, before);
    return true;
}

void
mime_decode(const struct mime_part *part, struct bytes *octets)
{
    if (!decode(part, octets))
        bytes_add(octets, part->raw);
}

static bool
has_html_name(struct span name)
{
    static const char *const ends[] = {".htm", ".html", ".shtm", ".shtml"};

    if (name.len > 0 && name.data[name.len - 1] == '\n')
        name.len--;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct span end = span_of(ends[i]);

        if (name.len >= end.len && span_equal_nocase(span_tail(name, name.len - end.len), end))
            return true;
    }
    return false;
}

static enum mime_kind
kind_of(const struct mime_part *part)
{
    if (has_html_name(part->name) || span_equal(part->type, SPAN("text/html")))
        return MIME_HTML;
    if (span_equal(part->type, SPAN("text/plain")))
        return MIME_PLAIN;
    return is_text(part->type) ? MIME_RAW : MIME_OTHER;
}

void
mime_fill_text(struct mime_part *part, struct arena *arena)
{
    struct bytes octets = {0};

    part->kind       = kind_of(part);
    part->in_rawbody = part->kind != MIME_OTHER && !span_equal(part->type, SPAN("text/calendar"));
    if (part->kind == MIME_OTHER)
        return;
    part->text = decode(part, &octets) ? arena_copy(arena, bytes_span(&octets)) : part->raw;
    bytes_free(&octets);
}
