/* Puts together what the parts of a mail are to the rules. Whole passes over small texts, for clarity. */
#include "rules/mail/mail.h"
#include "base/budget.h"
#include "base/text.h"
#include "rules/mail/charset.h"
#include "rules/mail/field_parts.h"
#include "rules/mail/html.h"
#include "rules/mail/memo.h"
#include "rules/mail/mime_text.h"
#include "rules/mail/paragraphs.h"
#include "rules/mail/uri_find.h"

enum { CUT_SLACK = 1024 }; /* how far behind the limit a text is cut, to cut it where a line or word ends */

/* Takes the X-Spam-... fields out of the header, in place: a sender must not vouch for itself. Returns the text's new
 * length. */
static size_t
remove_verdicts(char *data, size_t len)
{
    size_t   kept = 0, at = 0;
    unsigned odd      = 0;
    bool     removing = false;

    while (at < len) {
        struct span rest = {data + at, len - at}, line = text_line(rest);
        bool        continues = data[at] == ' ' || data[at] == '\t';

        if (!continues && mail_headers_end(rest, &odd))
            break;
        if (!continues)
            removing = span_starts_nocase(line, SPAN("X-Spam-")) && mail_headers_begin(line);
        if (!removing && kept < at)
            memmove(data + kept, line.data, line.len);
        kept += removing ? 0 : line.len;
        at += line.len;
    }
    if (kept < at)
        memmove(data + kept, data + at, len - at);
    return kept + len - at;
}

static struct span
copy_clean(struct arena *arena, struct span text)
{
    struct span message = span_tail(text, mail_headers_separator(text));
    struct span copy    = mime_has_crlf(message) ? mime_without_crlf(arena, message) : arena_copy(arena, message);

    copy.len = remove_verdicts((char *)copy.data, copy.len);
    return copy;
}

/* Where to cut a text that is too long: behind the next of the octets in `where`, tried one by one, if that is near. */
static struct span
cut_text(struct span text, size_t most, size_t slack, const char *where)
{
    if (text.len <= most)
        return text;
    for (; *where != '\0'; where++) {
        size_t      near  = text.len - most < slack ? text.len - most : slack;
        const char *found = memchr(text.data + most, *where, near);

        if (found != NULL)
            return span_head(text, (size_t)(found - text.data) + 1);
    }
    return span_head(text, most);
}

/* The octets of the first `count` characters. */
static size_t
characters_length(struct span utf8, size_t count)
{
    size_t len = 0;

    if (utf8.len <= count)
        return utf8.len;
    while (count-- > 0 && len < utf8.len)
        for (len++; len < utf8.len && ((unsigned char)utf8.data[len] & 0xc0) == 0x80;)
            len++;
    return len;
}

/* Rendered text is counted in characters. */
static struct span
cut_rendered(struct span utf8, const struct mail_settings *settings)
{
    size_t most = characters_length(utf8, settings->body_part_max);

    if (settings->body_part_max == 0 || most == utf8.len)
        return utf8;
    return cut_text(utf8, most, characters_length(span_tail(utf8, most), CUT_SLACK), "\n ");
}

/* Is there nothing beyond U+00FF in it? */
static bool
is_latin(struct span utf8)
{
    for (size_t i = 0; i < utf8.len; i++)
        if ((unsigned char)utf8.data[i] > 0xc3)
            return false;
    return true;
}

/* The text of all parts while it is put together. */
struct rendering {
    struct bytes           text;       /* UTF-8 */
    bool                   ascii;      /* all that was rendered is, but for the entities in it, */
    bool                   plain;      /* and with them */
    bool                   any;        /* there are parts that hold something */
    struct bytes           utf8, html; /* of the part that is being rendered, */
    struct html_rendering *rendering;  /* if it is HTML */
};

/* What is done when. A stage is cut where a turn has had its slice, and goes on with `next`. */
enum mail_stage { MAIL_TAKES_APART, MAIL_RENDERS, MAIL_FINDS_URIS, MAIL_READS_URIS, MAIL_STAGES };

struct mail_work {
    enum mail_stage   stage;
    size_t            next; /* part, or line of the body */
    struct rendering  rendering;
    struct uri_places places;
    struct span_index seen; /* addresses in text */
};

static bool
is_rendered(const struct mime_part *part)
{
    return part->leaf && (part->kind == MIME_PLAIN || part->kind == MIME_HTML);
}

static void
begin_part(struct mail *mail, struct mime_part *part)
{
    struct rendering *rendering = &mail->work->rendering;

    rendering->any |= part->leaf;
    if (part->leaf && rendering->text.len > 0)
        bytes_add_char(&rendering->text, '\n');
    if (!is_rendered(part))
        return;
    charset_decode(part->text, part->charset, CHARSET_GUESS, &rendering->utf8);
    if (part->kind == MIME_HTML && part->text.len > 0)
        rendering->rendering =
            html_render_begin(bytes_span(&rendering->utf8), part->text.len, &mail->arena, &rendering->html);
}

/* Adds what was rendered. */
static void
end_part(struct mail *mail, struct mime_part *part)
{
    struct rendering *rendering = &mail->work->rendering;
    struct span       utf8      = bytes_span(&rendering->utf8);
    bool              ascii, plain;

    if (!is_rendered(part))
        return;
    if (rendering->rendering != NULL)
        part->html = html_render_end(rendering->rendering);
    rendering->rendering = NULL;
    part->rendered       = arena_copy(&mail->arena, part->kind == MIME_HTML ? bytes_span(&rendering->html) : utf8);
    ascii                = charset_is_ascii(utf8);
    plain                = charset_is_ascii(part->rendered);
    part->octets         = ascii && (plain || is_latin(part->rendered));
    rendering->ascii &= ascii;
    rendering->plain &= plain;
    bytes_add(&rendering->text, cut_rendered(part->rendered, mail->settings));
    bytes_free(&rendering->html);
    bytes_free(&rendering->utf8);
}

/*
 * SpamAssassin leaves a text of ASCII alone in Latin-1 if nothing but entities below U+0100 made it more than ASCII,
 * and then a non-breaking space is none to it. Rules know both forms.
 */
static void
make_latin(struct bytes *text)
{
    size_t kept = 0;

    if (!is_latin(bytes_span(text)))
        return;
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];

        text->data[kept++] = (char)(c < 0x80 ? c : (c & 3) << 6 | (text->data[++i] & 0x3f));
    }
    text->len = kept;
}

/* Long lines are cut behind a space if there is one. */
static void
split_lines(struct span text, struct spans *lines)
{
    while (text.len > 0) {
        struct span line = text_line(text);

        text = span_tail(text, line.len);
        while (line.len > MAIL_LINE_MAX) {
            const char *space = memrchr(line.data, ' ', MAIL_LINE_MAX + 1);
            size_t      len   = space != NULL ? (size_t)(space - line.data) + 1 : MAIL_LINE_MAX;

            spans_add(lines, span_head(line, len));
            line = span_tail(line, len);
        }
        spans_add(lines, line);
    }
}

static void
fill_body(struct mail *mail)
{
    struct span       subject   = mail_headers_last(&mail->headers, SPAN("Subject"));
    struct rendering *rendering = &mail->work->rendering;
    struct bytes      lines     = {0};

    if (rendering->ascii && !rendering->plain)
        make_latin(&rendering->text);
    if (rendering->any) {
        bytes_add(&lines, subject);
        bytes_add_char(&lines, '\n');
    }
    paragraphs_collapse(bytes_span(&rendering->text), &lines);
    split_lines(arena_copy(&mail->arena, bytes_span(&lines)), &mail->body);
    bytes_free(&lines);
    bytes_free(&rendering->text);
}

/* The length of the first piece of a long text: it ends at a line end, a > or a space where there is one. */
static size_t
piece_length(struct span text)
{
    for (const char *where = "\n> "; *where != '\0'; where++) {
        const char *found = memchr(text.data + MAIL_LINE_MAX, *where, MAIL_LINE_MAX);

        if (found != NULL)
            return (size_t)(found - text.data) + 1;
    }
    return MAIL_LINE_MAX + 1;
}

static void
fill_rawbody(struct mail *mail)
{
    for (size_t i = 0; i < mail->parts.count; i++) {
        const struct mime_part *part = &mail->parts.items[i];
        size_t                  most = mail->settings->rawbody_part_max;
        struct span             text = most > 0 ? cut_text(part->text, most, CUT_SLACK, "\n> ") : part->text;

        if (!part->leaf || !part->in_rawbody)
            continue;
        while (text.len > 2 * (size_t)MAIL_LINE_MAX) {
            size_t len = piece_length(text);

            spans_add(&mail->rawbody, span_head(text, len));
            text = span_tail(text, len);
        }
        spans_add(&mail->rawbody, text);
    }
}

/* Renders the parts, and puts together what rules see of them. */
static bool
render(struct mail *mail)
{
    struct mail_work *work = mail->work;

    while (work->next < mail->parts.count) {
        struct mime_part *part = &mail->parts.items[work->next];

        if (work->rendering.rendering == NULL) {
            if (budget_use(part->text.len))
                break;
            begin_part(mail, part);
        }
        if (work->rendering.rendering != NULL && !html_render_go_on(work->rendering.rendering))
            return false;
        end_part(mail, part);
        work->next++;
        if (budget_slice_is_over())
            return false;
    }
    fill_body(mail);
    fill_rawbody(mail);
    return true;
}

/* Who signed the mail, the addresses in text, and those that HTML links to. */
static bool
find_uris(struct mail *mail)
{
    struct mail_work *work = mail->work;

    if (work->next == 0 && !mail->settings->ignore_signers)
        uri_find_signers(&mail->headers, &mail->arena, &work->places);
    while (work->next < mail->body.count && !budget_use(mail->body.items[work->next].len)) {
        uri_find(mail->body.items[work->next++], mail->settings, &mail->arena, &work->seen, &work->places);
        if (budget_slice_is_over())
            return false;
    }
    for (size_t i = 0; i < mail->parts.count; i++) {
        const struct html_facts *html = mail->parts.items[i].html;

        for (size_t link = 0; html != NULL && link < html->link_count; link++)
            uri_places_add(&work->places, html->links[link]);
        mail->uri_details.truncated |= html != NULL && html->numbers[HTML_URI_TRUNCATED] > 0;
    }
    return true;
}

static bool
read_uris(struct mail *mail)
{
    struct uri_details *details = &mail->uri_details;

    if (!uri_details_fill(details, &mail->work->places, mail->settings, &mail->arena, MAIL_URIS_MAX))
        return false;
    for (size_t i = 0; i < details->count; i++)
        for (size_t form = 0; form < details->items[i].cleaned_count; form++)
            spans_add(&mail->uris, details->items[i].cleaned[form]);
    spans_sort_unique(&mail->uris);
    return true;
}

void
mail_start(void)
{
    static bool started;

    if (started)
        return;
    started = true;
    charset_start();
    received_start();
    field_parts_start();
}

/* Is there no more of the last part than a line, which may have been one of its header? */
static bool
is_last_part_cut_short(const struct mime_parts *parts)
{
    struct span raw  = parts->count > 0 ? parts->items[parts->count - 1].raw : SPAN("");
    const char *line = raw.len > 0 ? memchr(raw.data, '\n', raw.len) : NULL;

    return line == NULL || line + 1 == raw.data + raw.len;
}

/* The last part's header may have lost what ended it, and each multipart its last boundary. */
static void
forgive_cut(struct mail *mail)
{
    mail->parts.flaws.mime_missing_boundary = false;
    if (mail->text.len == 0)
        mail->flaws.missing_head_body_separator = false;
    if (is_last_part_cut_short(&mail->parts)) {
        mail->parts.flaws.missing_mime_headers             = false;
        mail->parts.flaws.missing_mime_head_body_separator = false;
    }
}

static bool
take_apart(struct mail *mail)
{
    size_t head = mail_headers_read(&mail->headers, &mail->arena, mail->full, &mail->flaws);

    mail->head = span_head(mail->full, head);
    mail->text = span_tail(mail->full, head);
    mime_take_apart(&mail->parts, &mail->arena, &mail->headers, mail->text);
    return true;
}

/* Each returns true when it is done. */
static bool (*const stages[MAIL_STAGES])(struct mail *) = {
    [MAIL_TAKES_APART] = take_apart,
    [MAIL_RENDERS]     = render,
    [MAIL_FINDS_URIS]  = find_uris,
    [MAIL_READS_URIS]  = read_uris,
};

/* The arena has it. */
static void
drop_work(struct mail *mail)
{
    struct mail_work *work = mail->work;

    if (work == NULL)
        return;
    if (work->rendering.rendering != NULL)
        (void)html_render_end(work->rendering.rendering);
    bytes_free(&work->rendering.text);
    bytes_free(&work->rendering.utf8);
    bytes_free(&work->rendering.html);
    span_index_free(&work->seen);
    uri_places_free(&work->places);
    mail->work = NULL;
}

void
mail_begin(struct mail *mail, const struct mail_settings *settings, struct span text, bool cut)
{
    mail_start();
    *mail = (struct mail){
        .settings = settings != NULL ? settings : mail_settings_default(), .memo = mail_memo_new(), .cut = cut};
    mail->full  = copy_clean(&mail->arena, text.len > 0 ? text : SPAN("\n")); /* each message has at least one line */
    mail->work  = arena_new(&mail->arena, sizeof(*mail->work));
    *mail->work = (struct mail_work){.rendering = {.ascii = true, .plain = true}};
}

bool
mail_go_on(struct mail *mail)
{
    for (struct mail_work *work = mail->work; work->stage < MAIL_STAGES; work->stage++, work->next = 0)
        if (budget_slice_is_over() || !stages[work->stage](mail))
            return false;
    if (mail->cut)
        forgive_cut(mail);
    drop_work(mail);
    return true;
}

static void
parse(struct mail *mail, const struct mail_settings *settings, struct span text, bool cut)
{
    mail_begin(mail, settings, text, cut);
    while (!mail_go_on(mail))
        ;
}

void
mail_parse(struct mail *mail, const struct mail_settings *settings, struct span text)
{
    parse(mail, settings, text, false);
}

void
mail_parse_cut(struct mail *mail, const struct mail_settings *settings, struct span text)
{
    parse(mail, settings, text, true);
}

void
mail_free(struct mail *mail)
{
    drop_work(mail);
    spans_free(&mail->uris);
    uri_details_free(&mail->uri_details);
    spans_free(&mail->rawbody);
    spans_free(&mail->body);
    mail_headers_free(&mail->headers);
    mail_memo_free(&mail->memo);
    arena_free(&mail->arena);
    *mail = (struct mail){0};
}
