/* Fields are put on top one by one, the last first. */
#include "filters/verdict.h"
#include "base/count.h"
#include "rules/mail/charset.h"
#include "rules/mail/words.h"
#include "rules/spamassassin/score.h"

#define DECIMALS_MAX 1e15 /* numbers that are written without printf(3) */

enum {
    STARS_MAX   = 50,  /* in X-Spam-Level */
    USUAL_VALUE = 250, /* octets of a field's value, nearly always */
    TESTS_WIDTH = 60,  /* octets of rules' names behind which X-Spam-Status may be folded */
};

/* The fields that are written here. */
static const struct span verdict_fields[] = {SPAN("X-Spam-Flag"), SPAN("X-Spam-Score"), SPAN("X-Spam-Level"),
                                             SPAN("X-Spam-Status")};

bool
verdict_is_spam(const struct verdict *verdict)
{
    return verdict->score >= verdict->required;
}

/* The score with one decimal. Rounding never makes it reach `required` where it does not. */
static double
shown_score(const struct verdict *verdict)
{
    double shown = score_round(verdict->score, 10);

    return !verdict_is_spam(verdict) && shown >= verdict->required ? shown - 0.1 : shown;
}

/* A number with one decimal; printf(3) takes long for it. */
static void
add_decimal(struct bytes *text, double number)
{
    double   size   = number < 0 ? -number : number;
    uint64_t tenths = size < DECIMALS_MAX ? (uint64_t)(size * 10 + 0.5) : 0;

    if (!(size < DECIMALS_MAX)) {
        bytes_printf(text, "%.1f", number);
        return;
    }
    if (number < 0 && tenths > 0)
        bytes_add_char(text, '-');
    bytes_add_number(text, tenths / 10);
    bytes_add_char(text, '.');
    bytes_add_number(text, tenths % 10);
}

/* The value's memory is for the next one. */
static void
put_on_top(struct header_list *list, struct span name, struct bytes *value)
{
    headers_insert(list, 0, name, bytes_span(value));
    bytes_clear(value);
}

/* The rules' names, with a space where the line is long enough to be folded. */
static void
add_tests(struct span rules, struct bytes *value)
{
    size_t width = 0;

    if (rules.len == 0)
        bytes_add(value, SPAN("none"));
    while (rules.len > 0) {
        const char *comma = memchr(rules.data, ',', rules.len);
        size_t      len   = comma != NULL ? (size_t)(comma - rules.data) + 1 : rules.len;

        if (width > 0 && width + len > TESTS_WIDTH) {
            bytes_add_char(value, ' ');
            width = 0;
        }
        bytes_add(value, span_head(rules, len));
        rules = span_tail(rules, len);
        width += len;
    }
}

static void
write_status(const struct verdict *verdict, struct header_list *list, struct bytes *value)
{
    bytes_add(value, verdict_is_spam(verdict) ? SPAN("Yes, score=") : SPAN("No, score="));
    add_decimal(value, shown_score(verdict));
    bytes_add(value, SPAN(" required="));
    add_decimal(value, verdict->required);
    bytes_add(value, SPAN(" tests="));
    add_tests(verdict->rules, value);
    bytes_add(value, SPAN(" popgate=" POPGATE_VERSION));
    put_on_top(list, SPAN("X-Spam-Status"), value);
}

static void
write_level(const struct verdict *verdict, struct header_list *list, struct bytes *value)
{
    for (int stars = 0; stars < STARS_MAX && stars + 1 <= verdict->score; stars++)
        bytes_add_char(value, '*');
    put_on_top(list, SPAN("X-Spam-Level"), value);
}

static void
write_score(const struct verdict *verdict, struct header_list *list, struct bytes *value)
{
    add_decimal(value, shown_score(verdict));
    put_on_top(list, SPAN("X-Spam-Score"), value);
}

static void
write_flag(const struct verdict *verdict, struct header_list *list)
{
    if (verdict_is_spam(verdict))
        headers_insert(list, 0, SPAN("X-Spam-Flag"), SPAN("YES"));
}

/*
 * The tag as it stands in a header in front of `subject`. White space between two encoded words is not shown, and that
 * between one and a plain word is: the spaces at a tag's end go into its word in the one case, behind it in the other.
 */
static void
add_tag(struct span tag, struct span subject, struct bytes *value)
{
    bool        encoded = subject.len >= 2 && memcmp(subject.data, "=?", 2) == 0;
    struct span word    = tag;

    while (word.len > 0 && word.data[word.len - 1] == ' ')
        word.len--;
    if (charset_is_ascii(tag)) {
        bytes_add(value, tag);
        if (encoded && word.len == tag.len)
            bytes_add_char(value, ' ');
        return;
    }
    words_encode(encoded ? tag : word, value);
    if (subject.len > 0)
        bytes_add_char(value, ' ');
}

/* The tag with what its placeholders stand for; of SpamAssassin's there are these. */
static void
fill_tag(const struct verdict *verdict, struct bytes *tag)
{
    const struct {
        struct span name;
        double      number;
    } placeholders[] = {
        {SPAN("_SCORE_"), shown_score(verdict)},
        {SPAN("_HITS_"), shown_score(verdict)},
        {SPAN("_REQD_"), verdict->required},
    };
    struct span rest = verdict->tag;

    while (rest.len > 0) {
        size_t row = 0;

        while (row < COUNT_OF(placeholders) && !span_starts(rest, placeholders[row].name))
            row++;
        if (row < COUNT_OF(placeholders)) {
            add_decimal(tag, placeholders[row].number);
            rest = span_tail(rest, placeholders[row].name.len);
        } else {
            bytes_add_char(tag, rest.data[0]);
            rest = span_tail(rest, 1);
        }
    }
}

static bool
has_tag(struct span tag, struct span subject)
{
    struct bytes shown = {0};
    bool         has;

    while (tag.len > 0 && tag.data[tag.len - 1] == ' ')
        tag.len--;
    words_decode(SPAN("Subject"), subject, &shown);
    has = span_starts(bytes_span(&shown), tag);
    bytes_free(&shown);
    return has;
}

static void
tag_subject(struct span tag, struct header_list *list, size_t at)
{
    struct bytes subject = {0}, value = {0};

    headers_unfold(&list->fields[at], &subject);
    if (!has_tag(tag, bytes_span(&subject))) {
        add_tag(tag, bytes_span(&subject), &value);
        bytes_add(&value, bytes_span(&subject));
        headers_replace(list, at, bytes_span(&value));
    }
    bytes_free(&value);
    bytes_free(&subject);
}

static void
tag_subjects(const struct verdict *verdict, struct header_list *list)
{
    struct bytes tag = {0}, value = {0};
    ssize_t      at = headers_find(list, SPAN("Subject"), 0);

    fill_tag(verdict, &tag);
    if (at < 0) {
        add_tag(bytes_span(&tag), (struct span){0}, &value);
        headers_insert(list, headers_sound(list), SPAN("Subject"), bytes_span(&value));
    }
    for (; at >= 0; at = headers_find(list, SPAN("Subject"), (size_t)at + 1))
        tag_subject(bytes_span(&tag), list, (size_t)at);
    bytes_free(&tag);
    bytes_free(&value);
}

void
verdict_write(const struct verdict *verdict, struct header_list *list)
{
    struct bytes value = {0};

    (void)headers_remove_all(list, verdict_fields, COUNT_OF(verdict_fields));
    if (verdict_is_spam(verdict) && verdict->tag.len > 0)
        tag_subjects(verdict, list);
    (void)bytes_reserve(&value, USUAL_VALUE);
    write_status(verdict, list, &value);
    write_level(verdict, list, &value);
    write_score(verdict, list, &value);
    bytes_free(&value);
    write_flag(verdict, list);
    headers_finish(list);
}
