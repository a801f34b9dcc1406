/* Who a mail is from and for: from all header fields that say so. */
#include "rules/eval/wlbl_eval.h"

enum { RECEIVED_LOOKED_AT = 3, HOST_MAX = 253, LABEL_MAX = 63 /* octets: RFC 1035, 2.3.4 */ };

/* A mail that somebody sent on counts as from him, and as for those that he sent it to. */
static const char *const resent_from[] = {"Resent-From:first:addr", NULL};
static const char *const resent_to[]   = {"Resent-To:first:addr", "Resent-Cc:first:addr", NULL};

static const char *const sender_fields[] = {
    "From:addr", "Envelope-Sender:addr", "Resent-Sender:addr", "X-Envelope-From:addr", "EnvelopeFrom:addr", NULL};
static const char *const recipient_fields[] = {"To:addr",
                                               "Apparently-To:addr",
                                               "Delivered-To:addr",
                                               "Envelope-Recipients:addr",
                                               "Apparently-Resent-To:addr",
                                               "X-Envelope-To:addr",
                                               "Envelope-To:addr",
                                               "X-Delivered-To:addr",
                                               "X-Original-To:addr",
                                               "X-Rcpt-To:addr",
                                               "X-Real-To:addr",
                                               "Cc:addr",
                                               NULL};

static void
add_fields(struct eval_run *run, const char *const *names, struct spans *addresses)
{
    for (; *names != NULL; names++)
        for (struct span rest = eval_field(run, *names), line; eval_next_line(&rest, &line);)
            if (line.len > 0)
                spans_add(addresses, eval_lower(run, line));
}

/* Two points or more to one: "joe@example...com". */
static void
squeeze_points(struct span *address)
{
    char  *octets = (char *)address->data;
    size_t len    = 0;

    for (size_t i = 0; i < address->len; i++)
        if (octets[i] != '.' || len == 0 || octets[len - 1] != '.')
            octets[len++] = octets[i];
    octets[len]  = '\0';
    address->len = len;
}

static bool
is_label(struct span label, bool underscore)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.data[0] == '-' || label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!g_ascii_isalnum(label.data[i]) && label.data[i] != '-' && (label.data[i] != '_' || !underscore))
            return false;
    return true;
}

/* Labels with points between, at least two; the last two without an underscore. */
static bool
is_host(struct span host)
{
    size_t labels = 0;

    while (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--;
    if (host.len > HOST_MAX)
        return false;
    for (bool more = true; more; labels++) {
        const char *point = host.len > 0 ? memrchr(host.data, '.', host.len) : NULL;
        size_t      start = point != NULL ? (size_t)(point - host.data) + 1 : 0;

        if (!is_label(span_tail(host, start), labels >= 2))
            return false;
        more     = point != NULL;
        host.len = more ? start - 1 : 0;
    }
    return labels >= 2;
}

/* "for <joe@example.com>;": what the hosts that brought the mail say. */
static void
add_received(struct eval_run *run, struct spans *addresses)
{
    static struct regex_built_in form = {" for <?(\\S+@(\\S+?))>?;", "", NULL};
    struct span                  rest = eval_field(run, "Received"), line;
    struct regex_found           found;

    for (size_t i = 0; i < RECEIVED_LOOKED_AT && eval_next_line(&rest, &line); i++)
        if (regex_find(regex_of(&form), line, 0, &found) && is_host(regex_group(&found, 2)))
            spans_add(addresses, eval_lower(run, regex_group(&found, 1)));
}

/* Leaves each address once. */
static void
keep_addresses(struct eval_run *run, struct spans *addresses, struct wlbl_addresses *kept)
{
    spans_sort_unique(addresses);
    kept->known = true;
    kept->items = arena_new(&run->arena, addresses->count * sizeof(kept->items[0]));
    for (size_t i = 0; i < addresses->count; i++)
        kept->items[kept->count++] = addresses->items[i].data;
    spans_free(addresses);
}

const struct wlbl_addresses *
wlbl_senders(struct eval_run *run)
{
    struct wlbl_facts *facts     = eval_facts(run, &wlbl_eval_plugin);
    struct spans       addresses = {0};

    if (facts->senders.known)
        return &facts->senders;
    add_fields(run, resent_from, &addresses);
    if (addresses.count == 0) {
        add_fields(run, sender_fields, &addresses);
        for (size_t i = 0; i < addresses.count; i++)
            squeeze_points(&addresses.items[i]);
    }
    keep_addresses(run, &addresses, &facts->senders);
    return &facts->senders;
}

const struct wlbl_addresses *
wlbl_recipients(struct eval_run *run)
{
    struct wlbl_facts *facts     = eval_facts(run, &wlbl_eval_plugin);
    struct spans       addresses = {0};

    if (facts->recipients.known)
        return &facts->recipients;
    add_fields(run, resent_to, &addresses);
    if (addresses.count == 0) {
        add_received(run, &addresses);
        add_fields(run, recipient_fields, &addresses);
    }
    keep_addresses(run, &addresses, &facts->recipients);
    return &facts->recipients;
}
