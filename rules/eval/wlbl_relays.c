/* Senders that are listed with the hosts their mail has to come by: welcomelist_from_rcvd and its kin. */
#include "rules/eval/wlbl_eval.h"
#include "rules/mail/networks.h"
#include "rules/mail/relays.h"

/* What a list says of one sender. */
struct way {
    const struct relay *relays; /* that its mail came by, as far as they are to be believed */
    size_t              count;
    bool                listed; /* but for other hosts */
};

/* The first relay that is not trusted; if all are, all of them. */
static const struct relay *
relays_to_look_at(const struct eval_run *run, size_t *count)
{
    const struct relays *relays = relays_of(run->mail);
    const struct relay  *items  = relays_part(relays, RELAYS_UNTRUSTED, count);

    if (*count == 0)
        return relays_part(relays, RELAYS_TRUSTED, count);
    *count = 1;
    return items;
}

/* "192.0.2.0/24" of "[192.0.2.0/24]" and "[192.0.2.0]/24". Of IPv4, the last numbers may be missing. */
static bool
read_network(struct span wanted, struct networks *network)
{
    const char  *close = memrchr(wanted.data, ']', wanted.len);
    struct bytes text = {0}, why = {0};
    size_t       points = 0;
    bool         result;

    bytes_add(&text, (struct span){wanted.data + 1, (size_t)(close - wanted.data) - 1});
    bytes_add(&text, (struct span){close + 1, (size_t)(wanted.data + wanted.len - close) - 1});
    while (text.len > 0 && text.data[text.len - 1] == '.')
        text.data[--text.len] = '\0';
    if (text.len > 0 && strspn(text.data, "0123456789.") == text.len)
        for (size_t i = 0; i < text.len; i++)
            points += text.data[i] == '.';
    if (text.len > 0 && strspn(text.data, "0123456789.") == text.len && points < 3)
        bytes_add_char(&text, '.');
    result = networks_add(network, bytes_span(&text), &why) == 0;
    bytes_free(&text);
    bytes_free(&why);
    return result;
}

static bool
has_ip(const struct relay *relay, struct span wanted)
{
    struct networks network = {0};
    bool            result  = read_network(wanted, &network) && networks_contain(&network, relay->ip);

    networks_clear(&network);
    return result;
}

/* Is it the host's name, or a domain that it is in? */
static bool
has_name(const struct relay *relay, struct span wanted)
{
    struct span name = relay->rdns;

    if (name.len < wanted.len || !span_equal_nocase(span_tail(name, name.len - wanted.len), wanted))
        return false;
    return name.len == wanted.len || name.data[name.len - wanted.len - 1] == '.';
}

static bool
is_relay(const struct relay *relay, struct span wanted)
{
    if (wanted.len > 2 && wanted.data[0] == '[' && memchr(wanted.data, ']', wanted.len) != NULL)
        return has_ip(relay, wanted);
    return has_name(relay, wanted);
}

/* Did the mail come by a host that the entry names? */
static bool
came_by_entry(const struct address_entry *entry, void *context)
{
    struct way *way = context;

    way->listed = true;
    for (size_t i = 0; i < entry->relay_count; i++)
        for (size_t j = 0; j < way->count; j++)
            if (is_relay(&way->relays[j], span_of(entry->relays[i])))
                return true;
    return false;
}

/* 1: listed, and came by a host of the list; -1: listed, but came another way; 0: not listed. */
static int
check_way(struct eval_run *run, const char *list, const char *sender)
{
    struct way way = {0};

    way.relays = relays_to_look_at(run, &way.count);
    if (way.count == 0)
        return 0;
    if (address_list_visit(wlbl_list(run, span_of(list)), sender, came_by_entry, &way))
        return 1;
    return way.listed && !address_list_has(wlbl_list(run, SPAN("welcomelist_allows_relays")), sender) ? -1 : 0;
}

/* The best result of all senders. `anyhow` is a list for which the way does not count; it may be NULL. */
static int
check_senders(struct eval_run *run, const char *anyhow, const char *list)
{
    const struct wlbl_addresses *senders = wlbl_senders(run);
    int                          found   = 0;

    for (size_t i = 0; i < senders->count; i++) {
        const char *sender = senders->items[i];
        int         result = anyhow != NULL && address_list_has(wlbl_list(run, span_of(anyhow)), sender)
                                 ? 1
                                 : check_way(run, list, sender);

        if (result == 1)
            return 1;
        if (result == -1)
            found = -1;
    }
    return found;
}

static const struct wlbl_facts *
find_welcome(struct eval_run *run)
{
    struct wlbl_facts *facts = eval_facts(run, &wlbl_eval_plugin);

    if (!facts->welcome_known) {
        facts->welcome            = check_senders(run, "welcomelist_from", "welcomelist_from_rcvd");
        facts->welcome_by_default = check_senders(run, NULL, "def_welcomelist_from_rcvd");
    }
    facts->welcome_known = true;
    return facts;
}

unsigned
wlbl_from_in_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return find_welcome(run)->welcome > 0;
}

unsigned
wlbl_forged_in_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return find_welcome(run)->welcome < 0 && find_welcome(run)->welcome_by_default == 0;
}

unsigned
wlbl_from_in_default_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return find_welcome(run)->welcome_by_default > 0;
}

unsigned
wlbl_forged_in_default_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return find_welcome(run)->welcome_by_default < 0 && find_welcome(run)->welcome == 0;
}

/* What follows the last @, if there is a point in it, not only at an end. */
static struct span
host_of(struct span address)
{
    const char *at   = address.len > 0 ? memrchr(address.data, '@', address.len) : NULL;
    struct span host = at != NULL ? span_tail(address, (size_t)(at - address.data) + 1) : (struct span){0};

    return host.len > 2 && memchr(host.data + 1, '.', host.len - 2) != NULL ? host : (struct span){0};
}

/* That the envelope's sender is of the same domain as a host that brought the mail. */
unsigned
wlbl_mailfrom_matches_rcvd(struct eval_run *run, const struct eval_call *call)
{
    const struct registry *registry = run->mail->settings->registry;
    struct span            host     = host_of(eval_field_first(run, "EnvelopeFrom:addr"));
    size_t                 count;
    const struct relay    *relays = relays_to_look_at(run, &count);

    (void)call;
    for (size_t i = 0; host.len > 0 && i < count; i++)
        if (relays[i].rdns.len > 0 &&
            span_equal_nocase(registry_domain(registry, host), registry_domain(registry, relays[i].rdns)))
            return 1;
    return 0;
}
