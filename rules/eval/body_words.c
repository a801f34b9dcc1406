/*
 * The words of HTML that its plain alternative lacks, or has less often: there are many where somebody wrote a harmless
 * text for filters and another for people.
 */
#include <glib.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/budget.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "rules/eval/body_eval.h"
#include "rules/mail/charset.h"
#include "rules/mail/html.h"
#include "rules/mail/span_index.h"

enum {
    TEXT_MAX  = 1024 * 1024, /* octets of a part that are looked at */
    WORD_COST = 4,           /* for an octet of a word, of what others take for one */
};

/* Number 0, which no text has: it stands for an image where HTML has no words. */
static const struct span image_word = {"\n", 1};

/* How often a word is there. */
struct count {
    unsigned html, plain;
};

/*
 * The words of all parts that stand in some multipart/alternative, read once: one can stand in the other. A word is a
 * number, where it is first seen the next.
 */
struct body_words {
    struct span_index index;
    uint32_t         *numbers; /* of the words of all parts, one behind the other */
    size_t            count, capacity;
    size_t           *starts;    /* of each part's words in `numbers`, and where the last one's end */
    struct count     *counts;    /* of one multipart/alternative, by number, */
    size_t html, plain, missing; /* and what they come to: different words, those that are there more often in HTML */
    size_t next;   /* the part that is looked at next: read, and then, if it is an alternative, compared */
    size_t inside; /* parts in front of it are in an alternative, or behind all of those so far */
    size_t at;     /* octets of that part that were read */
    bool   read;
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
add_word(struct body_words *words, struct span text)
{
    if (words->count == words->capacity) {
        words->capacity = words->capacity > 0 ? words->capacity * 2 : 256;
        words->numbers  = memory_resize_array(words->numbers, words->capacity, sizeof(words->numbers[0]));
    }
    words->numbers[words->count++] = (uint32_t)span_index_add(&words->index, text);
}

/* White space as Perl has it in that text. */
static size_t
white_space(struct span text, bool octets)
{
    return octets && (unsigned char)text.data[0] >= 0x80 ? 0 : charset_white_space(text);
}

/* Reads on in a part. False where the turn has had its slice. */
static bool
add_words(struct body_words *words, const struct mime_part *part)
{
    struct span text = span_head(part->rendered, part->rendered.len < TEXT_MAX ? part->rendered.len : TEXT_MAX);

    while (words->at < text.len) {
        struct span rest = span_tail(text, words->at);
        size_t      len  = 0, space;

        if (budget_slice_is_over())
            return false;
        while (len < rest.len && (space = white_space(span_tail(rest, len), part->octets)) == 0)
            len++;
        if (len > 0 && is_word(span_head(rest, len), part->octets))
            add_word(words, span_head(rest, len));
        words->at += len < rest.len ? len + space : len;
        (void)budget_use(len * WORD_COST);
    }
    words->at = 0;
    return true;
}

static bool
has_image(const struct mime_part *part)
{
    return part->html != NULL && !isnan(html_inside(part->html, SPAN("img")));
}

/* Is it an invitation: HTML, and the same for calendars? */
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
    static const struct span start = {"multipart/alternative", sizeof("multipart/alternative") - 1};

    return span_starts_nocase(type, start) &&
           (type.len == start.len || (!g_ascii_isalnum(type.data[start.len]) && type.data[start.len] != '_'));
}

static bool
has_words(const struct mime_part *part)
{
    return part->leaf && span_starts_nocase(part->type, SPAN("text/")) &&
           (part->kind == MIME_HTML || part->kind == MIME_PLAIN);
}

/* Reads the words of what stands in alternatives. */
static bool
read_words(struct body_words *words, const struct mime_parts *parts)
{
    for (; words->next < parts->count; words->next++) {
        const struct mime_part *part = &parts->items[words->next];

        if (budget_slice_is_over())
            return false;
        if (is_alternative(part->type) && part->end > words->inside)
            words->inside = part->end;
        if (words->at == 0)
            words->starts[words->next] = words->count;
        if (words->next < words->inside && has_words(part) && !add_words(words, part))
            return false;
    }
    words->starts[parts->count] = words->count;
    words->counts               = memory_new(words->index.spans.count * sizeof(words->counts[0]));
    words->next                 = 0;
    words->read                 = true;
    return true;
}

static void
count_word(struct body_words *words, uint32_t number, bool html)
{
    struct count *count = &words->counts[number];

    if (html) {
        words->html += count->html++ == 0;
        words->missing += count->html == count->plain + 1;
    } else {
        words->plain += count->plain++ == 0;
        words->missing -= count->html == count->plain;
    }
}

static void
compare_alternative(struct body_words *words, const struct mime_parts *parts, size_t index, struct body_facts *facts)
{
    words->html = words->plain = words->missing = 0;
    for (size_t i = index; i < parts->items[index].end && !budget_use(words->starts[i + 1] - words->starts[i]); i++) {
        const struct mime_part *part = &parts->items[i];

        for (size_t at = words->starts[i]; at < words->starts[i + 1]; at++)
            count_word(words, words->numbers[at], part->kind == MIME_HTML);
        if (part->leaf && span_starts_nocase(part->type, SPAN("text/")) && words->html == 0 && has_image(part))
            count_word(words, 0, true);
    }
    if (words->html > 0) {
        facts->html_words = (double)words->html;
        facts->text_words = (double)words->plain;
        facts->difference = MAX(facts->difference, (double)words->missing / (double)words->html * 100);
    }
    words->counts[0] = (struct count){0};
    for (size_t at = words->starts[index]; at < words->starts[parts->items[index].end]; at++)
        words->counts[words->numbers[at]] = (struct count){0};
}

static struct body_words *
words_new(const struct mime_parts *parts)
{
    struct body_words *words = memory_new(sizeof(*words));

    words->starts = memory_new((parts->count + 1) * sizeof(words->starts[0]));
    (void)span_index_add(&words->index, image_word);
    return words;
}

void
body_words_free(struct body_words **words)
{
    if (*words == NULL)
        return;
    free((*words)->counts);
    free((*words)->starts);
    free((*words)->numbers);
    span_index_free(&(*words)->index);
    free(*words);
    *words = NULL;
}

bool
body_compare_alternatives(struct eval_run *run, struct body_facts *facts)
{
    const struct mime_parts *parts = &run->mail->parts;

    if (is_invitation(parts))
        return true;
    if (facts->words == NULL)
        facts->words = words_new(parts);
    if (!facts->words->read && !read_words(facts->words, parts))
        return false;
    for (; facts->words->next < parts->count; facts->words->next++) {
        if (budget_slice_is_over())
            return false;
        if (is_alternative(parts->items[facts->words->next].type))
            compare_alternative(facts->words, parts, facts->words->next, facts);
    }
    body_words_free(&facts->words);
    return true;
}
