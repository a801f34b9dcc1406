/* Addresses on lists: who a mail is from, for, and to be answered to. */
#include "rules/eval/wlbl_eval.h"

static bool
any_listed(const struct eval_run *run, const struct wlbl_addresses *addresses, struct span name)
{
    const struct address_list *list = wlbl_list(run, name);

    for (size_t i = 0; list != NULL && !address_list_is_empty(list) && i < addresses->count; i++)
        if (address_list_has(list, addresses->items[i]))
            return true;
    return false;
}

static unsigned
from_in_list(struct eval_run *run, const struct eval_call *call)
{
    return any_listed(run, wlbl_senders(run), call->arguments[0]);
}

static unsigned
to_in_list(struct eval_run *run, const struct eval_call *call)
{
    return any_listed(run, wlbl_recipients(run), call->arguments[0]);
}

static unsigned
replyto_in_list(struct eval_run *run, const struct eval_call *call)
{
    struct span           first = eval_lower(run, eval_field_first(run, "Reply-To:addr"));
    struct wlbl_addresses one   = {.items = &first.data, .count = first.len > 0};

    return any_listed(run, &one, call->arguments[0]);
}

static unsigned
from_in_blocklist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_listed(run, wlbl_senders(run), SPAN("blocklist_from"));
}

static unsigned
to_in_blocklist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_listed(run, wlbl_recipients(run), SPAN("blocklist_to"));
}

static unsigned
to_in_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_listed(run, wlbl_recipients(run), SPAN("welcomelist_to"));
}

static unsigned
to_in_more_spam(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_listed(run, wlbl_recipients(run), SPAN("more_spam_to"));
}

static unsigned
to_in_all_spam(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_listed(run, wlbl_recipients(run), SPAN("all_spam_to"));
}

/* Each by its name and by the one that it had before SpamAssassin 4. */
static const struct eval_function functions[] = {
    {.name = "check_from_in_blocklist", .run = from_in_blocklist},
    {.name = "check_from_in_blacklist", .run = from_in_blocklist},
    {.name = "check_to_in_blocklist", .run = to_in_blocklist},
    {.name = "check_to_in_blacklist", .run = to_in_blocklist},
    {.name = "check_to_in_welcomelist", .run = to_in_welcomelist},
    {.name = "check_to_in_whitelist", .run = to_in_welcomelist},
    {.name = "check_to_in_more_spam", .run = to_in_more_spam},
    {.name = "check_to_in_all_spam", .run = to_in_all_spam},
    {.name = "check_from_in_list", .least = 1, .most = 1, .run = from_in_list},
    {.name = "check_replyto_in_list", .least = 1, .most = 1, .run = replyto_in_list},
    {.name = "check_to_in_list", .least = 1, .most = 1, .run = to_in_list},
    {.name = "check_from_in_welcomelist", .run = wlbl_from_in_welcomelist},
    {.name = "check_from_in_whitelist", .run = wlbl_from_in_welcomelist},
    {.name = "check_forged_in_welcomelist", .run = wlbl_forged_in_welcomelist},
    {.name = "check_forged_in_whitelist", .run = wlbl_forged_in_welcomelist},
    {.name = "check_from_in_default_welcomelist", .run = wlbl_from_in_default_welcomelist},
    {.name = "check_from_in_default_whitelist", .run = wlbl_from_in_default_welcomelist},
    {.name = "check_forged_in_default_welcomelist", .run = wlbl_forged_in_default_welcomelist},
    {.name = "check_forged_in_default_whitelist", .run = wlbl_forged_in_default_welcomelist},
    {.name = "check_mailfrom_matches_rcvd", .run = wlbl_mailfrom_matches_rcvd},
    {.name = "check_uri_host_listed", .least = 1, .most = 1, .run = wlbl_uri_host_listed},
    {.name = "check_uri_host_in_blocklist", .run = wlbl_uri_host_in_blocklist},
    {.name = "check_uri_host_in_blacklist", .run = wlbl_uri_host_in_blocklist},
    {.name = "check_uri_host_in_welcomelist", .run = wlbl_uri_host_in_welcomelist},
    {.name = "check_uri_host_in_whitelist", .run = wlbl_uri_host_in_welcomelist},
    {.name = NULL},
};

const struct eval_plugin wlbl_eval_plugin = {
    .name          = "WLBLEval",
    .functions     = functions,
    .directives    = wlbl_directives,
    .settings_size = sizeof(struct wlbl_settings),
    .fill          = wlbl_fill,
    .clear         = wlbl_clear,
    .facts_size    = sizeof(struct wlbl_facts),
};
