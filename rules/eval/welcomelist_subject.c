/* WelcomeListSubject: subjects that are always welcome, or never. * stands for any text, ? for any one character. */
#include <glib.h>
#include <stdlib.h>

#include "base/memory.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/glob.h"
#include "rules/eval/plugins.h"

struct subject_list {
    char **globs;
    size_t count;
};

struct subject_settings {
    struct subject_list welcome, blocked;
};

static int
add_subject(struct subject_list *list, struct span value, struct bytes *why)
{
    struct bytes glob = {0};

    if (value.len == 0) {
        bytes_printf(why, "missing subject");
        return -1;
    }
    bytes_add_char(&glob, '*'); /* it may stand anywhere in a subject */
    for (size_t i = 0; i < value.len; i++)
        bytes_add_char(&glob, g_ascii_tolower(value.data[i]));
    bytes_add_char(&glob, '*');
    list->globs                = memory_resize_array(list->globs, list->count + 1, sizeof(list->globs[0]));
    list->globs[list->count++] = glob.data;
    return 0;
}

static int
read_welcome(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct subject_settings *subjects = settings;

    (void)directive;
    return add_subject(&subjects->welcome, value, why);
}

static int
read_blocked(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct subject_settings *subjects = settings;

    (void)directive;
    return add_subject(&subjects->blocked, value, why);
}

static unsigned
has_listed_subject(struct eval_run *run, const struct subject_list *list)
{
    const char *subject;

    if (list->count == 0)
        return 0;
    subject = eval_lower(run, eval_field(run, "Subject")).data;
    for (size_t i = 0; i < list->count; i++)
        if (*subject != '\0' && glob_matches(list->globs[i], subject, '\0'))
            return 1;
    return 0;
}

static unsigned
subject_in_welcomelist(struct eval_run *run, const struct eval_call *call)
{
    const struct subject_settings *subjects = eval_plugin_settings(run, &welcomelist_subject_plugin);

    (void)call;
    return has_listed_subject(run, &subjects->welcome);
}

static unsigned
subject_in_blocklist(struct eval_run *run, const struct eval_call *call)
{
    const struct subject_settings *subjects = eval_plugin_settings(run, &welcomelist_subject_plugin);

    (void)call;
    return has_listed_subject(run, &subjects->blocked);
}

static void
clear_list(struct subject_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->globs[i]);
    free(list->globs);
}

static void
clear_settings(void *settings)
{
    struct subject_settings *subjects = settings;

    clear_list(&subjects->welcome);
    clear_list(&subjects->blocked);
}

/* Each by its name and by the one that it had before SpamAssassin 4. */
static const struct eval_function functions[] = {
    {.name = "check_subject_in_welcomelist", .run = subject_in_welcomelist},
    {.name = "check_subject_in_whitelist", .run = subject_in_welcomelist},
    {.name = "check_subject_in_blocklist", .run = subject_in_blocklist},
    {.name = "check_subject_in_blacklist", .run = subject_in_blocklist},
    {.name = NULL},
};

static const struct eval_directive directives[] = {
    {.word = "welcomelist_subject", .read = read_welcome},
    {.word = "whitelist_subject", .read = read_welcome},
    {.word = "blocklist_subject", .read = read_blocked},
    {.word = "blacklist_subject", .read = read_blocked},
    {.word = NULL},
};

const struct eval_plugin welcomelist_subject_plugin = {
    .name          = "WelcomeListSubject",
    .functions     = functions,
    .directives    = directives,
    .settings_size = sizeof(struct subject_settings),
    .clear         = clear_settings,
};
