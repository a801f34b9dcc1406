/* MIMEEval: how a message is put together, and what it is written in. */
#include <glib.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/eval/header_eval.h"
#include "rules/eval/mime_eval.h"

enum {
    UPPERCASE_MIN    = 200, /* octets of text that may shout */
    HIGH_MIN         = 3,   /* octets beyond ASCII that say something */
    BASE64_LINES_MIN = 122, /* octets of two lines of base64 that became one */
};

/* One in quotes is better than one without, wherever they are, as there may be two fields. */
static struct regex_built_in charset_pattern = {"\\A(?|.*?charset=\"([^\"]+)\"|.*?charset='([^']+)'|.*?charset=(\\S+))",
                                                "is", NULL};
static struct regex_built_in shouting_charset = {
    "^[-_a-z0-9]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-_a-z0-9]*$", "i", NULL};
static struct regex_built_in base64_pattern = {"^(?:[A-Za-z0-9+/=]{60,76} ){2}", "", NULL};
static struct regex_built_in html_pattern   = {"^text/html", "i", NULL};
static struct regex_built_in ratio_pattern  = {"^\\d{0,3}\\.\\d{1,3}$", "", NULL};

/* The facts that rules ask for by name. */
static const struct fact {
    const char *name;
    size_t      offset;
} facts_by_name[] = {
#define FACT(name)                                                                                                     \
    {                                                                                                                  \
#name, offsetof(struct mime_facts, name)                                                                       \
    }
    FACT(mime_base64_count),       FACT(mime_qp_count),           FACT(mime_qp_bytes),
    FACT(mime_qp_long_line),       FACT(mime_qp_ratio),           FACT(mime_body_html_count),
    FACT(mime_body_text_count),    FACT(mime_attachment),         FACT(mime_base64_encoded_text),
    FACT(mime_bad_iso_charset),    FACT(mime_faraway_charset),    FACT(mime_missing_boundary),
    FACT(mime_multipart_ratio),    FACT(mime_ascii_text_illegal), FACT(mime_multipart_alternative),
    FACT(mime_text_unicode_ratio),
#undef FACT
};

/* What was wrong with the message while it was read, by name. */
static const struct flaw {
    const char *name;
    size_t      offset; /* in the mail */
} flaws_by_name[] = {
    {"missing_head_body_separator", offsetof(struct mail, flaws.missing_head_body_separator)},
    {"truncated_header", offsetof(struct mail, flaws.truncated_header)},
    {"missing_mime_headers", offsetof(struct mail, parts.flaws.missing_mime_headers)},
    {"missing_mime_head_body_separator", offsetof(struct mail, parts.flaws.missing_mime_head_body_separator)},
    {"mime_epilogue_exists", offsetof(struct mail, parts.flaws.mime_epilogue_exists)},
    {"mimepart_limit_exceeded", offsetof(struct mail, parts.flaws.mimepart_limit_exceeded)},
};

/* Finds the fact by its name. One that nobody knows is never there. */
static int
prepare_fact(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    (void)why;
    for (size_t i = 0; i < COUNT_OF(facts_by_name); i++)
        if (span_equal(call->arguments[0], span_of(facts_by_name[i].name)))
            call->prepared = (void *)&facts_by_name[i];
    return 0;
}

static unsigned
check_for_mime(struct eval_run *run, const struct eval_call *call)
{
    const struct fact *fact = call->prepared;
    double             value;

    if (fact == NULL)
        return 0;
    memcpy(&value, (const char *)mime_facts(run) + fact->offset, sizeof(value));
    return value != 0;
}

static int
prepare_flaw(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    (void)why;
    for (size_t i = 0; i < COUNT_OF(flaws_by_name); i++)
        if (span_equal(call->arguments[0], span_of(flaws_by_name[i].name)))
            call->prepared = (void *)&flaws_by_name[i];
    return 0;
}

static unsigned
check_msg_parse_flags(struct eval_run *run, const struct eval_call *call)
{
    const struct flaw *flaw = call->prepared;

    return flaw != NULL && *(const bool *)((const char *)run->mail + flaw->offset);
}

static unsigned
check_for_mime_html(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return eval_field_matches(run, "Content-Type", &html_pattern) || mime_facts(run)->mime_body_html_count > 0;
}

static unsigned
check_for_mime_html_only(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return eval_field_matches(run, "Content-Type", &html_pattern) ||
           (mime_facts(run)->mime_body_html_count > 0 && mime_facts(run)->mime_body_text_count == 0);
}

static unsigned
check_mime_multipart_ratio(struct eval_run *run, const struct eval_call *call)
{
    double ratio = mime_facts(run)->mime_multipart_ratio;

    return ratio >= eval_number(call, 0, 0) && ratio < eval_number(call, 1, 0);
}

static unsigned
check_for_ascii_text_illegal(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return mime_facts(run)->mime_ascii_text_illegal > 0;
}

static unsigned
check_abundant_unicode_ratio(struct eval_run *run, const struct eval_call *call)
{
    return eval_matches(&ratio_pattern, call->arguments[0]) &&
           mime_facts(run)->mime_text_unicode_ratio >= eval_number(call, 0, 0);
}

static unsigned
check_qp_ratio(struct eval_run *run, const struct eval_call *call)
{
    return mime_facts(run)->mime_qp_ratio >= eval_number(call, 0, 0);
}

/* The charset that a field Content-Type names; data NULL: none. */
static struct span
declared_charset(struct eval_run *run)
{
    struct regex_found found;

    return regex_find(regex_of(&charset_pattern), eval_field(run, "Content-Type"), 0, &found) ? regex_group(&found, 1)
                                                                                              : (struct span){0};
}

/* At least half of what its readers see is beyond ASCII? */
static bool
is_mostly_high(const struct mail *mail)
{
    size_t high = 0, all = mail->body.count > 0 ? mail->body.count - 1 : 0;

    for (size_t i = 0; i < mail->body.count; i++) {
        all += mail->body.items[i].len;
        for (size_t j = 0; j < mail->body.items[i].len; j++)
            high += (unsigned char)mail->body.items[i].data[j] >= 0x80;
    }
    return high > HIGH_MIN && all - high <= high;
}

static unsigned
check_for_faraway_charset(struct eval_run *run, const struct eval_call *call)
{
    struct span charset = declared_charset(run);

    (void)call;
    return charset.data != NULL && !locales_allow(header_ok_locales(run), charset) && is_mostly_high(run->mail);
}

/* Is the text in a charset whose letters can look like capitals of ASCII? */
static bool
may_only_look_like_shouting(struct eval_run *run)
{
    struct span charset = declared_charset(run), rest = bytes_span(&mime_facts(run)->charsets);

    if (charset.data != NULL && eval_matches(&shouting_charset, charset))
        return true;
    while ((charset = text_next_token(&rest)).len > 0)
        if (eval_matches(&shouting_charset, charset))
            return true;
    return false;
}

struct letters {
    double all, capitals, others; /* octets; digits are among the others */
};

static void
count_letters(struct span line, struct letters *letters)
{
    letters->all += (double)line.len;
    for (size_t i = 0; i < line.len; i++) {
        letters->capitals += line.data[i] >= 'A' && line.data[i] <= 'Z';
        letters->others += (line.data[i] >= 'a' && line.data[i] <= 'z') || (line.data[i] >= '0' && line.data[i] <= '9');
    }
}

/* From the first "ESC $ B", which begins Japanese text in ISO 2022, to the last "ESC ( B", which ends it. */
static void
count_without_japanese(struct span line, struct letters *letters)
{
    const char *start = line.len > 0 ? memmem(line.data, line.len, "\033$B", 3) : NULL, *end = NULL;
    struct span rest = line;

    for (const char *at = start; at != NULL; at = memmem(at + 1, (size_t)(line.data + line.len - at) - 1, "\033(B", 3))
        end = at != start ? at : end;
    if (end != NULL) {
        count_letters(span_head(line, (size_t)(start - line.data)), letters);
        rest = span_tail(line, (size_t)(end + 3 - line.data));
    }
    count_letters(rest, letters);
}

/* White space between other things? */
static bool
has_words(struct span line)
{
    struct span rest = text_trim(line);

    for (size_t i = 0; i < rest.len; i++)
        if (rest.data[i] == ' ' || (rest.data[i] >= '\t' && rest.data[i] <= '\r'))
            return true;
    return false;
}

static double
uppercase_percentage(struct eval_run *run)
{
    struct letters letters = {0};

    if (may_only_look_like_shouting(run))
        return 0;
    for (size_t i = 0; i < run->mail->body.count; i++) {
        struct span line = run->mail->body.items[i];

        if (has_words(line) && (line.len < BASE64_LINES_MIN || !eval_matches(&base64_pattern, line)))
            count_without_japanese(line, &letters);
    }
    if (letters.all < UPPERCASE_MIN || letters.capitals + letters.others == 0)
        return 0;
    return letters.capitals / (letters.capitals + letters.others) * 100;
}

static unsigned
check_for_uppercase(struct eval_run *run, const struct eval_call *call)
{
    struct mime_facts *facts = mime_facts(run);

    if (!facts->uppercase_known)
        facts->uppercase = uppercase_percentage(run);
    facts->uppercase_known = true;
    return facts->uppercase > eval_number(call, 0, 0) && facts->uppercase <= eval_number(call, 1, 0);
}

/* A leaf of multipart/alternative that is neither text nor what often goes with it. */
static bool
is_no_alternative(const struct mime_part *part)
{
    return part->leaf && !span_equal_nocase(part->type, SPAN("multipart/related")) &&
           !span_equal_nocase(part->type, SPAN("application/rtf")) && !span_starts_nocase(part->type, SPAN("text/"));
}

static unsigned
check_ma_non_text(struct eval_run *run, const struct eval_call *call)
{
    const struct mime_part *parts = run->mail->parts.items;

    (void)call;
    for (size_t i = 0; i < run->mail->parts.count; i++) {
        if (!span_equal(parts[i].type, SPAN("multipart/alternative")))
            continue;
        if (is_no_alternative(&parts[i]))
            return 1;
        for (size_t child = i + 1; child < parts[i].end; child = parts[child].end)
            if (is_no_alternative(&parts[child]))
                return 1;
    }
    return 0;
}

static double
longest_line(struct span text)
{
    size_t longest = 0;

    while (text.len > 0) {
        size_t len = text_next_line(&text).len;

        longest = len > longest ? len : longest;
    }
    return (double)longest;
}

/* Invitations have long lines, and are honest. */
static double
base64_length(const struct mail *mail)
{
    double longest = 0;

    for (size_t i = 0; i < mail->parts.count; i++) {
        const struct mime_part *part = &mail->parts.items[i];

        if (part->leaf && !span_equal(part->type, SPAN("application/ics")) &&
            span_equal_nocase(mime_field(part, SPAN("Content-Transfer-Encoding")), SPAN("base64")))
            longest = MAX(longest, longest_line(part->raw));
    }
    return longest;
}

static unsigned
check_base64_length(struct eval_run *run, const struct eval_call *call)
{
    struct mime_facts *facts = mime_facts(run);

    if (!facts->base64_known)
        facts->base64_length = base64_length(run->mail);
    facts->base64_known = true;
    return facts->base64_length >= eval_number(call, 0, 0) && facts->base64_length <= eval_number(call, 1, INFINITY);
}

static void
forget_facts(void *facts)
{
    bytes_free(&((struct mime_facts *)facts)->charsets);
}

static const struct eval_function functions[] = {
    {.name = "check_for_mime", .least = 1, .most = 1, .run = check_for_mime, .prepare = prepare_fact},
    {.name = "check_for_mime_html", .run = check_for_mime_html},
    {.name = "check_for_mime_html_only", .run = check_for_mime_html_only},
    {.name = "check_mime_multipart_ratio", .least = 2, .most = 2, .run = check_mime_multipart_ratio},
    {.name = "check_msg_parse_flags", .least = 1, .most = 1, .run = check_msg_parse_flags, .prepare = prepare_flaw},
    {.name = "check_for_ascii_text_illegal", .run = check_for_ascii_text_illegal},
    {.name = "check_abundant_unicode_ratio", .least = 1, .most = 1, .run = check_abundant_unicode_ratio},
    {.name = "check_for_faraway_charset", .run = check_for_faraway_charset},
    {.name = "check_for_uppercase", .least = 2, .most = 2, .run = check_for_uppercase},
    {.name = "check_ma_non_text", .run = check_ma_non_text},
    {.name = "check_base64_length", .least = 1, .most = 2, .run = check_base64_length},
    {.name = "check_qp_ratio", .least = 1, .most = 1, .run = check_qp_ratio},
    {.name = NULL},
};

static const char *const features[] = {
    "has_check_for_ascii_text_illegal",
    "has_check_abundant_unicode_ratio",
    "has_check_qp_ratio",
    NULL,
};

const struct eval_plugin mime_eval_plugin = {
    .name       = "MIMEEval",
    .functions  = functions,
    .features   = features,
    .facts_size = sizeof(struct mime_facts),
    .forget     = forget_facts,
};
