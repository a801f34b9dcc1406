/* RelayEval: what is odd about the way a mail took, and cannot be said by a pattern. */
#include "rules/eval/relay_eval.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/plugins.h"
#include "rules/mail/networks.h"

#define NUMBER "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IPV4 "\\b" NUMBER "\\." NUMBER "\\." NUMBER "\\." NUMBER "\\b"

/* Did a host say a number instead of its name? Also one of a private network: SpamAssassin means to spare those, and
 * does not. */
static unsigned
numeric_helo(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in numeric = {"\\bhelo=" IPV4 "(?=[\\x00-\\x20,;\\[()<>]|\\z)", "i", NULL};
    struct bytes                 text    = {0};
    bool                         hit;

    (void)call;
    relays_print(relays_of(run->mail), RELAYS_UNTRUSTED, &text);
    hit = eval_matches(&numeric, bytes_span(&text));
    bytes_free(&text);
    return hit;
}

/* SpamAssassin found it to be of no use, and it never hits. Rules may still name it. */
static unsigned
illegal_ip(struct eval_run *run, const struct eval_call *call)
{
    (void)run;
    (void)call;
    return 0;
}

static unsigned
all_trusted(struct eval_run *run, const struct eval_call *call)
{
    const struct relays *relays = relays_of(run->mail);

    (void)call;
    return relays->count > 0 && relays->trusted == relays->count && relays->unparseable == 0;
}

static unsigned
no_relays(struct eval_run *run, const struct eval_call *call)
{
    const struct relays *relays = relays_of(run->mail);

    (void)call;
    return relays->count == 0 && relays->unparseable == 0;
}

static unsigned
relays_unparseable(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return relays_of(run->mail)->unparseable > 0;
}

/* A host that is none of a private network's, whose name has a dot. */
static unsigned
sender_no_reverse(struct eval_run *run, const struct eval_call *call)
{
    size_t              count;
    const struct relay *untrusted = relay_eval_untrusted(run, &count);
    const struct relay *lowest    = count > 0 ? &untrusted[count - 1] : NULL;

    (void)call;
    return lowest != NULL && !lowest->ip_private && lowest->rdns.len > 0 &&
           memchr(lowest->rdns.data, '.', lowest->rdns.len) != NULL;
}

/* An IPv4 address that is no private one? */
static bool
is_public(struct span text)
{
    static struct regex_built_in ipv4 = {"^" IPV4 "$", "", NULL};

    return eval_matches(&ipv4, text) && !network_address_is_private(text);
}

/* The first three numbers of an IPv4 address, with their dots. */
static struct span
first_three(struct span ip)
{
    const char *dot = memrchr(ip.data, '.', ip.len);

    return span_head(ip, (size_t)(dot - ip.data) + 1);
}

static unsigned
helo_ip_mismatch(struct eval_run *run, const struct eval_call *call)
{
    size_t              count;
    const struct relay *relay = relay_eval_untrusted(run, &count);

    (void)call;
    for (; count > 0; count--, relay++)
        if (is_public(relay->helo) && is_public(relay->ip) &&
            !span_equal(first_three(relay->helo), first_three(relay->ip)))
            return 1;
    return 0;
}

/* Does a host call itself one of a big provider's, and DNS knows no name of it? The lowest that says so, or not,
 * counts.
 */
static unsigned
no_rdns_dotcom_helo(struct eval_run *run, const struct eval_call *call)
{
    static struct regex_built_in provider = {
        "(?:\\.|^)(?:(?:lycos|hotmail|localhost|excite|caramail|cs|aol|msn|yahoo|drizzle)\\.com|lycos\\.co\\.uk)$", "i",
        NULL};
    size_t              count;
    const struct relay *relay = relay_eval_untrusted(run, &count);

    (void)call;
    while (count > 0 && relay[count - 1].ip_private)
        count--;
    return count > 0 && relay[count - 1].no_reverse_dns && eval_matches(&provider, relay[count - 1].helo);
}

static const struct eval_function functions[] = {
    {.name = "check_for_numeric_helo", .run = numeric_helo},
    {.name = "check_for_illegal_ip", .run = illegal_ip},
    {.name = "check_all_trusted", .run = all_trusted},
    {.name = "check_no_relays", .run = no_relays},
    {.name = "check_relays_unparseable", .run = relays_unparseable},
    {.name = "check_for_sender_no_reverse", .run = sender_no_reverse},
    {.name    = "check_for_from_domain_in_received_headers",
     .least   = 2,
     .most    = 2,
     .run     = relay_from_domain_in_received,
     .prepare = relay_prepare_domain,
     .release = relay_release_domain},
    {.name = "check_for_forged_received_trail", .run = relay_forged_trail},
    {.name = "check_for_forged_received_ip_helo", .run = relay_forged_ip_helo},
    {.name = "helo_ip_mismatch", .run = helo_ip_mismatch},
    {.name = "check_for_no_rdns_dotcom_helo", .run = no_rdns_dotcom_helo},
    {.name = NULL},
};

const struct eval_plugin relay_eval_plugin = {.name = "RelayEval", .functions = functions};
