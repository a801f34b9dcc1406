/* A set of lower-case names for each level. */
#include <ctype.h>
#include <glib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/mail/registry.h"

enum { HOST_MAX = 253, LABEL_MAX = 63 }; /* octets: RFC 1035, 2.3.4 */

struct registry {
    GHashTable *domains[REGISTRY_LEVELS];
    bool        built_in; /* no line of level 1 was read yet */
};

/* The generic domains in wide use. */
static const char *const built_in[] = {
    "academy",  "aero",     "africa",    "agency",    "app",      "arpa",    "art",     "asia",        "bank",
    "bet",      "bid",      "bio",       "biz",       "blog",     "cam",     "capital", "care",        "casa",
    "cash",     "casino",   "cat",       "center",    "chat",     "city",    "click",   "cloud",       "club",
    "codes",    "com",      "company",   "computer",  "coop",     "cyou",    "date",    "deals",       "design",
    "dev",      "digital",  "direct",    "directory", "download", "edu",     "email",   "energy",      "estate",
    "events",   "exchange", "express",   "faith",     "farm",     "finance", "fit",     "fun",         "fund",
    "fyi",      "gallery",  "game",      "games",     "global",   "gov",     "group",   "guru",        "health",
    "help",     "host",     "house",     "icu",       "info",     "ink",     "int",     "investments", "jobs",
    "land",     "law",      "life",      "link",      "live",     "loan",    "loans",   "lol",         "love",
    "ltd",      "market",   "marketing", "mba",       "media",    "men",     "mil",     "mobi",        "moda",
    "mom",      "money",    "monster",   "museum",    "name",     "net",     "network", "news",        "ninja",
    "one",      "online",   "org",       "page",      "partners", "party",   "photos",  "pics",        "plus",
    "porn",     "post",     "press",     "pro",       "promo",    "pub",     "quest",   "racing",      "realtor",
    "red",      "rest",     "review",    "reviews",   "rocks",    "run",     "sale",    "sbs",         "science",
    "services", "sex",      "sexy",      "shop",      "show",     "site",    "social",  "software",    "solutions",
    "space",    "store",    "stream",    "studio",    "support",  "systems", "team",    "tech",        "technology",
    "tel",      "tips",     "today",     "tokyo",     "tools",    "top",     "trade",   "travel",      "uno",
    "vip",      "webcam",   "website",   "wiki",      "win",      "work",    "works",   "world",       "xxx",
    "xyz",      "zip",      "zone",
};

struct registry *
registry_new(void)
{
    struct registry *registry = memory_new(sizeof(*registry));

    for (unsigned i = 0; i < REGISTRY_LEVELS; i++)
        registry->domains[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    registry->built_in = true;
    for (size_t i = 0; i < COUNT_OF(built_in); i++)
        (void)g_hash_table_add(registry->domains[0], g_strdup(built_in[i]));
    return registry;
}

void
registry_clear(struct registry *registry)
{
    for (unsigned i = 0; i < REGISTRY_LEVELS; i++)
        g_hash_table_remove_all(registry->domains[i]);
    registry->built_in = false;
}

void
registry_add(struct registry *registry, unsigned level, struct span domain)
{
    if (level == 1 && registry->built_in) {
        g_hash_table_remove_all(registry->domains[0]);
        registry->built_in = false;
    }
    (void)g_hash_table_add(registry->domains[level - 1], g_ascii_strdown(domain.data, (gssize)domain.len));
}

static bool
holds(const struct registry *registry, unsigned level, struct span domain)
{
    char name[HOST_MAX + 1];

    if (domain.len == 0 || domain.len > HOST_MAX)
        return false;
    for (size_t i = 0; i < domain.len; i++)
        name[i] = (char)tolower((unsigned char)domain.data[i]);
    name[domain.len] = '\0';
    return g_hash_table_contains(registry->domains[level - 1], name);
}

bool
registry_is_top(const struct registry *registry, struct span label)
{
    if (registry->built_in && label.len == 2)
        return isalpha((unsigned char)label.data[0]) && isalpha((unsigned char)label.data[1]);
    if (registry->built_in && span_starts_nocase(label, SPAN("xn--")))
        return true;
    return holds(registry, 1, label);
}

static bool
is_label(struct span label, bool high)
{
    if (label.len < 1 || label.len > LABEL_MAX || label.data[0] == '-' || label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!isalnum((unsigned char)label.data[i]) && label.data[i] != '-' && (label.data[i] != '_' || high))
            return false;
    return true;
}

/* The last `count` labels of a host; all of it if it has no more than that. */
static struct span
last_labels(struct span host, unsigned count)
{
    size_t at = host.len;

    for (; at > 0; at--)
        if (host.data[at - 1] == '.' && count-- == 1)
            break;
    return span_tail(host, at);
}

static struct span
without_last_dots(struct span host)
{
    while (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--;
    return host;
}

bool
registry_name_valid(struct span name)
{
    unsigned labels = 0;

    name = without_last_dots(name);
    if (name.len == 0 || name.len > HOST_MAX)
        return false;
    for (;;) {
        struct span label = last_labels(name, 1);

        if (!is_label(label, labels < 2))
            return false;
        labels++;
        if (name.len == label.len)
            return labels > 1;
        name.len -= label.len + 1;
    }
}

bool
registry_host_valid(const struct registry *registry, struct span host)
{
    return registry_name_valid(host) && registry_is_top(registry, last_labels(without_last_dots(host), 1));
}

bool
registry_domain_valid(const struct registry *registry, struct span domain)
{
    struct span top = last_labels(domain, 1);

    for (size_t i = 0; i < domain.len; i++)
        if (isspace((unsigned char)domain.data[i]))
            return false;
    return top.len < domain.len && registry_is_top(registry, top);
}

/* The label that stands `from` places before the end; 0 is the last. */
static struct span
label_at(struct span host, unsigned from)
{
    for (; from > 0; from--) {
        size_t len = last_labels(host, 1).len;

        if (host.len == len)
            return (struct span){0};
        host.len -= len + 1;
    }
    return last_labels(host, 1);
}

static bool
is_us_state(struct span label)
{
    static const char states[] = "ak al ar az ca co ct dc de fl ga gu hi ia id il in ks ky la ma md me mi mn mo ms mt "
                                 "nc nd ne nh nj nm nv ny oh ok or pa pr ri sc sd tn tx ut va vi vt wa wi wv wy ";

    for (const char *state = states; label.len == 2 && *state != '\0'; state += 3)
        if (span_equal_nocase(label, (struct span){state, 2}))
            return true;
    return false;
}

/* Below .us there are domains for schools, counties, cities and other places: RFC 1480, 2. How many labels, with the
 * state and .us, everybody there shares; 0: as elsewhere. */
static unsigned
us_levels(struct span host)
{
    struct span fourth = label_at(host, 3);

    if (!span_equal_nocase(label_at(host, 0), SPAN("us")))
        return 0;
    if (is_us_state(label_at(host, 1)) &&
        (span_equal_nocase(fourth, SPAN("ci")) || span_equal_nocase(fourth, SPAN("co")) ||
         (span_equal_nocase(fourth, SPAN("pvt")) && span_equal_nocase(label_at(host, 2), SPAN("k12")))))
        return 4;
    return is_us_state(label_at(host, 1)) && label_at(host, 2).len > 0 ? 3 : 0;
}

struct span
registry_domain(const struct registry *registry, struct span host)
{
    unsigned us = us_levels(host);

    if (us > 0)
        return last_labels(host, us + 1);
    for (unsigned level = REGISTRY_LEVELS; level > 1; level--) {
        bool counted = level < 3 || !span_equal_nocase(label_at(host, 0), SPAN("us"));

        if (counted && holds(registry, level, last_labels(host, level)))
            return last_labels(host, level + 1);
    }
    return last_labels(host, 2);
}

void
registry_free(struct registry **registry)
{
    if (*registry == NULL)
        return;
    for (unsigned i = 0; i < REGISTRY_LEVELS; i++)
        g_hash_table_destroy((*registry)->domains[i]);
    g_free(*registry);
    *registry = NULL;
}
