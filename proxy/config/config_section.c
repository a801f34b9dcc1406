/* Sections to structs: each by its table first, and then by what a table cannot say. */
#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/logfile.h"
#include "base/memory.h"
#include "base/trust.h"
#include "proxy/config/config_address.h"
#include "proxy/config/config_section.h"
#include "proxy/config/config_setting.h"
#include "proxy/config/config_source.h"
#include "proxy/config/config_table.h"
#include "proxy/config/config_value.h"

void
config_complain(struct config_loader *loader, const struct config_section *section, const char *key, const char *format,
                ...)
{
    struct config_spot spot = config_section_spot(section, key);
    struct bytes       text = {0};
    va_list            args;

    va_start(args, format);
    bytes_vprintf(&text, format, args);
    va_end(args);
    error_add(loader->error, spot.file, spot.line, "%s", text.data);
    bytes_free(&text);
}

static void
fill_section(struct config_loader *loader, struct config_section *section, enum config_kind kind, void *target)
{
    const struct setting *const tables[] = {config_tables[kind].settings, NULL};

    (void)config_setting_fill(tables[0], target, &loader->file, section, loader->error);
    config_setting_refuse_unknown(section, tables, loader->error);
}

static int64_t
count_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
    return sysconf(_SC_NPROCESSORS_ONLN); /* more of them than the set holds */
}

const char *
config_folder_fault(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return strerror(errno);
    return S_ISDIR(status.st_mode) ? NULL : strerror(ENOTDIR);
}

/* Checks the folder in which a file is to be made. */
static void
check_folder_of(struct config_loader *loader, const struct config_section *section, const char *key, const char *path)
{
    char       *folder = memory_copy_string(path);
    const char *fault;

    strrchr(folder, '/')[1] = '\0';
    fault                   = config_folder_fault(folder);
    if (fault == NULL && access(folder, W_OK | X_OK) != 0)
        fault = strerror(errno);
    if (fault != NULL)
        config_complain(loader, section, key, "%s = \"%s\": the folder %s: %s", key, path, folder, fault);
    free(folder);
}

/* A file that is written to later, and made if it is not there. */
static void
check_log_file(struct config_loader *loader, const struct config_section *section, const char *key, const char *path)
{
    const char *fault = logfile_fault(path);

    if (fault != NULL)
        config_complain(loader, section, key, "%s = \"%s\": %s", key, path, fault);
    else if (access(path, F_OK) != 0)
        check_folder_of(loader, section, key, path);
    else if (access(path, W_OK) != 0)
        config_complain(loader, section, key, "%s = \"%s\": %s", key, path, strerror(errno));
}

static void
check_log(struct config_loader *loader, const struct config_section *section)
{
    struct config *config = loader->config;
    char          *path;

    if (strcmp(config->log, "stderr") == 0 || strcmp(config->log, "syslog") == 0)
        return;
    path = config_source_absolute(loader->file.folder, config->log);
    free(config->log);
    config->log = path;
    check_log_file(loader, section, "log", path);
}

/* Only root can become somebody else, and must. */
static void
check_user(struct config_loader *loader, const struct config_section *section)
{
    const struct passwd *user;

    if (geteuid() != 0)
        return;
    user = getpwnam(loader->config->user);
    if (user == NULL)
        config_complain(loader, section, "user", "user = \"%s\": there is no such user", loader->config->user);
    else if (user->pw_uid == 0)
        config_complain(loader, section, "user", "user = \"%s\": the workers must not be root", loader->config->user);
}

static void
take_main(struct config_loader *loader, struct config_section *section)
{
    fill_section(loader, section, CONFIG_MAIN, loader->config);
    if (loader->config->workers == 0)
        loader->config->workers = count_processors();
    check_log(loader, section);
    check_user(loader, section);
}

static void
add_addresses(struct config_loader *loader, const struct config_section *section, const char *key,
              const struct setting_list *texts, enum config_address_use use, struct config_addresses *addresses)
{
    for (size_t i = 0; i < texts->count; i++) {
        const char *fault = config_address_add(addresses, texts->items[i], use);

        if (fault != NULL)
            config_complain(loader, section, key, "%s = \"%s\": %s", key, texts->items[i], fault);
    }
}

/* A key about TLS where there is no TLS is a mistake that shows passwords to the wire. */
static void
refuse_keys_of_tls(struct config_loader *loader, const struct config_section *section, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (config_section_find(section, *keys) != NULL)
            config_complain(loader, section, *keys, "%s is given, but tls is \"none\"", *keys);
}

/* Was the key left out, or given a value that can be used? */
static bool
is_right(const struct config_section *section, const char *name)
{
    const struct config_key *key = config_section_find(section, name);

    return key == NULL || !key->wrong;
}

/* What cannot be sent as SNI (RFC 6066, 3) cannot be in a certificate either. */
static void
check_tls_name(struct config_loader *loader, const struct config_section *section, const char *name)
{
    if (name != NULL && !tls_is_host(span_of(name)))
        config_complain(loader, section, "tls_name", "tls_name = \"%s\": not the name of a host", name);
}

/* What root reads decides who popgate is, and what it trusts: nobody else may change it. */
static bool
refuse_others(struct config_loader *loader, const struct config_section *section, const char *key,
              const struct setting_list *files)
{
    struct bytes why   = {0};
    bool         right = true;

    for (size_t i = 0; i < files->count; i++)
        if (!trust_path(files->items[i], &why)) {
            config_complain(loader, section, key, "%s %s: %s", key, files->items[i], why.data);
            bytes_clear(&why);
            right = false;
        }
    bytes_free(&why);
    return right;
}

static void
open_upstream_tls(struct config_loader *loader, const struct config_section *section, struct config_upstream *upstream)
{
    static const char *const   keys[]    = {"tls_ca", "tls_name", NULL};
    static const int           words[]   = {CONFIG_TLS_NONE, CONFIG_TLS_STLS, CONFIG_TLS_IMPLICIT};
    const struct setting_list  authority = {&upstream->tls_ca, upstream->tls_ca != NULL};
    struct tls_client_settings settings  = {
         .common         = {(enum tls_version)upstream->tls_min, upstream->ciphers, upstream->curves},
         .verify         = upstream->tls_verify,
         .ca             = upstream->tls_ca,
         .legacy_connect = upstream->legacy_server_connect,
         .authorities    = loader->authorities,
    };

    upstream->tls = words[upstream->tls];
    if (!is_right(section, "tls"))
        return;
    check_tls_name(loader, section, upstream->tls_name);
    if (upstream->tls == CONFIG_TLS_NONE)
        refuse_keys_of_tls(loader, section, keys);
    else if (is_right(section, "tls_ca") && refuse_others(loader, section, "tls_ca", &authority))
        upstream->context = tls_client_new(&settings, &section->place, loader->error);
}

static void
take_upstream(struct config_loader *loader, struct config_section *section)
{
    struct config_upstream *upstream = &loader->config->upstreams[loader->config->upstream_count++];

    upstream->name = memory_copy_string(section->name);
    upstream->file = section->place.file;
    upstream->line = section->place.line;
    fill_section(loader, section, CONFIG_UPSTREAM, upstream);
    add_addresses(loader, section, "server", &upstream->server, CONFIG_ADDRESS_CONNECT, &upstream->addresses);
    open_upstream_tls(loader, section, upstream);
}

static void
open_listener_tls(struct config_loader *loader, const struct config_section *section, struct config_listener *listener)
{
    static const char *const   keys[]   = {"certificate", "key", NULL};
    struct tls_server_settings settings = {
        .common      = {(enum tls_version)listener->tls_min, listener->ciphers, listener->curves},
        .name        = listener->name,
        .certificate = &listener->certificate,
        .key         = &listener->key,
    };
    bool known = is_right(section, "tls"); /* if not, the files are looked at all the same */

    if (!is_right(section, "certificate") || !is_right(section, "key") || (!known && listener->certificate.count == 0))
        return;
    if (known && listener->tls == CONFIG_TLS_NONE)
        refuse_keys_of_tls(loader, section, keys);
    else if (listener->certificate.count == 0)
        config_complain(loader, section, "tls", "listener \"%s\" has TLS and needs a certificate", listener->name);
    else if (listener->key.count > listener->certificate.count)
        config_complain(loader, section, "key", "there are more keys (%zu) than certificates (%zu)",
                        listener->key.count, listener->certificate.count);
    else if ((int)refuse_others(loader, section, "certificate", &listener->certificate) &
             (int)refuse_others(loader, section, "key", &listener->key))
        listener->context = tls_server_new(&settings, &section->place, loader->error);
}

static void
take_listener(struct config_loader *loader, struct config_section *section)
{
    struct config_listener *listener = &loader->config->listeners[loader->config->listener_count++];

    listener->name = memory_copy_string(section->name);
    listener->file = section->place.file;
    listener->line = section->place.line;
    fill_section(loader, section, CONFIG_LISTENER, listener);
    add_addresses(loader, section, "address", &listener->address, CONFIG_ADDRESS_LISTEN, &listener->addresses);
    open_listener_tls(loader, section, listener);
}

static void
refuse_module(struct config_loader *loader, const struct config_section *section, const char *name)
{
    struct config_guess guess = {.word = name};
    struct bytes        text  = {0};

    bytes_printf(&text, "module = \"%s\": not one of", name);
    for (size_t i = 0; chain_modules[i] != NULL; i++) {
        bytes_printf(&text, "%s \"%s\"", i > 0 ? "," : "", chain_modules[i]->name);
        config_guess_offer(&guess, chain_modules[i]->name);
    }
    config_guess_write(&guess, &text);
    config_complain(loader, section, "module", "%s", text.data);
    bytes_free(&text);
}

/* The first module that has the key. */
static const struct filter_module *
find_owner(const char *key)
{
    for (size_t i = 0; chain_modules[i] != NULL; i++)
        if (config_setting_find(chain_modules[i]->settings, key) != NULL)
            return chain_modules[i];
    return NULL;
}

/* Refuses the keys of other modules; where the section's own is not known, any may be right. */
static void
refuse_keys_of_others(struct config_loader *loader, struct config_section *section, const struct filter_module *module)
{
    for (size_t i = 0; i < section->key_count; i++) {
        struct config_key          *key   = &section->keys[i];
        const struct filter_module *owner = key->known ? NULL : find_owner(key->name);

        if (owner == NULL)
            continue;
        key->known = true;
        if (module != NULL)
            config_complain(loader, section, key->name, "%s is a key of the module \"%s\", not of \"%s\"", key->name,
                            owner->name, module->name);
    }
}

/* Fills the module's struct from the section; what the module loads comes later. */
static void *
configure_module(struct config_loader *loader, struct config_section *section, const struct filter_module *module)
{
    static const struct setting none[] = {{0}};
    const struct setting       *table  = module->settings != NULL ? module->settings : none;
    void                       *conf   = memory_new(module->conf_size);

    const char *path;

    if (config_setting_fill(table, conf, &loader->file, section, loader->error)) {
        path = module->records_to != NULL ? module->records_to(conf) : NULL;
        if (path != NULL)
            check_log_file(loader, section, "path", path);
        return conf;
    }
    config_setting_release(table, conf);
    free(conf);
    return NULL;
}

void
config_section_configure(struct config_loader *loader, const struct config_section *section,
                         const struct config_filter *filter)
{
    const struct filter_module *module = filter->filter.module;

    if (filter->filter.conf != NULL && module->configure != NULL &&
        module->configure(filter->filter.conf, &section->place, loader->error) != 0)
        assert(loader->error->count > 0);
}

static void
take_filter(struct config_loader *loader, struct config_section *section)
{
    const struct setting       *settings = config_tables[CONFIG_FILTER].settings;
    struct config_filter       *filter   = &loader->config->filters[loader->config->filter_count++];
    struct config_filter_head   head     = {0};
    const struct filter_module *module   = NULL;
    const struct setting       *tables[] = {settings, NULL, NULL};

    filter->name = memory_copy_string(section->name);
    if (config_setting_fill(settings, &head, &loader->file, section, loader->error)) {
        module = chain_module(head.module);
        if (module == NULL)
            refuse_module(loader, section, head.module);
    }
    filter->filter = (struct chain_filter){
        .module     = module,
        .name       = filter->name,
        .on_failure = (enum chain_on_failure)head.on_failure,
        .time_limit = head.time_limit,
        .timeout    = head.timeout,
        .conf       = module != NULL ? configure_module(loader, section, module) : NULL,
    };
    if (module != NULL && module->records_to != NULL && head.on_failure == CHAIN_REFUSE)
        config_complain(
            loader, section, "on_failure",
            "on_failure = \"refuse\" is not for %s: what becomes of a message is recorded behind it, so that "
            "a full disk cannot hold it back",
            module->name);
    tables[1] = module != NULL ? module->settings : NULL;
    refuse_keys_of_others(loader, section, module);
    config_setting_refuse_unknown(section, tables, loader->error);
    config_setting_release(settings, &head);
}

static void
check_name(struct config_loader *loader, const struct config_section *section)
{
    const struct config_section *other = loader->file.sections;
    struct bytes                 where = {0};

    if (section->name[0] == '\0')
        config_complain(loader, section, "", "a %s needs a name, as in: %s \"name\" {", section->kind, section->kind);
    while (strcmp(other->kind, section->kind) != 0 || strcmp(other->name, section->name) != 0)
        other++;
    config_spot_write(config_section_spot(other, ""), section->place.file, &where);
    if (other != section)
        config_complain(loader, section, "", "%s \"%s\" is there already, at %s", section->kind, section->name,
                        where.data);
    bytes_free(&where);
}

void
config_section_take(struct config_loader *loader, struct config_section *section)
{
    static void (*const take[])(struct config_loader *, struct config_section *) = {
        [CONFIG_MAIN]     = take_main,
        [CONFIG_LISTENER] = take_listener,
        [CONFIG_UPSTREAM] = take_upstream,
        [CONFIG_FILTER]   = take_filter,
    };
    enum config_kind    kind  = config_table_find(section->kind);
    struct config_guess guess = {.word = section->kind};
    struct bytes        text  = {0};

    if (kind < CONFIG_KINDS) {
        if (kind != CONFIG_MAIN)
            check_name(loader, section);
        take[kind](loader, section);
        return;
    }
    for (size_t i = CONFIG_MAIN + 1; i < CONFIG_KINDS; i++)
        config_guess_offer(&guess, config_tables[i].kind);
    bytes_printf(&text, "there are no sections called \"%s\"", section->kind);
    config_guess_write(&guess, &text);
    config_complain(loader, section, "", "%s", text.data);
    bytes_free(&text);
}
