/* BodyEval: proportions and lengths of text. */
#include <glib.h>
#include <math.h>

#include "base/text.h"
#include "rules/eval/body_eval.h"
#include "rules/eval/plugins.h"

enum {
    SHORT_LINE     = 5,       /* octets of a line in which spaces say nothing */
    DECOY_MAX      = 4,       /* behind the line "-- " so few octets are no signature */
    RATIO_UNSIGNED = 1000000, /* body for signature where there is no signature */
};

static struct body_facts *
body_facts(struct eval_run *run)
{
    return eval_facts(run, &body_eval_plugin);
}

static struct body_facts *
compared(struct eval_run *run)
{
    struct body_facts *facts = body_facts(run);

    if (!facts->difference_known)
        facts->difference_known = body_compare_alternatives(run, facts);
    run->pauses = !facts->difference_known;
    return facts;
}

static unsigned
multipart_alternative_difference(struct eval_run *run, const struct eval_call *call)
{
    double difference = compared(run)->difference, least = eval_number(call, 0, 0);

    return !run->pauses && (least == 0 || difference > least) && difference <= eval_number(call, 1, INFINITY);
}

static unsigned
multipart_alternative_difference_count(struct eval_run *run, const struct eval_call *call)
{
    const struct body_facts *facts = compared(run);

    return !run->pauses && facts->html_words > eval_number(call, 1, 0) && facts->html_words > 0 &&
           facts->text_words / facts->html_words > eval_number(call, 0, 0);
}

static void
count_lines(const struct spans *texts, struct body_facts *facts)
{
    for (size_t i = 0; i < texts->count; i++) {
        struct span rest = texts->items[i], line;

        while (eval_next_line(&rest, &line)) {
            facts->lines++;
            facts->blank_lines += text_is_blank(line);
        }
    }
    facts->lines_known = true;
}

static unsigned
check_blank_line_ratio(struct eval_run *run, const struct eval_call *call)
{
    struct body_facts *facts = body_facts(run);
    double             least = eval_number(call, 0, 0), most = eval_number(call, 1, 0), ratio;

    if (!facts->lines_known)
        count_lines(&run->mail->rawbody, facts);
    ratio = facts->lines < MAX(eval_number(call, 2, 1), 1) ? -1 : 100 * facts->blank_lines / facts->lines;
    return (least == 0 || ratio > least) && ratio <= most;
}

static double
most_spaces(const struct spans *body)
{
    double most = -1;

    for (size_t i = 0; i < body->count; i++) {
        struct span line   = body->items[i];
        double      spaces = 0, others;

        for (size_t j = 0; j < line.len; j++)
            spaces += line.data[j] == ' ';
        others = (double)line.len - spaces;
        if (line.len > SHORT_LINE)
            most = MAX(most, spaces > others ? 100 : (double)(long)(100 * spaces / others));
    }
    return most;
}

static unsigned
tvd_vertical_words(struct eval_run *run, const struct eval_call *call)
{
    struct body_facts *facts = body_facts(run);
    double             most  = eval_number(call, 1, 0);

    if (!facts->spaces_known)
        facts->spaces = most_spaces(&run->mail->body);
    facts->spaces_known = true;
    return facts->spaces >= eval_number(call, 0, 0) && (most >= 100 || facts->spaces < most);
}

static unsigned
check_stock_info(struct eval_run *run, const struct eval_call *call)
{
    struct body_facts *facts = body_facts(run);

    if (!facts->stock_known)
        facts->stock_words = body_count_stock_words(run);
    facts->stock_known = true;
    return facts->stock_words >= eval_number(call, 0, 0);
}

static unsigned
check_body_length(struct eval_run *run, const struct eval_call *call)
{
    return (double)run->mail->text.len <= eval_number(call, 0, 0);
}

static const struct mime_part *
first_plain_part(const struct mail *mail)
{
    for (size_t i = 0; i < mail->parts.count; i++)
        if (span_starts_nocase(mail->parts.items[i].type, SPAN("text/plain")))
            return &mail->parts.items[i];
    return NULL;
}

/* "-- ", the space and a CR behind it being optional. */
static bool
begins_signature(struct span line)
{
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return span_equal(line, SPAN("--")) || span_equal(line, SPAN("-- "));
}

/* The signature begins behind the last such line that has something behind it. */
static void
measure_signature(struct span text, struct body_facts *facts)
{
    struct span rest = text, line;

    facts->has_plain_text = true;
    facts->body_length    = (double)text.len;
    while (eval_next_line(&rest, &line)) {
        size_t start = (size_t)(line.data - text.data), end = start + line.len;

        if (!begins_signature(line) || text.len - end <= DECOY_MAX)
            continue;
        facts->body_length      = (double)start;
        facts->signature_length = (double)(text.len - end);
    }
}

static const struct body_facts *
measured(struct eval_run *run)
{
    struct body_facts      *facts = body_facts(run);
    const struct mime_part *part  = facts->signature_known ? NULL : first_plain_part(run->mail);

    if (part != NULL)
        measure_signature(part->text, facts);
    facts->signature_known = true;
    return facts;
}

static bool
is_within(const struct eval_call *call, double value, double otherwise)
{
    return value >= eval_number(call, 0, 0) && value <= eval_number(call, 1, otherwise);
}

static unsigned
plaintext_body_length(struct eval_run *run, const struct eval_call *call)
{
    const struct body_facts *facts = measured(run);

    return facts->has_plain_text && is_within(call, facts->body_length, INFINITY);
}

static unsigned
plaintext_sig_length(struct eval_run *run, const struct eval_call *call)
{
    const struct body_facts *facts = measured(run);

    return facts->has_plain_text && is_within(call, facts->signature_length, INFINITY);
}

static unsigned
plaintext_body_sig_ratio(struct eval_run *run, const struct eval_call *call)
{
    const struct body_facts *facts = measured(run);
    double ratio = facts->signature_length > 0 ? facts->body_length / facts->signature_length : RATIO_UNSIGNED;

    return facts->has_plain_text && is_within(call, ratio, RATIO_UNSIGNED);
}

static const struct eval_function functions[] = {
    {.name = "multipart_alternative_difference", .least = 2, .most = 2, .run = multipart_alternative_difference},
    {.name  = "multipart_alternative_difference_count",
     .least = 2,
     .most  = 2,
     .run   = multipart_alternative_difference_count},
    {.name = "check_blank_line_ratio", .least = 2, .most = 3, .run = check_blank_line_ratio},
    {.name = "tvd_vertical_words", .least = 2, .most = 2, .run = tvd_vertical_words},
    {.name = "check_stock_info", .least = 1, .most = 1, .run = check_stock_info},
    {.name = "check_body_length", .least = 1, .most = 1, .run = check_body_length},
    {.name = "plaintext_body_length", .least = 1, .most = 2, .run = plaintext_body_length},
    {.name = "plaintext_sig_length", .least = 1, .most = 2, .run = plaintext_sig_length},
    {.name = "plaintext_body_sig_ratio", .least = 1, .most = 2, .run = plaintext_body_sig_ratio},
    {.name = NULL},
};

static const char *const features[] = {"has_check_body_length", "has_plaintext_body_sig_ratio", NULL};

static void
forget(void *facts)
{
    body_words_free(&((struct body_facts *)facts)->words);
}

const struct eval_plugin body_eval_plugin = {
    .name       = "BodyEval",
    .functions  = functions,
    .features   = features,
    .facts_size = sizeof(struct body_facts),
    .forget     = forget,
};
