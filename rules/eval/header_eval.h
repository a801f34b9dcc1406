/* HeaderEval's functions, by what they look at; and what they remember of one message. */
#ifndef RULES_EVAL_HEADER_EVAL_H
#define RULES_EVAL_HEADER_EVAL_H

#include <stdint.h>

#include "rules/eval/eval_field.h"
#include "rules/eval/locales.h"
#include "rules/eval/plugins.h"

struct header_dates {
    bool     known;
    bool     has_date;
    int64_t  date; /* of the Date field; all in seconds since 1970 */
    int64_t *received;
    size_t   received_count;
    bool     has_fetched;
    int64_t  fetched; /* when fetchmail brought it */
    int64_t  shift;   /* of the Date field against the Received field nearest to it */
};

struct header_recipients {
    bool   known;
    bool   sorted;
    double similar; /* of the pairs of recipients, how many look alike: 0 and above */
};

struct header_facts {
    struct header_dates      dates;
    struct header_recipients recipients;
};

static inline struct header_facts *
header_facts(struct eval_run *run)
{
    return eval_facts(run, &header_eval_plugin);
}

/* What "ok_locales" says. */
const struct locales *header_ok_locales(const struct eval_run *);

/* The last two arguments as bounds: numbers, "undef" for none. */
struct header_range {
    double least, most;
};

int header_prepare_range(struct eval_call *, void *settings, struct bytes *why);

/* Each of these is a function of rules, by the name that it has there: see header_eval.c. */
typedef unsigned header_function(struct eval_run *, const struct eval_call *);

/* header_eval_ids.c */
header_function header_equal_from_domains, header_matching_env_and_hdr_from, header_outlook_message_id,
    header_messageid_not_usable, header_ratware_name_id, header_ratware_envelope_from;

/* header_eval_received.c */
header_function header_fake_aol_relay_in_rcvd, header_forged_gw05_received, header_gated_through_received_hdr_remover;

/* header_eval_forged.c */
header_function header_forged_hotmail_received, header_no_hotmail_received, header_msn_groups,
    header_forged_eudoramail_received, header_forged_yahoo_received, header_forged_juno_received,
    header_forged_gmail_received;

/* header_eval_dates.c */
header_function header_shifted_date, header_received_within_months;

/* header_eval_recipients.c */
header_function header_sorted_recipients, header_similar_recipients, header_to_in_subject;

/* header_eval_chars.c */
int             header_prepare_chars(struct eval_call *, void *settings, struct bytes *why);
void            header_release_chars(void *prepared);
header_function header_illegal_chars, header_faraway_charset, header_all_caps, header_unresolved_template;

#endif
