/* FromNameSpoof: a name in From that is a mail address, and not the one behind it. */
#include <glib.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "rules/eval/wlbl_eval.h"
#include "rules/mail/uri_host.h"

/* Domains that belong to one owner. */
struct owner {
    char                *name;
    struct address_list *addresses;
};

struct spoof_settings {
    struct owner *owners;
    size_t        owner_count;
    GPtrArray    *ignored_headers; /* a mail that has one of these is not looked at */
    long          extra_chars;     /* octets that may stand around the address */
    long          check;           /* what check_fromname_spoof compares: enum spoof_check */
};

enum spoof_check { SPOOF_ADDRESS, SPOOF_OWNER, SPOOF_DOMAIN, SPOOF_CHECKS };

struct spoof_facts {
    bool known;
    bool contains; /* an address is in the name */
    bool differs[SPOOF_CHECKS];
    bool equals_reply_to, equals_to;
};

/* One of the two addresses that are compared. */
struct party {
    struct span address, domain; /* NULs behind */
};

static const struct spoof_settings *
settings_of(const struct eval_run *run)
{
    return eval_plugin_settings(run, &from_name_spoof_plugin);
}

/* False if there is no valid domain. */
static bool
read_party(struct eval_run *run, struct span address, struct party *party)
{
    struct bytes    uri = {0};
    struct uri_host host;
    bool            found;

    bytes_add(&uri, SPAN("mailto:"));
    bytes_add(&uri, address);
    found = uri_host_read(run->mail->settings->registry, bytes_span(&uri), &run->arena, &host);
    bytes_free(&uri);
    if (found)
        *party = (struct party){eval_lower(run, address), eval_lower(run, host.domain)};
    return found;
}

static long
count_signs(struct span text)
{
    long count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += !g_ascii_isdigit(text.data[i]) && !g_ascii_islower(text.data[i]);
    return count;
}

/* Is the name little more than the address? What is no letter or digit counts twice. */
static bool
is_close(const struct spoof_settings *settings, struct span name, struct span address)
{
    return (long)(name.len - address.len) + count_signs(name) - count_signs(address) <= settings->extra_chars;
}

/* The address in the name. */
static bool
find_in_name(struct eval_run *run, struct span name, struct party *party)
{
    static struct regex_built_in form = {"\\b([\\w.!#$%&'*+/=?^`{|}~-]+@\\w[\\w-]*\\.\\w[\\w.-]++)\\b", "", NULL};
    struct regex_found           found;

    return regex_find(regex_of(&form), name, 0, &found) && read_party(run, regex_group(&found, 1), party);
}

static const char *
listed_owner(const struct spoof_settings *settings, const char *address)
{
    for (size_t i = 0; i < settings->owner_count; i++)
        if (address_list_has(settings->owners[i].addresses, address))
            return settings->owners[i].name;
    return NULL;
}

/* By the lists, for the host or its domain; or the first label of that. */
static struct span
owner_of(struct eval_run *run, const struct party *party)
{
    const struct spoof_settings *settings = settings_of(run);
    const char                  *at       = strchr(party->address.data, '@');
    const char                  *listed   = listed_owner(settings, party->address.data);
    struct bytes                 short_   = {0};

    if (listed == NULL && at != NULL) {
        bytes_printf(&short_, "%.*s@%s", (int)(at - party->address.data), party->address.data, party->domain.data);
        listed = listed_owner(settings, short_.data);
        bytes_free(&short_);
    }
    return listed != NULL ? span_of(listed) : span_head(party->domain, strcspn(party->domain.data, "."));
}

static bool
is_ignored(struct eval_run *run)
{
    const GPtrArray *headers = settings_of(run)->ignored_headers;

    for (guint i = 0; i < headers->len; i++)
        if (eval_field(run, headers->pdata[i]).len > 0)
            return true;
    return false;
}

static bool
is_recipient(struct eval_run *run, struct span address)
{
    const struct wlbl_addresses *recipients = wlbl_recipients(run);

    for (size_t i = 0; i < recipients->count; i++)
        if (span_equal(address, span_of(recipients->items[i])))
            return true;
    return false;
}

static void
compare_addresses(struct eval_run *run, struct spoof_facts *facts)
{
    struct span  name = eval_lower(run, eval_field_first(run, "From:name"));
    struct party from, shown;

    if (is_ignored(run) || !read_party(run, eval_field_first(run, "From:addr"), &from) ||
        !find_in_name(run, name, &shown))
        return;
    facts->contains = true;
    if (!is_close(settings_of(run), name, shown.address))
        return;
    facts->differs[SPOOF_ADDRESS] = !span_equal(shown.address, from.address);
    facts->differs[SPOOF_DOMAIN]  = !span_equal(shown.domain, from.domain);
    facts->differs[SPOOF_OWNER]   = !span_equal(owner_of(run, &shown), owner_of(run, &from));
    facts->equals_reply_to        = span_equal_nocase(shown.address, eval_field_first(run, "Reply-To:addr"));
    facts->equals_to              = is_recipient(run, shown.address);
}

static const struct spoof_facts *
facts_of(struct eval_run *run)
{
    struct spoof_facts *facts = eval_facts(run, &from_name_spoof_plugin);

    if (!facts->known)
        compare_addresses(run, facts);
    facts->known = true;
    return facts;
}

/* The argument says what is compared; without one, fns_check does. */
static unsigned
check_fromname_spoof(struct eval_run *run, const struct eval_call *call)
{
    const struct spoof_facts *facts = facts_of(run);
    long                      check = settings_of(run)->check;

    if (call->argument_count == 1 && call->arguments[0].len == 1 && strchr("012", call->arguments[0].data[0]) != NULL)
        check = call->arguments[0].data[0] - '0';
    return facts->differs[SPOOF_ADDRESS] && facts->differs[check];
}

static unsigned
check_fromname_different(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return facts_of(run)->differs[SPOOF_ADDRESS];
}

static unsigned
check_fromname_domain_differ(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return facts_of(run)->differs[SPOOF_DOMAIN];
}

static unsigned
check_fromname_owners_differ(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return facts_of(run)->differs[SPOOF_OWNER];
}

static unsigned
check_fromname_contains_email(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return facts_of(run)->contains;
}

static unsigned
check_fromname_equals_to(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return facts_of(run)->equals_to;
}

static unsigned
check_fromname_equals_replyto(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return facts_of(run)->equals_reply_to;
}

static struct address_list *
addresses_of(struct spoof_settings *settings, struct span name)
{
    for (size_t i = 0; i < settings->owner_count; i++)
        if (span_equal_nocase(name, span_of(settings->owners[i].name)))
            return settings->owners[i].addresses;
    settings->owners = memory_resize_array(settings->owners, settings->owner_count + 1, sizeof(settings->owners[0]));
    settings->owners[settings->owner_count] =
        (struct owner){g_ascii_strdown(name.data, (gssize)name.len), address_list_new()};
    return settings->owners[settings->owner_count++].addresses;
}

static int
read_owner(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct address_list *list;
    struct span          name;

    if (!wlbl_take_name(&value, &name) || value.len == 0) {
        bytes_printf(why, "an owner in parentheses expected, then addresses");
        return -1;
    }
    list = addresses_of(settings, name);
    for (struct span word = text_next_token(&value); word.len > 0; word = text_next_token(&value))
        if (directive->name == NULL)
            (void)address_list_add(list, word);
        else
            address_list_remove(list, word);
    return 0;
}

static int
read_ignored(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct spoof_settings *spoof = settings;

    (void)directive;
    (void)why;
    for (struct span word = text_next_token(&value); word.len > 0; word = text_next_token(&value))
        g_ptr_array_add(spoof->ignored_headers, memory_copy_span(word));
    return 0;
}

/* The line says whose signatures excuse a name. No signatures are checked here, so nobody's do. */
static int
read_nothing(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    (void)settings;
    (void)directive;
    (void)value;
    (void)why;
    return 0;
}

static int
read_number(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct spoof_settings *spoof = settings;
    bool                   check = directive->name != NULL;
    uint64_t               number;

    if (!text_read_number(value, 0, check ? SPOOF_CHECKS - 1 : 100000, &number)) {
        bytes_printf(why, check ? "0, 1 or 2 expected" : "a number expected");
        return -1;
    }
    *(check ? &spoof->check : &spoof->extra_chars) = (long)number;
    return 0;
}

static void
fill_settings(void *settings, const struct mail_settings *mail_settings)
{
    struct spoof_settings *spoof = settings;

    (void)mail_settings;
    spoof->ignored_headers = g_ptr_array_new_with_free_func(free);
    spoof->extra_chars     = 50;
    spoof->check           = SPOOF_OWNER;
}

static void
clear_settings(void *settings)
{
    struct spoof_settings *spoof = settings;

    for (size_t i = 0; i < spoof->owner_count; i++) {
        g_free(spoof->owners[i].name);
        address_list_free(&spoof->owners[i].addresses);
    }
    free(spoof->owners);
    (void)g_ptr_array_free(spoof->ignored_headers, TRUE);
}

static const struct eval_function functions[] = {
    {.name = "check_fromname_spoof", .most = 1, .run = check_fromname_spoof},
    {.name = "check_fromname_different", .run = check_fromname_different},
    {.name = "check_fromname_domain_differ", .run = check_fromname_domain_differ},
    {.name = "check_fromname_owners_differ", .run = check_fromname_owners_differ},
    {.name = "check_fromname_contains_email", .run = check_fromname_contains_email},
    {.name = "check_fromname_equals_to", .run = check_fromname_equals_to},
    {.name = "check_fromname_equals_replyto", .run = check_fromname_equals_replyto},
    {.name = NULL},
};

static const struct eval_directive directives[] = {
    {"fns_add_addrlist", read_owner, NULL},
    {"fns_remove_addrlist", read_owner, "remove"},
    {"fns_ignore_headers", read_ignored, NULL},
    {"fns_ignore_dkim", read_nothing, NULL},
    {"fns_extrachars", read_number, NULL},
    {"fns_check", read_number, "check"},
    {NULL, NULL, NULL},
};

const struct eval_plugin from_name_spoof_plugin = {
    .name          = "FromNameSpoof",
    .functions     = functions,
    .directives    = directives,
    .settings_size = sizeof(struct spoof_settings),
    .fill          = fill_settings,
    .clear         = clear_settings,
    .facts_size    = sizeof(struct spoof_facts),
};
