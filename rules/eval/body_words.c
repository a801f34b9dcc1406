/*
 * The words of HTML that its plain alternative has not, or has less often: who writes a harmless text for filters and
 * another for people has many of them.
 */
#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "rules/eval/body_eval.h"
#include "rules/mail/charset.h"
#include "rules/mail/html.h"
#include "rules/mail/span_index.h"

enum { TEXT_MAX = 1024 * 1024 }; /* octets of a part that are looked at */

/* How often a word is there. */
struct count {
    unsigned html, plain;
};

/* One multipart/alternative. */
struct words {
    struct span_index index;
    struct count     *counts; /* by the words' numbers */
    size_t            capacity;
    size_t            html, plain; /* different words */
};

static bool
is_word_character(gunichar c)
{
    static const bool in_words[G_UNICODE_SPACE_SEPARATOR + 1] = {
        [G_UNICODE_LOWERCASE_LETTER] = true, [G_UNICODE_UPPERCASE_LETTER] = true,
        [G_UNICODE_TITLECASE_LETTER] = true, [G_UNICODE_MODIFIER_LETTER] = true,
        [G_UNICODE_OTHER_LETTER] = true,     [G_UNICODE_SPACING_MARK] = true,
        [G_UNICODE_ENCLOSING_MARK] = true,   [G_UNICODE_NON_SPACING_MARK] = true,
        [G_UNICODE_DECIMAL_NUMBER] = true,   [G_UNICODE_CONNECT_PUNCTUATION] = true,
        [G_UNICODE_LETTER_NUMBER] = true,
    };

    return in_words[g_unichar_type(c)];
}

/* Is there a letter or digit in it, and not only signs? */
static bool
is_word(struct span text, bool octets)
{
    while (text.len > 0) {
        bool     ascii = (unsigned char)text.data[0] < 0x80;
        unsigned code  = 0;
        size_t   len   = ascii || octets ? 1 : utf8_read(text, &code);

        if (ascii ? g_ascii_isalnum(text.data[0]) || text.data[0] == '_' : is_word_character(code))
            return true;
        text = span_tail(text, len > 0 ? len : 1);
    }
    return false;
}

static void
add_word(struct words *words, struct span text, bool html)
{
    size_t before = words->index.spans.count, number = span_index_add(&words->index, text);

    if (number == words->capacity) {
        words->capacity = words->capacity > 0 ? words->capacity * 2 : 256;
        words->counts   = memory_resize_array(words->counts, words->capacity, sizeof words->counts[0]);
    }
    if (number == before)
        words->counts[number] = (struct count){0};
    if (html && words->counts[number].html++ == 0)
        words->html++;
    if (!html && words->counts[number].plain++ == 0)
        words->plain++;
}

/* White space as Perl has it in that text. */
static size_t
white_space(struct span text, bool octets)
{
    return octets && (unsigned char)text.data[0] >= 0x80 ? 0 : charset_white_space(text);
}

static void
add_words(struct words *words, const struct mime_part *part, bool html)
{
    struct span rest = part->rendered;

    if (rest.len > TEXT_MAX)
        rest.len = TEXT_MAX;
    while (rest.len > 0) {
        size_t len = 0, space;

        while (len < rest.len && (space = white_space(span_tail(rest, len), part->octets)) == 0)
            len++;
        if (len > 0 && is_word(span_head(rest, len), part->octets))
            add_word(words, span_head(rest, len), html);
        rest = span_tail(rest, len < rest.len ? len + space : len);
    }
}

/* Words that are there more often in HTML. */
static size_t
count_missing(const struct words *words)
{
    size_t missing = 0;

    for (size_t i = 0; i < words->index.spans.count; i++)
        missing += words->counts[i].html > words->counts[i].plain;
    return missing;
}

static bool
has_image(const struct mime_part *part)
{
    return part->html != NULL && !isnan(html_inside(part->html, SPAN("img")));
}

static void
compare(struct eval_run *run, size_t index, struct body_facts *facts)
{
    const struct mime_parts *parts = &run->mail->parts;
    struct words             words = {0};

    for (size_t i = index; i < parts->items[index].end; i++) {
        const struct mime_part *part = &parts->items[i];
        bool                    text = part->leaf && span_starts_nocase(part->type, SPAN("text/"));

        if (text && (part->kind == MIME_HTML || part->kind == MIME_PLAIN))
            add_words(&words, part, part->kind == MIME_HTML);
        if (text && words.html == 0 && has_image(part))
            add_word(&words, SPAN("\n"), true); /* which is no word of a text */
    }
    if (words.html > 0) {
        facts->html_words = (double)words.html;
        facts->text_words = (double)words.plain;
        facts->difference = MAX(facts->difference, (double)count_missing(&words) / (double)words.html * 100);
    }
    free(words.counts);
    span_index_free(&words.index);
}

/* An invitation: HTML, and the same for calendars. */
static bool
is_invitation(const struct mime_parts *parts)
{
    return parts->count == 3 && span_equal(parts->items[0].type, SPAN("multipart/alternative")) &&
           span_equal(parts->items[1].type, SPAN("text/html")) && parts->items[1].end == 2 &&
           span_equal(parts->items[2].type, SPAN("text/calendar"));
}

static bool
is_alternative(struct span type)
{
    static const struct span start = {"multipart/alternative", sizeof "multipart/alternative" - 1};

    return span_starts_nocase(type, start) &&
           (type.len == start.len || (!g_ascii_isalnum(type.data[start.len]) && type.data[start.len] != '_'));
}

void
body_compare_alternatives(struct eval_run *run, struct body_facts *facts)
{
    const struct mime_parts *parts = &run->mail->parts;

    if (is_invitation(parts))
        return;
    for (size_t i = 0; i < parts->count; i++)
        if (is_alternative(parts->items[i].type))
            compare(run, i, facts);
}
