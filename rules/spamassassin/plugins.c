/* Names, and what they are said to be able to. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/spamassassin/plugins.h"

static const char *const mimeheader_features[] = {
    "has_all_header", "has_tflags_concat", "has_tflags_multiple", "has_tflags_range", NULL,
};

/* Plugins whose work is done in rules/ itself, and their features. */
static const struct {
    const char        *name;
    const char *const *features;
} built_in[] = {
    {"Check", NULL},
    {"ReplaceTags", NULL},
    {"MIMEHeader", mimeheader_features},
};

enum { BUILT_IN = COUNT_OF(built_in), PLUGINS_MAX = 64, COMPAT_MAX = 16 };

struct plugins {
    bool   on[PLUGINS_MAX]; /* the built-in ones, then those of eval_plugins */
    bool   chosen;          /* a file that chooses had a loadplugin line */
    char  *compat[COMPAT_MAX];
    size_t compat_count;
};

/* Names that SpamAssassin changed, and still understands. */
static const struct {
    const char *before, *now;
} renamed[] = {
    {"Dmarc", "DMARC"},
    {"WhiteListSubject", "WelcomeListSubject"},
};

static const char class_prefix[] = "Mail::SpamAssassin::Plugin::", conf_prefix[] = "Mail::SpamAssassin::Conf::";

/* What can() finds in Mail::SpamAssassin::Conf. */
static const char *const conf_features[] = {
    "feature_bayes_auto_learn_on_error",
    "feature_bayes_stopwords",
    "feature_blocklist_welcomelist",
    "feature_bug6558_free",
    "feature_capture_rules",
    "feature_compile_regexp",
    "feature_dns_block_rule",
    "feature_dns_local_ports_permit_avoid",
    "feature_dns_query_restriction",
    "feature_edns",
    "feature_geodb",
    "feature_get_host",
    "feature_header_address_parser",
    "feature_header_first_last",
    "feature_header_match_many",
    "feature_local_tests_only",
    "feature_meta_rules_matching",
    "feature_originating_ip_headers",
    "feature_registryboundaries",
    "feature_subjprefix",
    "feature_uri_host_listed",
    "feature_welcomelist_blocklist",
    "feature_yesno_takes_args",
    "has_tflags_nolog",
    "has_tflags_nosubject",
    "perl_min_version_5010000",
    NULL,
};

struct plugins *
plugins_new(void)
{
    struct plugins *plugins = memory_new(sizeof(*plugins));

    for (size_t i = 0; i < PLUGINS_MAX; i++)
        plugins->on[i] = true;
    return plugins;
}

void
plugins_free(struct plugins **plugins)
{
    if (*plugins == NULL)
        return;
    for (size_t i = 0; i < (*plugins)->compat_count; i++)
        free((*plugins)->compat[i]);
    free(*plugins);
    *plugins = NULL;
}

/* What follows `prefix`; an empty span, its data NULL, if `text` does not begin with it. */
static struct span
behind(struct span text, struct span prefix)
{
    return span_starts(text, prefix) ? span_tail(text, prefix.len) : (struct span){0};
}

/* Where in `on` the plugin stands; PLUGINS_MAX if it is not here. */
static size_t
find_plugin(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(renamed); i++)
        if (span_equal(name, span_of(renamed[i].before)))
            name = span_of(renamed[i].now);
    for (size_t i = 0; i < BUILT_IN; i++)
        if (span_equal(name, span_of(built_in[i].name)))
            return i;
    for (size_t i = 0; eval_plugins[i] != NULL && BUILT_IN + i < PLUGINS_MAX; i++)
        if (span_equal(name, span_of(eval_plugins[i]->name)))
            return BUILT_IN + i;
    return PLUGINS_MAX;
}

void
plugins_load(struct plugins *plugins, struct span value, bool chooses)
{
    struct span name = behind(value, span_of(class_prefix));
    size_t      len  = 0, index;

    if (chooses && !plugins->chosen)
        memset(plugins->on, 0, sizeof(plugins->on));
    plugins->chosen |= chooses;
    while (len < name.len && name.data[len] != ' ' && name.data[len] != '\t')
        len++;
    index = find_plugin(span_head(name, len));
    if (index < PLUGINS_MAX)
        plugins->on[index] = true;
}

struct span plugins_short(struct span class)
{
    const char *colon = class.len > 0 ? memrchr(class.data, ':', class.len) : NULL;

    return colon != NULL ? span_tail(class, (size_t)(colon - class.data) + 1) : class;
}

bool
plugins_on_short(const struct plugins *plugins, struct span name)
{
    size_t index = find_plugin(name);

    return index < PLUGINS_MAX && plugins->on[index];
}

bool
plugins_on(const struct plugins *plugins, struct span class)
{
    struct span name = behind(class, span_of(class_prefix));

    /* Its work needs no plugin any more. */
    return span_equal(name, SPAN("RaciallyCharged")) || plugins_on_short(plugins, name);
}

void
plugins_enable(struct plugins *plugins, struct span name)
{
    if (plugins->compat_count < COMPAT_MAX)
        plugins->compat[plugins->compat_count++] = memory_copy_span(name);
}

static bool
is_among(const char *const *list, struct span name)
{
    for (; list != NULL && *list != NULL; list++)
        if (span_equal(name, span_of(*list)))
            return true;
    return false;
}

static bool
conf_can(const struct plugins *plugins, struct span method)
{
    struct span compat = behind(method, SPAN("compat_"));

    for (size_t i = 0; compat.data != NULL && i < plugins->compat_count; i++)
        if (span_equal(compat, span_of(plugins->compat[i])))
            return true;
    return is_among(conf_features, method);
}

static bool
plugin_can(size_t index, struct span method, bool has)
{
    const struct eval_plugin   *plugin = index >= BUILT_IN ? eval_plugins[index - BUILT_IN] : NULL;
    const struct eval_function *function;

    if (plugin == NULL)
        return is_among(built_in[index].features, method);
    for (function = plugin->functions; has && function != NULL && function->name != NULL; function++)
        if (span_equal(method, span_of(function->name)))
            return true;
    return is_among(plugin->features, method);
}

bool
plugins_can(const struct plugins *plugins, struct span method, bool has)
{
    struct span conf = span_of(conf_prefix), rest;
    const char *colon;
    size_t      index;

    if (span_starts(method, conf))
        return conf_can(plugins, span_tail(method, conf.len));
    rest  = behind(method, span_of(class_prefix));
    colon = rest.len > 0 ? memrchr(rest.data, ':', rest.len) : NULL;
    if (colon == NULL || colon < rest.data + 1 || colon[-1] != ':')
        return false;
    index = find_plugin(span_head(rest, (size_t)(colon - rest.data) - 1));
    return index < PLUGINS_MAX && plugins->on[index] &&
           plugin_can(index, span_tail(rest, (size_t)(colon - rest.data) + 1), has);
}
