/* Hosts on lists: those that the addresses in a mail lead to. */
#include "rules/eval/wlbl_eval.h"

enum { LOOKUPS_MAX = 11 /* the last so many ends of a host are looked up */ };

static const char *
copy_string(struct eval_run *run, struct span text)
{
    char *copy = arena_new(&run->arena, text.len + 1);

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

/* A host may be an address in brackets. */
static struct span
without_brackets(struct span host)
{
    if (host.len < 2 || host.data[0] != '[' || host.data[host.len - 1] != ']')
        return host;
    return (struct span){host.data + 1, host.len - 2};
}

/* The hosts of all links, each once; mail addresses are none. */
static void
collect_hosts(struct eval_run *run, struct wlbl_facts *facts)
{
    const struct uri_details *details = &run->mail->uri_details;
    struct spans              hosts   = {0};

    for (size_t i = 0; i < details->count; i++)
        for (size_t j = 0; j < details->items[i].host_count; j++)
            if (details->items[i].hosts[j].host.len > 0 &&
                !span_starts_nocase(details->items[i].place.raw, SPAN("mailto:")))
                spans_add(&hosts, details->items[i].hosts[j].host);
    spans_sort_unique(&hosts);
    facts->hosts = arena_new(&run->arena, hosts.count * sizeof(facts->hosts[0]));
    for (size_t i = 0; i < hosts.count; i++)
        facts->hosts[facts->host_count++] = copy_string(run, without_brackets(hosts.items[i]));
    facts->hosts_known = true;
    spans_free(&hosts);
}

static bool
is_ip(const char *host)
{
    return host[strspn(host, "0123456789.")] == '\0' || strchr(host, ':') != NULL;
}

/* The host, and if that is not listed the domains that it is in, the nearest first. */
static bool
host_listed(const struct eval_run *run, const char *list, const char *host)
{
    bool   verdict;
    size_t points = 0;

    for (const char *c = host; *c != '\0'; c++)
        points += *c == '.';
    for (const char *end = host; end != NULL; end = strchr(end, '.'), points--) {
        end += *end == '.';
        if (points < LOOKUPS_MAX && wlbl_host_listed(run, list, end, &verdict))
            return verdict;
        if (is_ip(host))
            return false;
    }
    return false;
}

static unsigned
any_host_listed(struct eval_run *run, const char *list)
{
    struct wlbl_facts *facts = eval_facts(run, &wlbl_eval_plugin);

    if (!facts->hosts_known)
        collect_hosts(run, facts);
    for (size_t i = 0; i < facts->host_count; i++)
        if (host_listed(run, list, facts->hosts[i]))
            return 1;
    return 0;
}

unsigned
wlbl_uri_host_listed(struct eval_run *run, const struct eval_call *call)
{
    return any_host_listed(run, call->arguments[0].data);
}

unsigned
wlbl_uri_host_in_blocklist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_host_listed(run, "BLOCK");
}

unsigned
wlbl_uri_host_in_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return any_host_listed(run, "WELCOME");
}
