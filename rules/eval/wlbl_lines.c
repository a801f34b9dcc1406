/* welcomelist_from, enlist_uri_host and their like: a row for each, with the list that it fills. */
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/eval/wlbl_eval.h"

/* What has an entry: whether it is listed, or excepted. */
static const char listed, excepted;

static void
free_list(gpointer data)
{
    struct address_list *list = data;

    address_list_free(&list);
}

static void
free_hosts(gpointer data)
{
    g_hash_table_destroy(data);
}

static struct address_list *
list_of(struct wlbl_settings *settings, struct span name)
{
    char                *key  = memory_copy_span(name);
    struct address_list *list = g_hash_table_lookup(settings->addresses, key);

    if (list == NULL) {
        list = address_list_new();
        (void)g_hash_table_insert(settings->addresses, g_strdup(key), list);
    }
    free(key);
    return list;
}

static GHashTable *
hosts_of(struct wlbl_settings *settings, struct span name)
{
    char       *key   = memory_copy_span(name);
    GHashTable *hosts = g_hash_table_lookup(settings->hosts, key);

    if (hosts == NULL) {
        hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        (void)g_hash_table_insert(settings->hosts, g_strdup(key), hosts);
    }
    free(key);
    return hosts;
}

static int
need_value(struct span value, struct bytes *why)
{
    if (value.len > 0)
        return 0;
    bytes_printf(why, "missing address");
    return -1;
}

static int
add_addresses(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct address_list *list = list_of(settings, span_of(directive->name));

    for (struct span rest = value, word = text_next_token(&rest); word.len > 0; word = text_next_token(&rest))
        (void)address_list_add(list, word);
    return need_value(value, why);
}

static int
remove_addresses(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct address_list *list = list_of(settings, span_of(directive->name));

    for (struct span rest = value, word = text_next_token(&rest); word.len > 0; word = text_next_token(&rest))
        address_list_remove(list, word);
    return need_value(value, why);
}

/* From the list, and from the one of the same name that rule files bring along. */
static int
remove_everywhere(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct bytes          name     = {0};
    struct eval_directive defaults = *directive;

    bytes_printf(&name, "def_%s", directive->name);
    defaults.name = name.data;
    (void)remove_addresses(settings, &defaults, value, why);
    bytes_clear(why);
    bytes_free(&name);
    return remove_addresses(settings, directive, value, why);
}

static int
add_with_relay(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct span address = text_next_token(&value), relay = text_next_token(&value);

    if (relay.len == 0 || text_trim(value).len > 0) {
        bytes_printf(why, "an address and a host or [IP address] expected");
        return -1;
    }
    address_entry_add_relay(address_list_add(list_of(settings, span_of(directive->name)), address), relay);
    return 0;
}

bool
wlbl_take_name(struct span *value, struct span *name)
{
    const char *close = value->len > 2 && value->data[0] == '(' ? memchr(value->data + 2, ')', value->len - 2) : NULL;

    if (close == NULL)
        return false;
    *name  = (struct span){value->data + 1, (size_t)(close - value->data) - 1};
    *value = text_trim(span_tail(*value, name->len + 2));
    return true;
}

static int
need_name(struct bytes *why)
{
    bytes_printf(why, "a list's name in parentheses expected, then what it lists");
    return -1;
}

static int
enlist_addresses(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct eval_directive named = *directive;
    struct span           name;
    char                 *copy;
    int                   result;

    if (!wlbl_take_name(&value, &name) || value.len == 0)
        return need_name(why);
    named.name = copy = memory_copy_span(name);
    result            = add_addresses(settings, &named, value, why);
    free(copy);
    return result;
}

/* "example.com", or "!www.example.com", which is excepted. */
static void
add_hosts(GHashTable *hosts, struct span value)
{
    for (struct span word = text_next_token(&value); word.len > 0; word = text_next_token(&value)) {
        bool not = word.data[0] == '!';

        word = span_tail(word, not );
        (void)g_hash_table_insert(hosts, g_ascii_strdown(word.data, (gssize)word.len),
                                  not ? (gpointer)&excepted : (gpointer)&listed);
    }
}

static int
enlist_hosts(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct span name = span_of(directive->name);

    if ((directive->name == NULL && !wlbl_take_name(&value, &name)) || value.len == 0)
        return need_name(why);
    add_hosts(hosts_of(settings, name), value);
    return 0;
}

static void
remove_hosts(GHashTable *hosts, struct span value)
{
    for (struct span word = text_next_token(&value); word.len > 0; word = text_next_token(&value)) {
        size_t skip = word.data[0] == '!';
        char  *name = g_ascii_strdown(word.data + skip, (gssize)(word.len - skip));

        (void)g_hash_table_remove(hosts, name);
        g_free(name);
    }
}

/* From one list, or from all so far. */
static int
delist_hosts(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct wlbl_settings *lists = settings;
    struct span           name;
    GHashTableIter        each;
    gpointer              hosts;

    (void)directive;
    if (wlbl_take_name(&value, &name)) {
        remove_hosts(hosts_of(lists, name), value);
    } else {
        g_hash_table_iter_init(&each, lists->hosts);
        while (g_hash_table_iter_next(&each, NULL, &hosts))
            remove_hosts(hosts, value);
    }
    return need_value(value, why);
}

/* Each by its name and by the one that it had before SpamAssassin 4. */
const struct eval_directive wlbl_directives[] = {
    {"welcomelist_from", add_addresses, "welcomelist_from"},
    {"whitelist_from", add_addresses, "welcomelist_from"},
    {"unwelcomelist_from", remove_addresses, "welcomelist_from"},
    {"unwhitelist_from", remove_addresses, "welcomelist_from"},
    {"welcomelist_from_rcvd", add_with_relay, "welcomelist_from_rcvd"},
    {"whitelist_from_rcvd", add_with_relay, "welcomelist_from_rcvd"},
    {"def_welcomelist_from_rcvd", add_with_relay, "def_welcomelist_from_rcvd"},
    {"def_whitelist_from_rcvd", add_with_relay, "def_welcomelist_from_rcvd"},
    {"unwelcomelist_from_rcvd", remove_everywhere, "welcomelist_from_rcvd"},
    {"unwhitelist_from_rcvd", remove_everywhere, "welcomelist_from_rcvd"},
    {"welcomelist_allows_relays", add_addresses, "welcomelist_allows_relays"},
    {"whitelist_allows_relays", add_addresses, "welcomelist_allows_relays"},
    {"blocklist_from", add_addresses, "blocklist_from"},
    {"blacklist_from", add_addresses, "blocklist_from"},
    {"unblocklist_from", remove_addresses, "blocklist_from"},
    {"unblacklist_from", remove_addresses, "blocklist_from"},
    {"welcomelist_to", add_addresses, "welcomelist_to"},
    {"whitelist_to", add_addresses, "welcomelist_to"},
    {"more_spam_to", add_addresses, "more_spam_to"},
    {"all_spam_to", add_addresses, "all_spam_to"},
    {"blocklist_to", add_addresses, "blocklist_to"},
    {"blacklist_to", add_addresses, "blocklist_to"},
    {"welcomelist_auth", add_addresses, "welcomelist_auth"},
    {"whitelist_auth", add_addresses, "welcomelist_auth"},
    {"def_welcomelist_auth", add_addresses, "def_welcomelist_auth"},
    {"def_whitelist_auth", add_addresses, "def_welcomelist_auth"},
    {"unwelcomelist_auth", remove_everywhere, "welcomelist_auth"},
    {"unwhitelist_auth", remove_everywhere, "welcomelist_auth"},
    {"enlist_addrlist", enlist_addresses, NULL},
    {"enlist_uri_host", enlist_hosts, NULL},
    {"delist_uri_host", delist_hosts, NULL},
    {"blocklist_uri_host", enlist_hosts, "BLOCK"},
    {"blacklist_uri_host", enlist_hosts, "BLOCK"},
    {"welcomelist_uri_host", enlist_hosts, "WELCOME"},
    {"whitelist_uri_host", enlist_hosts, "WELCOME"},
    {NULL, NULL, NULL},
};

void
wlbl_fill(void *settings, const struct mail_settings *mail_settings)
{
    struct wlbl_settings *lists = settings;

    (void)mail_settings;
    lists->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
    lists->hosts     = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_hosts);
    for (const struct eval_directive *row = wlbl_directives; row->word != NULL; row++)
        if (row->read == add_addresses || row->read == add_with_relay)
            (void)list_of(lists, span_of(row->name));
}

void
wlbl_clear(void *settings)
{
    struct wlbl_settings *lists = settings;

    g_hash_table_destroy(lists->addresses);
    g_hash_table_destroy(lists->hosts);
}

const struct address_list *
wlbl_list(const struct eval_run *run, struct span name)
{
    const struct wlbl_settings *lists = eval_plugin_settings(run, &wlbl_eval_plugin);
    char                       *key   = memory_copy_span(name);
    const struct address_list  *list  = g_hash_table_lookup(lists->addresses, key);

    free(key);
    return list;
}

bool
wlbl_host_listed(const struct eval_run *run, const char *list, const char *host, bool *verdict)
{
    const struct wlbl_settings *lists = eval_plugin_settings(run, &wlbl_eval_plugin);
    GHashTable                 *hosts = g_hash_table_lookup(lists->hosts, list);
    const void                 *entry = hosts != NULL ? g_hash_table_lookup(hosts, host) : NULL;

    *verdict = entry == &listed;
    return entry != NULL;
}
