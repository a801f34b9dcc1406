/* What header fields are written with: octets that may not be there, charsets nobody here reads, capitals, templates.
 */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"
#include "rules/eval/header_eval.h"

struct header_chars {
    char  *field;
    double ratio, count;
};

enum { CAPITALS_MIN = 10 }; /* octets of a subject that may shout */

static bool
is_control(unsigned char c)
{
    return c < ' ' && c != '\t' && c != '\n' && c != '\r';
}

struct octet_counts {
    size_t controls, high, signs;
};

/* `signs`: cent, pound and registered, in ISO 8859-1. */
static struct octet_counts
count_octets(struct span text)
{
    struct octet_counts counts = {0};

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        counts.controls += is_control(c);
        counts.high += c >= 0x7f;
        counts.signs += c == 0xa2 || c == 0xa3 || c == 0xae;
    }
    return counts;
}

/* Well-formed, and with a character beyond ASCII. */
static bool
is_utf8(struct span text)
{
    bool     beyond = false;
    unsigned code;

    while (text.len > 0) {
        size_t len = utf8_read(text, &code);

        if (len == 0)
            return false;
        beyond |= code > 0x7f;
        text = span_tail(text, len);
    }
    return beyond;
}

int
header_prepare_chars(struct eval_call *call, void *settings, struct bytes *why)
{
    struct header_chars *chars = memory_new(sizeof(*chars));
    struct bytes         field = {0};

    (void)settings;
    (void)why;
    bytes_add(&field, call->arguments[0]);
    if (field.len < 4 || memcmp(field.data + field.len - 4, ":raw", 4) != 0)
        bytes_add(&field, SPAN(":raw"));
    chars->field   = field.data;
    chars->ratio   = strtod(call->arguments[1].data, NULL);
    chars->count   = strtod(call->arguments[2].data, NULL);
    call->prepared = chars;
    return 0;
}

void
header_release_chars(void *prepared)
{
    struct header_chars *chars = prepared;

    free(chars->field);
    free(chars);
}

/* That a field holds octets that have to be encoded (RFC 2047): so many, and so much of it. */
unsigned
header_illegal_chars(struct eval_run *run, const struct eval_call *call)
{
    const struct header_chars *chars  = call->prepared;
    struct span                text   = eval_field(run, chars->field);
    struct octet_counts        counts = count_octets(text);
    double                     illegal;

    if (text_is_blank(text) || (counts.controls == 0 && is_utf8(text)))
        return 0;
    illegal = (double)(counts.controls + counts.high);
    if (counts.signs == 1 && strcasecmp(chars->field, "Subject:raw") == 0)
        illegal--;
    return illegal / (double)text.len >= chars->ratio && illegal >= chars->count;
}

/* An encoded word whose charset the admin's languages are not written in. */
static bool
has_faraway_word(struct span raw, const struct locales *locales)
{
    static struct regex_built_in word = {"=\\?(.+?)\\?.\\?.*?\\?=", "", NULL};
    struct regex_found           found;
    size_t                       at = 0;

    while (locales->some && at <= raw.len && regex_find(regex_of(&word), raw, at, &found)) {
        if (!locales_allow(locales, regex_group(&found, 1)))
            return true;
        at = regex_next(&found);
    }
    return false;
}

unsigned
header_faraway_charset(struct eval_run *run, const struct eval_call *call)
{
    const struct locales *locales = header_ok_locales(run);

    (void)call;
    return has_faraway_word(eval_field(run, "From:raw"), locales) ||
           has_faraway_word(eval_field(run, "Subject:raw"), locales);
}

/* Without white space at the ends, and "Re:" and what other languages have for it. */
static struct span
bare_subject(struct span subject)
{
    static struct regex_built_in prefix = {"^(?:(?:Re|Fwd|Fw|Aw|Antwort|WG|SV|VB|VS|VL):\\s*)+", "i", NULL};
    struct regex_found           found;

    subject = text_trim(subject);
    if (regex_find(regex_of(&prefix), subject, 0, &found))
        subject = span_tail(subject, regex_group(&found, 0).len);
    return subject;
}

/* More than one word, no small letter. In some charsets, other letters look like capitals. */
unsigned
header_all_caps(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in charset = {
        "=\\?[-\\w]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|georgianps|pt154|tis)[-\\w]*\\?", "i", NULL};
    struct span subject = bare_subject(eval_field(run, "Subject"));
    bool        words = false, capitals = false;

    (void)call;
    for (size_t i = 0; i < subject.len; i++) {
        if (subject.data[i] >= 'a' && subject.data[i] <= 'z')
            return 0;
        capitals |= subject.data[i] >= 'A' && subject.data[i] <= 'Z';
        words |= isspace((unsigned char)subject.data[i]) != 0;
    }
    return words && capitals && subject.len >= CAPITALS_MIN && !eval_matches(&charset, eval_field(run, "Subject:raw"));
}

/* "%NAME", which a program should have put something in place of. */
unsigned
header_unresolved_template(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in template  = {"%[A-Z][A-Z_-]", "", NULL};
    static struct regex_built_in free_text = {"^(?:X-VMS-To|X-UIDL|X-Face|To|Cc|From|Subject|References|In-Reply-To|"
                                              "(?:X-|Resent-|X-Original-)?Message-Id):",
                                              "i", NULL};
    struct span                  all       = eval_field(run, "ALL"), line;

    (void)call;
    while (eval_next_line(&all, &line))
        if (eval_matches(&template, line) && !eval_matches(&free_text, line))
            return 1;
    return 0;
}
