/* One pass over all parts in their order, for everything that MIMEEval's functions ask of them. */
#include <string.h>

#include "base/text.h"
#include "rules/eval/header_eval.h"
#include "rules/eval/mime_eval.h"
#include "rules/eval/plugins.h"
#include "rules/mail/mime_content.h"

enum {
    QP_LINE_MAX  = 78,        /* octets without the line end (RFC 5322, 2.1.1) */
    CHARSETS_MAX = 16 * 1024, /* octets of names that are kept */
};

/* What the fields of a part say, in lower case. */
struct fields {
    struct mime_content content;
    struct span         charset, encoding, disposition;
    bool                attached;
};

/* While the parts are looked at. */
struct survey {
    struct eval_run   *run;
    struct mime_facts *facts;
    double             normal, unicode; /* octets of plain text and entities in it */
    double             encoded;         /* octets of quoted-printable encoded without need */
    double             plain, html;     /* octets of the last part of each kind; below 0: none */
};

static struct regex_built_in ascii_pattern = {
    "us|ascii|ansi_x3\\.4-19(?:68|86)|iso-ir-6|iso_646\\.irv:1991|ibm367|cp367", "", NULL};
static struct regex_built_in iso_pattern   = {"iso-\\S+-\\S+\\b", "", NULL};
static struct regex_built_in known_pattern = {"iso-(?:8859-\\d{1,2}|2022-(?:jp|kr))\\b", "", NULL};
static struct regex_built_in given_pattern = {"^(?:attachment|inline)", "", NULL};

static bool
contains(struct span text, struct span part)
{
    return text.len > 0 && memmem(text.data, text.len, part.data, part.len) != NULL;
}

static struct span
lower_field(struct eval_run *run, const struct mime_part *part, struct span name)
{
    return eval_lower(run, mime_field(part, name));
}

/* A type that is there but empty names no charset. */
static struct fields
read_fields(struct eval_run *run, const struct mime_part *part)
{
    struct span   type   = mime_field(part, SPAN("Content-Type"));
    struct fields fields = {
        .content     = mime_content_read(&run->arena, type.data != NULL && type.len == 0 ? SPAN("\n") : type),
        .encoding    = lower_field(run, part, SPAN("Content-Transfer-Encoding")),
        .disposition = lower_field(run, part, SPAN("Content-Disposition")),
    };

    if (fields.content.charset.data != NULL)
        fields.charset = eval_lower(run, fields.content.charset);
    fields.attached = contains(fields.disposition, SPAN("attachment"));
    return fields;
}

static void
note_charset(struct survey *survey, struct span charset)
{
    struct mime_facts *facts = survey->facts;
    bool               named = false;

    for (size_t i = 0; i < charset.len; i++)
        named |= charset.data[i] >= 'a' && charset.data[i] <= 'z';
    if (!named)
        return;
    if (facts->charsets.len + charset.len < CHARSETS_MAX) {
        bytes_add_char(&facts->charsets, ' ');
        bytes_add(&facts->charsets, charset);
    }
    if (!locales_allow(header_ok_locales(survey->run), charset))
        facts->mime_faraway_charset = 1;
}

static void
note_fields(struct survey *survey, const struct fields *fields)
{
    struct mime_facts *facts  = survey->facts;
    bool               text   = span_starts_nocase(fields->content.type, SPAN("text"));
    bool               base64 = contains(fields->encoding, SPAN("base64"));

    if (span_equal(fields->content.type, SPAN("text/html")))
        facts->mime_body_html_count++;
    else if (text)
        facts->mime_body_text_count++;
    if (base64)
        facts->mime_base64_count++;
    else if (contains(fields->encoding, SPAN("quoted-printable")))
        facts->mime_qp_count++;
    facts->mime_attachment += fields->attached;
    if (text && base64 && (fields->charset.len == 0 || eval_matches(&ascii_pattern, fields->charset)) &&
        !eval_matches(&given_pattern, fields->disposition))
        facts->mime_base64_encoded_text = 1;
    if (eval_matches(&iso_pattern, fields->charset) && !eval_matches(&known_pattern, fields->charset))
        facts->mime_bad_iso_charset = 1;
    if (span_equal(fields->content.type, SPAN("multipart/alternative")))
        facts->mime_multipart_alternative = 1;
    note_charset(survey, fields->charset);
}

/* Does "=3D" or the like stand for an octet that need not be encoded? */
static bool
is_needless(struct span escape)
{
    char high = escape.data[1], low = escape.data[2];
    bool hex = (low >= '0' && low <= '9') || (low >= 'A' && low <= 'F');

    switch (high) {
    case '0':
        return low == '9';
    case '3':
        return hex && low != 'D';
    case '2':
    case '4':
    case '5':
    case '6':
        return hex;
    case '7':
        return hex && low != 'F';
    default:
        return false;
    }
}

/* White space at the end of a line is encoded with reason. */
static size_t
trailing_escapes(struct span line)
{
    size_t count = 0;

    while (line.len > 0 && strchr(" \t\n\v\f\r", line.data[line.len - 1]) != NULL && line.data[line.len - 1] != '\0')
        line.len--;
    while (line.len >= 3 &&
           (memcmp(line.data + line.len - 3, "=20", 3) == 0 || memcmp(line.data + line.len - 3, "=09", 3) == 0)) {
        line.len -= 3;
        count++;
    }
    return count;
}

static void
note_quoted_printable(struct survey *survey, struct span line)
{
    size_t count = 0;

    if (line.len >= 6 && memcmp(line.data, "SPAM: ", 6) == 0)
        return;
    if (line.len > QP_LINE_MAX + 1)
        survey->facts->mime_qp_long_line = 1;
    survey->facts->mime_qp_bytes += (double)line.len;
    for (size_t i = 0; i + 3 <= line.len; i++)
        if (line.data[i] == '=' && is_needless(span_tail(line, i))) {
            count++;
            i += 2;
        }
    if (count > 0)
        survey->encoded += (double)count - (double)trailing_escapes(line);
}

static bool
is_illegal_ascii(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == '\0' || line.data[i] == '\r' || (unsigned char)line.data[i] >= 0x80)
            return true;
    return false;
}

/* "&#x20AC;" */
static bool
is_entity(struct span text)
{
    if (text.len < 8 || memcmp(text.data, "&#x", 3) != 0 || text.data[7] != ';')
        return false;
    for (size_t i = 3; i < 7; i++)
        if (!(text.data[i] >= '0' && text.data[i] <= '9') && !(text.data[i] >= 'A' && text.data[i] <= 'F'))
            return false;
    return true;
}

static void
count_entities(struct survey *survey, struct span text)
{
    double      entities = 0;
    const char *found;

    survey->normal += (double)text.len;
    while (text.len > 0 && (found = memchr(text.data, '&', text.len)) != NULL) {
        text = span_tail(text, (size_t)(found - text.data));
        if (is_entity(text)) {
            entities++;
            text = span_tail(text, 8);
        } else {
            text = span_tail(text, 1);
        }
    }
    survey->normal -= entities * 8;
    survey->unicode += entities;
}

static void
note_lines(struct survey *survey, const struct fields *fields, struct span raw)
{
    bool quoted = span_equal(fields->encoding, SPAN("quoted-printable"));
    bool ascii  = span_equal(fields->content.type, SPAN("text/plain")) &&
                 (fields->charset.data == NULL || span_equal(fields->charset, SPAN("us-ascii")));

    while ((quoted || ascii) && raw.len > 0) {
        struct span line = text_next_line(&raw);

        if (quoted)
            note_quoted_printable(survey, line);
        if (ascii && is_illegal_ascii(line))
            survey->facts->mime_ascii_text_illegal++;
    }
}

static void
note_leaf(struct survey *survey, const struct fields *fields, const struct mime_part *part)
{
    struct span type   = fields->content.type;
    double      octets = survey->facts->mime_multipart_alternative != 0 ? (double)part->raw.len : 0;
    bool        plain  = span_equal(type, SPAN("text/plain"));

    if (!fields->attached && plain)
        survey->plain = octets;
    if (!fields->attached && span_equal(type, SPAN("text/html")))
        survey->html = octets;
    note_lines(survey, fields, part->raw);
    if (plain && (fields->encoding.len == 0 || span_equal(fields->encoding, SPAN("7bit")) ||
                  span_equal(fields->encoding, SPAN("8bit"))))
        count_entities(survey, part->raw);
}

static void
conclude(struct survey *survey)
{
    struct mime_facts *facts = survey->facts;

    if (facts->mime_qp_bytes > 0) {
        facts->mime_qp_ratio = survey->encoded / facts->mime_qp_bytes;
        facts->mime_qp_count = survey->encoded;
    }
    if (survey->normal > 0)
        facts->mime_text_unicode_ratio = survey->unicode / survey->normal;
    if (facts->mime_multipart_alternative != 0 && survey->plain >= 0 && survey->html > 0)
        facts->mime_multipart_ratio = survey->plain / survey->html;
    facts->mime_missing_boundary = survey->run->mail->parts.flaws.mime_missing_boundary;
}

struct mime_facts *
mime_facts(struct eval_run *run)
{
    struct mime_facts *facts  = eval_facts(run, &mime_eval_plugin);
    struct survey      survey = {.run = run, .facts = facts, .plain = -1, .html = -1};

    if (facts->known)
        return facts;
    facts->known                = true;
    facts->mime_multipart_ratio = 1;
    for (size_t i = 0; i < run->mail->parts.count; i++) {
        const struct mime_part *part   = &run->mail->parts.items[i];
        struct fields           fields = read_fields(run, part);

        note_fields(&survey, &fields);
        if (part->leaf)
            note_leaf(&survey, &fields, part);
    }
    conclude(&survey);
    return facts;
}
