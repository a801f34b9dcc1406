/*
 * proxy.conf to struct config: the file is taken apart, each section becomes a struct, and the listeners are linked to
 * the upstreams and filters that they name.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/config/config.h"
#include "proxy/config/config_address.h"
#include "proxy/config/config_limits.h"
#include "proxy/config/config_read.h"
#include "proxy/config/config_section.h"
#include "proxy/config/config_setting.h"
#include "proxy/config/config_table.h"
#include "proxy/config/config_value.h"

static void
refuse_name(struct config_loader *loader, const struct config_section *section, enum config_kind kind, const char *key,
            const char *name)
{
    const char         *word  = config_tables[kind].kind;
    struct config_guess guess = {.word = name};
    struct bytes        text  = {0};

    for (size_t i = 0; i < loader->file.section_count; i++)
        if (strcmp(loader->file.sections[i].kind, word) == 0)
            config_guess_offer(&guess, loader->file.sections[i].name);
    bytes_printf(&text, "there is no %s \"%s\"", word, name);
    config_guess_write(&guess, &text);
    config_complain(loader, section, key, "%s", text.data);
    bytes_free(&text);
}

static void
link_upstream(struct config_loader *loader, const struct config_section *section, struct config_listener *listener)
{
    const struct config *config = loader->config;

    if (listener->upstream_name == NULL)
        return;
    for (size_t i = 0; i < config->upstream_count && listener->upstream == NULL; i++)
        if (strcmp(config->upstreams[i].name, listener->upstream_name) == 0)
            listener->upstream = &config->upstreams[i];
    if (listener->upstream == NULL)
        refuse_name(loader, section, CONFIG_UPSTREAM, "upstream", listener->upstream_name);
}

static const struct chain_filter *
find_filter(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->filter_count; i++)
        if (strcmp(config->filters[i].name, name) == 0)
            return &config->filters[i].filter;
    return NULL;
}

static bool
chain_has(const struct chain *chain, const struct chain_filter *filter)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->filters[i] == filter)
            return true;
    return false;
}

static void
link_filters(struct config_loader *loader, const struct config_section *section, struct config_listener *listener)
{
    struct chain *chain = &listener->chain;

    chain->filters = memory_new(listener->filters.count * sizeof(struct chain_filter *));
    for (size_t i = 0; i < listener->filters.count; i++) {
        const char                *name   = listener->filters.items[i];
        const struct chain_filter *filter = find_filter(loader->config, name);

        if (filter == NULL)
            refuse_name(loader, section, CONFIG_FILTER, "filters", name);
        else if (chain_has(chain, filter))
            config_complain(loader, section, "filters", "filter \"%s\" is named twice", name);
        else
            chain->filters[chain->count++] = filter;
    }
}

/* The first address in front of this one, which is the configuration's own, that stands in its way. */
static const struct config_address *
find_clash(const struct config *config, const struct config_address *address, const struct config_listener **owner)
{
    assert(address != NULL);
    for (*owner = config->listeners;; (*owner)++)
        for (size_t i = 0; i < (*owner)->addresses.count; i++) {
            const struct config_address *other = &(*owner)->addresses.items[i];

            if (other == address)
                return NULL;
            if (config_address_clash(other, address))
                return other;
        }
}

static void
check_addresses(struct config_loader *loader, const struct config_section *section,
                const struct config_addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++) {
        const struct config_listener *owner;
        const struct config_address  *address = &addresses->items[i];
        const struct config_address  *clash   = find_clash(loader->config, address, &owner);
        struct bytes                  where   = {0};

        if (clash == NULL)
            continue;
        config_spot_write((struct config_spot){owner->file, owner->line}, section->place.file, &where);
        config_complain(loader, section, "address", "%s: the listener \"%s\" at %s has %s already", address->text,
                        owner->name, where.data, clash->text);
        bytes_free(&where);
    }
}

static void
link_listeners(struct config_loader *loader)
{
    struct config_listener *listener = loader->config->listeners;

    for (size_t i = 0; i < loader->file.section_count; i++) {
        const struct config_section *section = &loader->file.sections[i];

        if (config_table_find(section->kind) != CONFIG_LISTENER)
            continue;
        link_upstream(loader, section, listener);
        link_filters(loader, section, listener);
        check_addresses(loader, section, &listener->addresses);
        listener++;
    }
}

/* A module that holds messages has a key hold_limit. */
bool
config_holds(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        for (size_t k = 0; k < config->listeners[i].chain.count; k++) {
            const struct filter_module *module = config->listeners[i].chain.filters[k]->module;

            if (module != NULL && config_setting_find(module->settings, "hold_limit") != NULL)
                return true;
        }
    return false;
}

static void
check_whole(struct config_loader *loader)
{
    const struct config         *config  = loader->config;
    const struct config_section *section = &loader->file.sections[0];
    const char                  *fault   = config_holds(config) ? config_folder_fault(config->spool_dir) : NULL;

    if (config->listener_count == 0)
        error_add(loader->error, loader->config->file, 0, "there is no listener");
    if (fault != NULL)
        config_complain(loader, section, "spool_dir", "spool_dir = \"%s\": %s", config->spool_dir, fault);
    config_limits_check(loader);
    config_check_loops(config, loader->error);
}

/* There are at most as many structs of each kind as there are sections; pointers into the arrays have to last. */
static struct config *
make_config(const struct config_file *file)
{
    struct config *config = memory_new(sizeof(*config));

    config->file      = file->paths.items[0];
    config->listeners = memory_new(file->section_count * sizeof(*config->listeners));
    config->upstreams = memory_new(file->section_count * sizeof(*config->upstreams));
    config->filters   = memory_new(file->section_count * sizeof(*config->filters));
    return config;
}

/* The files that filters name come last, for the process that reads them may have become another user by then. */
static void
configure_filters(struct config_loader *loader, int (*become)(const struct config *))
{
    struct config_filter *filter = loader->config->filters;

    if (become != NULL && become(loader->config) != 0) {
        error_add(loader->error, loader->config->file, 0, "privileges cannot be given up: %s", strerror(errno));
        return;
    }
    for (size_t i = 0; i < loader->file.section_count; i++)
        if (config_table_find(loader->file.sections[i].kind) == CONFIG_FILTER)
            config_section_configure(loader, &loader->file.sections[i], filter++);
}

struct config *
config_load(const char *file, struct error *error)
{
    return config_load_as(file, NULL, error);
}

struct config *
config_load_as(const char *file, int (*become)(const struct config *), struct error *error)
{
    struct config_loader loader = {.error = error, .authorities = tls_authorities_new()};
    size_t               before = error->count;

    if (config_read(&loader.file, file, error) == 0) {
        loader.config = make_config(&loader.file);
        for (size_t i = 0; i < loader.file.section_count; i++)
            config_section_take(&loader, &loader.file.sections[i]);
        configure_filters(&loader, become);
        link_listeners(&loader);
        check_whole(&loader);
    }
    if (error->count > before || loader.config == NULL) {
        config_free(&loader.config);
    } else {
        loader.config->notes = error->notes;
        loader.config->files = loader.file.paths;
        error->notes         = (struct bytes){0};
        loader.file.paths    = (struct setting_list){0};
    }
    tls_authorities_free(&loader.authorities);
    config_file_free(&loader.file);
    return loader.config;
}

void
config_place(struct config *config, const char *host, const struct sockaddr_storage *found, size_t count)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        config_address_place(&config->upstreams[i].addresses, host, found, count);
}

static void
free_filter(struct config_filter *filter)
{
    const struct filter_module *module = filter->filter.module;
    void                       *conf   = filter->filter.conf;

    if (conf != NULL) {
        if (module->release != NULL)
            module->release(conf);
        if (module->settings != NULL)
            config_setting_release(module->settings, conf);
        free(conf);
    }
    free(filter->name);
}

static void
free_listener(struct config_listener *listener)
{
    tls_context_free(&listener->context);
    config_address_free(&listener->addresses);
    config_setting_release(config_tables[CONFIG_LISTENER].settings, listener);
    free(listener->chain.filters);
    free(listener->name);
}

static void
free_upstream(struct config_upstream *upstream)
{
    tls_context_free(&upstream->context);
    config_address_free(&upstream->addresses);
    config_setting_release(config_tables[CONFIG_UPSTREAM].settings, upstream);
    free(upstream->name);
}

void
config_free(struct config **config)
{
    struct config *it = *config;

    if (it == NULL)
        return;
    for (size_t i = 0; i < it->listener_count; i++)
        free_listener(&it->listeners[i]);
    for (size_t i = 0; i < it->upstream_count; i++)
        free_upstream(&it->upstreams[i]);
    for (size_t i = 0; i < it->filter_count; i++)
        free_filter(&it->filters[i]);
    config_setting_release(config_tables[CONFIG_MAIN].settings, it);
    free(it->listeners);
    free(it->upstreams);
    free(it->filters);
    setting_list_free(&it->files);
    bytes_free(&it->notes);
    free(it);
    *config = NULL;
}

static bool
has_path(const char *const *paths, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(paths[i], path) == 0)
            return true;
    return false;
}

size_t
config_audit_paths(const struct config_listener *listener, const char **paths, size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < listener->chain.count && count < most; i++) {
        const struct chain_filter *filter = listener->chain.filters[i];
        const char *path = filter->module->records_to != NULL ? filter->module->records_to(filter->conf) : NULL;

        if (path != NULL && !has_path(paths, count, path))
            paths[count++] = path;
    }
    return count;
}
