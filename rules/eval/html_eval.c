/* HTMLEval: what is odd about HTML. Each function hits if one part of a mail is as it says. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/eval/comparison.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/html_walk.h"
#include "rules/eval/plugins.h"
#include "rules/mail/html_text.h"

/* html_test('embeds'): is there any of it, or is it more than 0? */
static unsigned
html_test(struct eval_run *run, const struct eval_call *call)
{
    enum html_number         number = html_number_called(call->arguments[0]);
    enum html_list           list   = html_list_called(call->arguments[0]);
    const struct html_facts *html;

    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;)
        if ((number < HTML_NUMBERS && !isnan(html->numbers[number]) && html->numbers[number] != 0) ||
            (list < HTML_LISTS && html->list_counts[list] > 0))
            return 1;
    return 0;
}

/* More than `low`, and not more than `high`? "inf" is without end. */
static bool
is_between(double number, struct span low, struct span high)
{
    return number > strtod(low.data, NULL) && (high.len == 0 || number <= strtod(high.data, NULL));
}

/* html_range('closed_extra_ratio', '0.09', 'inf') */
static unsigned
html_range(struct eval_run *run, const struct eval_call *call)
{
    enum html_number         number = html_number_called(call->arguments[0]);
    const struct html_facts *html;

    for (size_t part = 0; number < HTML_NUMBERS && (html = html_walk(run, &part)) != NULL;)
        if (is_between(html->numbers[number], call->arguments[1], call->arguments[2]))
            return 1;
    return 0;
}

/* html_eval('length', '< 512') */
static unsigned
html_eval(struct eval_run *run, const struct eval_call *call)
{
    enum html_number         number = html_number_called(call->arguments[0]);
    const struct html_facts *html;

    for (size_t part = 0; number < HTML_NUMBERS && (html = html_walk(run, &part)) != NULL;)
        if (!isnan(html->numbers[number]) && comparison_holds(call->prepared, html->numbers[number]))
            return 1;
    return 0;
}

/*
 * Does a message that was cut end in this part, whose elements could then not be closed? `part` is the number of the
 * next.
 */
static bool
is_cut(const struct eval_run *run, size_t part)
{
    return run->mail->cut && part == run->mail->parts.count;
}

/* html_tag_balance('body', '!= 0'): of how many open elements is there no end? */
static unsigned
html_tag_balance(struct eval_run *run, const struct eval_call *call)
{
    const struct html_facts *html;

    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;) {
        double open = html_inside(html, call->arguments[0]);

        if (open > 0 && is_cut(run, part))
            open = 0;
        if (!isnan(open) && comparison_holds(call->prepared, open))
            return 1;
    }
    return 0;
}

static unsigned
html_tag_exists(struct eval_run *run, const struct eval_call *call)
{
    const struct html_facts *html;

    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;)
        if (!isnan(html_inside(html, call->arguments[0])))
            return 1;
    return 0;
}

/* html_image_only('0400', '0800'): is there an image, in a source of that length? */
static unsigned
html_image_only(struct eval_run *run, const struct eval_call *call)
{
    const struct html_facts *html;

    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;)
        if (!isnan(html_inside(html, SPAN("img"))) &&
            is_between(html->numbers[HTML_LENGTH], call->arguments[0], call->arguments[1]))
            return 1;
    return 0;
}

/* html_image_ratio('0.000', '0.002'): characters for each pixel. */
static unsigned
html_image_ratio(struct eval_run *run, const struct eval_call *call)
{
    const struct html_facts *html;

    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;) {
        double pixels = html->numbers[HTML_IMAGE_AREA];

        if (pixels > 0 &&
            is_between(html->numbers[HTML_NON_SPACE_LEN] / pixels, call->arguments[0], call->arguments[1]))
            return 1;
    }
    return 0;
}

/* Does the pattern match a text in the list, or with `matches` false, is there one that it does not match? */
static unsigned
any_text(struct eval_run *run, const struct eval_call *call, bool matches)
{
    enum html_list           list = html_list_called(call->arguments[0]);
    const struct html_facts *html;

    for (size_t part = 0; list < HTML_LISTS && (html = html_walk(run, &part)) != NULL;)
        for (size_t i = 0; i < html->list_counts[list]; i++)
            if (regex_matches(call->prepared, html_characters(run, html->lists[list][i])) == matches)
                return 1;
    return 0;
}

/* html_text_match('title', '.{120}') */
static unsigned
html_text_match(struct eval_run *run, const struct eval_call *call)
{
    return any_text(run, call, true);
}

static unsigned
html_text_not_match(struct eval_run *run, const struct eval_call *call)
{
    return any_text(run, call, false);
}

/* html_title_subject_ratio('3.5'): is the longest title so much longer than the Subject? */
static unsigned
html_title_subject_ratio(struct eval_run *run, const struct eval_call *call)
{
    struct span              subject = eval_field(run, "Subject");
    double                   least   = strtod(call->arguments[0].data, NULL) * (double)subject.len;
    const struct html_facts *html;

    for (size_t part = 0; subject.len > 0 && (html = html_walk(run, &part)) != NULL;) {
        for (size_t i = 0; i < html->list_counts[HTML_TITLES]; i++) {
            struct span title = html->lists[HTML_TITLES][i];

            if (!span_equal(title, SPAN("0")) && (double)html_text_count(title) > least)
                return 1;
        }
    }
    return 0;
}

/* SpamAssassin looks for the charsets that <meta> names where it does not keep them, and never finds any. */
static unsigned
html_charset_faraway(struct eval_run *run, const struct eval_call *call)
{
    (void)run;
    (void)call;
    return 0;
}

static unsigned
check_iframe_src(struct eval_run *run, const struct eval_call *call)
{
    const struct html_facts *html;

    (void)call;
    for (size_t part = 0; (html = html_walk(run, &part)) != NULL;)
        for (size_t i = 0; i < html->link_count; i++)
            if ((html->links[i].types & URI_IFRAME) != 0)
                return 1;
    return 0;
}

static int
prepare_comparison(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    call->prepared = comparison_read(call->arguments[1], why);
    return call->prepared != NULL ? 0 : -1;
}

static int
prepare_pattern(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    call->prepared = regex_compile(call->arguments[1], SPAN(""), why);
    return call->prepared != NULL ? 0 : -1;
}

static void
release_pattern(void *prepared)
{
    struct regex *pattern = prepared;

    regex_free(&pattern);
}

/* "inf" is as good as no end. */
static int
prepare_range(struct eval_call *call, void *settings, struct bytes *why)
{
    (void)settings;
    (void)why;
    if (call->argument_count < 3 || span_equal(call->arguments[2], SPAN("inf")))
        call->arguments[2] = SPAN("");
    return 0;
}

static const struct eval_function functions[] = {
    {"check_iframe_src", 0, 0, check_iframe_src, NULL, NULL},
    {"html_charset_faraway", 0, 0, html_charset_faraway, NULL, NULL},
    {"html_eval", 2, 2, html_eval, prepare_comparison, comparison_free},
    {"html_image_only", 2, 2, html_image_only, NULL, NULL},
    {"html_image_ratio", 2, 2, html_image_ratio, NULL, NULL},
    {"html_range", 2, 3, html_range, prepare_range, NULL},
    {"html_tag_balance", 2, 2, html_tag_balance, prepare_comparison, comparison_free},
    {"html_tag_exists", 1, 1, html_tag_exists, NULL, NULL},
    {"html_test", 1, 1, html_test, NULL, NULL},
    {"html_text_match", 2, 2, html_text_match, prepare_pattern, release_pattern},
    {"html_text_not_match", 2, 2, html_text_not_match, prepare_pattern, release_pattern},
    {"html_title_subject_ratio", 1, 1, html_title_subject_ratio, NULL, NULL},
    {.name = NULL},
};

const struct eval_plugin html_eval_plugin = {.name = "HTMLEval", .functions = functions};
