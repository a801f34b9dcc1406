/* HeaderEval: what is odd about header fields, and cannot be said by a pattern. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/eval/header_eval.h"

static unsigned
missing_to_header(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return eval_field(run, "To").len == 0 && eval_field(run, "Apparently-To").len == 0;
}

/* SpamAssassin found it to be of no use, and it never hits. Rules may still name it. */
static unsigned
unique_subject_id(struct eval_run *run, const struct eval_call *call)
{
    (void)run;
    (void)call;
    return 0;
}

/* How many fields called so there are, those with the same value counted once. */
static unsigned
header_count_range(struct eval_run *run, const struct eval_call *call)
{
    const struct header_range *range   = call->prepared;
    const struct mail_headers *headers = &run->mail->headers;
    struct spans               values  = {0};
    double                     count;

    for (size_t i = 0; i < headers->count; i++)
        if (span_equal_nocase(headers->items[i].name, call->arguments[0]))
            spans_add(&values, headers->items[i].value);
    spans_sort_unique(&values);
    count = (double)values.count;
    spans_free(&values);
    return count >= range->least && count <= range->most;
}

static double
read_bound(struct span text, double none)
{
    return span_equal(text, SPAN("undef")) ? none : strtod(text.data, NULL);
}

int
header_prepare_range(struct eval_call *call, void *settings, struct bytes *why)
{
    struct header_range *range = memory_new(sizeof(*range));
    size_t               count = call->argument_count;

    (void)settings;
    (void)why;
    range->least   = read_bound(call->arguments[count - 2], -INFINITY);
    range->most    = read_bound(call->arguments[count - 1], INFINITY);
    call->prepared = range;
    return 0;
}

const struct locales *
header_ok_locales(const struct eval_run *run)
{
    return eval_plugin_settings(run, &header_eval_plugin);
}

static int
read_ok_locales(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    (void)directive;
    (void)why;
    locales_read(settings, value);
    return 0;
}

static const struct eval_directive directives[] = {{.word = "ok_locales", .read = read_ok_locales}, {.word = NULL}};

#define RANGE .prepare = header_prepare_range, .release = free
#define CHARS .prepare = header_prepare_chars, .release = header_release_chars

static const struct eval_function functions[] = {
    {.name = "check_for_fake_aol_relay_in_rcvd", .run = header_fake_aol_relay_in_rcvd},
    {.name = "check_for_faraway_charset_in_headers", .run = header_faraway_charset},
    {.name = "check_for_unique_subject_id", .run = unique_subject_id},
    {.name = "check_illegal_chars", .least = 3, .most = 3, .run = header_illegal_chars, CHARS},
    {.name = "check_for_forged_hotmail_received_headers", .run = header_forged_hotmail_received},
    {.name = "check_for_no_hotmail_received_headers", .run = header_no_hotmail_received},
    {.name = "check_for_msn_groups_headers", .run = header_msn_groups},
    {.name = "check_for_forged_eudoramail_received_headers", .run = header_forged_eudoramail_received},
    {.name = "check_for_forged_yahoo_received_headers", .run = header_forged_yahoo_received},
    {.name = "check_for_forged_juno_received_headers", .run = header_forged_juno_received},
    {.name = "check_for_forged_gmail_received_headers", .run = header_forged_gmail_received},
    {.name = "check_for_matching_env_and_hdr_from", .run = header_matching_env_and_hdr_from},
    {.name = "sorted_recipients", .run = header_sorted_recipients},
    {.name = "similar_recipients", .least = 2, .most = 2, .run = header_similar_recipients, RANGE},
    {.name = "check_for_missing_to_header", .run = missing_to_header},
    {.name = "check_for_forged_gw05_received_headers", .run = header_forged_gw05_received},
    {.name = "check_for_shifted_date", .least = 2, .most = 2, .run = header_shifted_date, RANGE},
    {.name = "subject_is_all_caps", .run = header_all_caps},
    {.name = "check_for_to_in_subject", .least = 1, .most = 1, .run = header_to_in_subject},
    {.name = "check_outlook_message_id", .run = header_outlook_message_id},
    {.name = "check_messageid_not_usable", .run = header_messageid_not_usable},
    {.name = "check_header_count_range", .least = 3, .most = 3, .run = header_count_range, RANGE},
    {.name = "check_unresolved_template", .run = header_unresolved_template},
    {.name = "check_ratware_name_id", .run = header_ratware_name_id},
    {.name = "check_ratware_envelope_from", .run = header_ratware_envelope_from},
    {.name = "gated_through_received_hdr_remover", .run = header_gated_through_received_hdr_remover},
    {.name = "received_within_months", .least = 2, .most = 2, .run = header_received_within_months, RANGE},
    {.name = "check_equal_from_domains", .run = header_equal_from_domains},
    {.name = NULL},
};

const struct eval_plugin header_eval_plugin = {
    .name          = "HeaderEval",
    .functions     = functions,
    .directives    = directives,
    .settings_size = sizeof(struct locales),
    .facts_size    = sizeof(struct header_facts),
};
