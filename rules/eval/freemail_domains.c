/* The domains: thousands, looked up by name; a few with wildcards. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/eval/freemail.h"
#include "rules/eval/glob.h"
#include "rules/eval/wlbl_eval.h"

/* Addresses of roles and of programs (hexadecimal, or with a forwarder's ='s) are not a person's. */
static struct regex_built_in no_person = {
    "^(?:abuse|support|sales|info|helpdesk|contact|kontakt|(?:post|host|domain)master|undisclosed.*|"
    "request-[a-f0-9]{16}|bounced?-|[a-f0-9]{8}(?:\\.[a-f0-9]{8}|(?:-[a-f0-9]{4}){3}-[a-f0-9]{12})|"
    ".[^=]*=.[^=]*=.[^@]*)@",
    "i", NULL};

static bool
is_domain(const char *word)
{
    for (; *word != '\0'; word++)
        if (!g_ascii_isalnum(*word) && strchr(".*?-", *word) == NULL)
            return false;
    return true;
}

static bool
is_welcome(const char *word)
{
    for (size_t i = 1; word[0] != '\0' && word[i] != '\0'; i++)
        if ((word[i] == '.' || word[i] == '@') && (g_ascii_isalnum(word[i - 1]) || word[i - 1] == '_') &&
            (g_ascii_isalnum(word[i + 1]) || word[i + 1] == '_'))
            return true;
    return false;
}

/* Each word, in lower case, to where it belongs; the words that belong nowhere to `why`. */
static int
add_words(struct span value, struct bytes *why, bool (*fits)(const char *), void (*add)(void *, char *), void *to)
{
    int result = 0;

    for (struct span word = text_next_token(&value); word.len > 0; word = text_next_token(&value)) {
        char *lower = g_ascii_strdown(word.data, (gssize)word.len);

        if (fits(lower)) {
            add(to, lower);
            continue;
        }
        bytes_printf(why, "%s\"%s\" is no domain", result == 0 ? "" : ", ", lower);
        g_free(lower);
        result = -1;
    }
    return result;
}

static void
add_domain(void *to, char *domain)
{
    struct freemail_settings *settings = to;

    if (strpbrk(domain, "*?") != NULL)
        g_ptr_array_add(settings->wildcards, domain);
    else
        (void)g_hash_table_add(settings->domains, domain);
}

static void
add_welcome(void *to, char *name)
{
    struct freemail_settings *settings = to;

    (void)g_hash_table_add(settings->welcome, name);
}

static int
read_domains(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    (void)directive;
    return add_words(value, why, is_domain, add_domain, settings);
}

static int
read_welcome(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    (void)directive;
    return add_words(value, why, is_welcome, add_welcome, settings);
}

static const struct {
    const char *name;
    size_t      offset; /* of a long in struct freemail_settings */
    long        value;  /* where no line says otherwise */
} numbers[] = {
    {"freemail_max_body_emails", offsetof(struct freemail_settings, max_body_emails), 5},
    {"freemail_max_body_freemails", offsetof(struct freemail_settings, max_body_freemails), 3},
    {"freemail_skip_when_over_max", offsetof(struct freemail_settings, skip_when_over_max), 1},
    {"freemail_skip_bulk_envfrom", offsetof(struct freemail_settings, skip_bulk_envfrom), 1},
    {"freemail_add_describe_email", offsetof(struct freemail_settings, add_describe_email), 1},
    {"freemail_import_welcomelist_auth", offsetof(struct freemail_settings, import_welcomelist_auth), 0},
    {"freemail_import_def_welcomelist_auth", offsetof(struct freemail_settings, import_def_welcomelist_auth), 0},
};

enum { NUMBERS = COUNT_OF(numbers) };

static long *
number_called(struct freemail_settings *settings, const char *name)
{
    size_t i = 0;

    while (strcmp(numbers[i].name, name) != 0)
        i++;
    return (long *)((char *)settings + numbers[i].offset);
}

static int
read_number(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    char  text[16] = "", *end;
    long *number   = number_called(settings, directive->name);

    if (value.len > 0 && value.len < sizeof(text))
        memcpy(text, value.data, value.len);
    *number = strtol(text, &end, 10);
    if (text[0] != '\0' && *end == '\0')
        return 0;
    bytes_printf(why, "a number expected");
    return -1;
}

const struct eval_directive freemail_directives[] = {
    {"freemail_domains", read_domains, NULL},
    {"freemail_welcomelist", read_welcome, NULL},
    {"freemail_whitelist", read_welcome, NULL},
    {"freemail_max_body_emails", read_number, "freemail_max_body_emails"},
    {"freemail_max_body_freemails", read_number, "freemail_max_body_freemails"},
    {"freemail_skip_when_over_max", read_number, "freemail_skip_when_over_max"},
    {"freemail_skip_bulk_envfrom", read_number, "freemail_skip_bulk_envfrom"},
    {"freemail_add_describe_email", read_number, "freemail_add_describe_email"},
    {"freemail_import_welcomelist_auth", read_number, "freemail_import_welcomelist_auth"},
    {"freemail_import_whitelist_auth", read_number, "freemail_import_welcomelist_auth"},
    {"freemail_import_def_welcomelist_auth", read_number, "freemail_import_def_welcomelist_auth"},
    {"freemail_import_def_whitelist_auth", read_number, "freemail_import_def_welcomelist_auth"},
    {NULL, NULL, NULL},
};

void
freemail_fill(void *settings, const struct mail_settings *mail_settings)
{
    struct freemail_settings *freemail = settings;

    (void)mail_settings;
    freemail->domains   = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    freemail->welcome   = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    freemail->wildcards = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < NUMBERS; i++)
        *number_called(freemail, numbers[i].name) = numbers[i].value;
}

void
freemail_clear(void *settings)
{
    struct freemail_settings *freemail = settings;

    g_hash_table_destroy(freemail->domains);
    g_hash_table_destroy(freemail->welcome);
    (void)g_ptr_array_free(freemail->wildcards, TRUE);
}

const struct freemail_settings *
freemail_settings_of(const struct eval_run *run)
{
    return eval_plugin_settings(run, &freemail_plugin);
}

bool
freemail_is_available(const struct eval_run *run)
{
    const struct freemail_settings *settings = freemail_settings_of(run);

    return g_hash_table_size(settings->domains) + settings->wildcards->len > 0;
}

static bool
is_free_domain(const struct freemail_settings *settings, const char *domain)
{
    if (g_hash_table_contains(settings->domains, domain))
        return true;
    for (guint i = 0; i < settings->wildcards->len; i++)
        if (glob_matches(settings->wildcards->pdata[i], domain, '.'))
            return true;
    return false;
}

/* By the lists for mail that is known to be from whom it says. */
static bool
is_imported(const struct eval_run *run, const char *address)
{
    const struct freemail_settings *settings = freemail_settings_of(run);

    return (settings->import_welcomelist_auth && address_list_has(wlbl_list(run, SPAN("welcomelist_auth")), address)) ||
           (settings->import_def_welcomelist_auth &&
            address_list_has(wlbl_list(run, SPAN("def_welcomelist_auth")), address));
}

bool
freemail_is_free(struct eval_run *run, struct span address)
{
    const struct freemail_settings *settings = freemail_settings_of(run);
    const char                     *at       = strrchr(address.data, '@');
    const char                     *domain   = at != NULL ? at + 1 : address.data;

    return address.len > 0 && is_free_domain(settings, domain) &&
           !g_hash_table_contains(settings->welcome, address.data) &&
           !g_hash_table_contains(settings->welcome, domain) && !eval_matches(&no_person, address) &&
           !is_imported(run, address.data);
}
