/* Hosts' names that do not go together: of one relay, of a relay and the next one, of the sender and the relays. */
#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/relay_eval.h"
#include "rules/mail/networks.h"

/* Names of a relay, cut to what somebody registered, roughly. */
struct names {
    struct span by, rdns, helo;
};

static bool
has_letter(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (isalpha((unsigned char)text.data[i]))
            return true;
    return false;
}

/* The last `count` labels; data NULL if there are fewer. */
static struct span
last_labels(struct span host, unsigned count)
{
    for (size_t at = host.len; at > 0; at--)
        if (host.data[at - 1] == '.' && --count == 0)
            return span_tail(host, at);
    return count == 1 ? host : (struct span){0};
}

/* In lower case: two labels where the last is no country's, or a country's that has its domains right below it. */
static struct span
cut_host(struct eval_run *run, struct span name)
{
    struct span host = eval_lower(run, name), last, two, three;

    while (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--;
    if (!has_letter(host))
        return host;
    last  = last_labels(host, 1);
    two   = last_labels(host, 2);
    three = last_labels(host, 3);
    if (two.data != NULL &&
        (last.len > 2 || span_equal(last, SPAN("ie")) || span_equal(last, SPAN("fr")) || span_equal(last, SPAN("de"))))
        return two;
    return three.data != NULL ? three : host;
}

static struct names
names_of(struct eval_run *run, const struct relay *relay)
{
    return (struct names){cut_host(run, relay->by), cut_host(run, relay->rdns), cut_host(run, relay->helo)};
}

static bool
is_domain(struct span name)
{
    static struct regex_built_in domain = {"^\\w[\\w.-]+\\.\\w+$", "", NULL};

    return eval_matches(&domain, name);
}

/* Is the HELO the number of a host that is far from the one that sent? */
static bool
is_far(struct span helo, struct span ip)
{
    static struct regex_built_in number = {"^(\\d+\\.\\d+)\\.\\d+\\.\\d+$", "", NULL};
    struct regex_found           found;
    struct span                  near;

    if (!regex_find(regex_of(&number), helo, 0, &found))
        return false;
    near = regex_group(&found, 1);
    return regex_find(regex_of(&number), ip, 0, &found) && !span_equal(near, regex_group(&found, 1)) &&
           !network_address_is_private(helo);
}

unsigned
relay_forged_ip_helo(struct eval_run *run, const struct eval_call *call)
{
    size_t              count;
    const struct relay *relay = relay_eval_untrusted(run, &count);

    (void)call;
    for (; count > 0; count--, relay++) {
        struct names names = names_of(run, relay);

        if (is_domain(names.by) && is_far(names.helo, relay->ip))
            return 1;
    }
    return 0;
}

/* A host handing a mail to itself says nothing about its name. */
static bool
is_local(const struct names *names, const struct relay *relay)
{
    return is_domain(names->by) && span_equal(relay->ip, SPAN("127.0.0.1")) &&
           (span_equal(names->rdns, SPAN("localhost")) || span_equal(names->rdns, SPAN("localhost.localdomain")));
}

/* Does a host's name differ, twice or more, between where it sent and where it received? */
unsigned
relay_forged_trail(struct eval_run *run, const struct eval_call *call)
{
    size_t              count;
    const struct relay *relay      = relay_eval_untrusted(run, &count);
    struct span         above      = {0}; /* the name of the sender one relay up */
    unsigned            mismatches = 0;

    (void)call;
    for (size_t i = 0; i < count; i++) {
        struct names names = names_of(run, &relay[i]);
        bool         kin   = span_equal(names.by, SPAN("msn.com")) && span_equal(above, SPAN("hotmail.com"));

        mismatches += is_domain(names.by) && is_domain(above) && !span_equal(names.by, above) && !kin;
        above = names.rdns;
        if (is_local(&names, &relay[i]))
            above.len = 0;
    }
    return mismatches > 1;
}

/* A domain as patterns: in an address, and in the name of a host that sent and one that received. */
struct domain_patterns {
    struct regex *address, *path;
};

void
relay_release_domain(void *prepared)
{
    struct domain_patterns *patterns = prepared;

    regex_free(&patterns->address);
    regex_free(&patterns->path);
    free(patterns);
}

int
relay_prepare_domain(struct eval_call *call, void *settings, struct bytes *why)
{
    struct domain_patterns *patterns = memory_new(sizeof(*patterns));
    struct span             domain   = call->arguments[0];
    struct bytes            text     = {0};

    (void)settings;
    call->prepared = patterns;
    bytes_printf(&text, "\\b\\Q%.*s\\E", SPAN_ARG(domain));
    patterns->address = regex_compile(bytes_span(&text), SPAN("i"), why);
    bytes_clear(&text);
    bytes_printf(&text, " rdns=\\S*\\b%.*s [^\\]]*by=\\S*\\b%.*s ", SPAN_ARG(domain), SPAN_ARG(domain));
    if (patterns->address != NULL)
        patterns->path = regex_compile(bytes_span(&text), SPAN(""), why);
    bytes_free(&text);
    return patterns->path != NULL ? 0 : -1;
}

/* A sender at this domain: did the mail go through two of its hosts (as it should, 'true'), or not? */
unsigned
relay_from_domain_in_received(struct eval_run *run, const struct eval_call *call)
{
    const struct domain_patterns *patterns = call->prepared;
    bool                          wanted   = span_equal(call->arguments[1], SPAN("true"));
    struct bytes                  path     = {0};
    bool                          went;

    if (!regex_matches(patterns->address, eval_field_first(run, "From:addr")))
        return 0;
    relays_print(relays_of(run->mail), RELAYS_TRUSTED, &path);
    bytes_add_char(&path, '\n');
    relays_print(relays_of(run->mail), RELAYS_UNTRUSTED, &path);
    went = regex_matches(patterns->path, bytes_span(&path));
    bytes_free(&path);
    return went == wanted;
}
