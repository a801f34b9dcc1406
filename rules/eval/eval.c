/* The plugins, and their functions' calls: read once, run for each message. */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/eval/eval.h"
#include "rules/eval/plugins.h"

const struct eval_plugin *const eval_plugins[] = {
    &header_eval_plugin,
    &relay_eval_plugin,
    &wlbl_eval_plugin,
    &freemail_plugin,
    &from_name_spoof_plugin,
    &vbounce_plugin,
    &welcomelist_subject_plugin,
    &mime_eval_plugin,
    &body_eval_plugin,
    &image_info_plugin,
    &html_eval_plugin,
    &uri_eval_plugin,
    &https_mismatch_plugin,
    &uri_detail_plugin,
    NULL,
};

enum { PLUGINS = COUNT_OF(eval_plugins) - 1 };

struct eval_settings {
    void *of[PLUGINS];
};

static size_t
plugin_index(const struct eval_plugin *plugin)
{
    size_t index = 0;

    while (eval_plugins[index] != plugin)
        index++;
    assert(index < PLUGINS);
    return index;
}

struct eval_settings *
eval_settings_new(const struct mail_settings *mail_settings)
{
    struct eval_settings *settings = memory_new(sizeof(*settings));

    for (size_t i = 0; i < PLUGINS; i++) {
        settings->of[i] = eval_plugins[i]->settings_size > 0 ? memory_new(eval_plugins[i]->settings_size) : NULL;
        if (eval_plugins[i]->fill != NULL)
            eval_plugins[i]->fill(settings->of[i], mail_settings);
    }
    return settings;
}

void
eval_settings_free(struct eval_settings **settings)
{
    if (*settings == NULL)
        return;
    for (size_t i = 0; i < PLUGINS; i++) {
        if (eval_plugins[i]->clear != NULL)
            eval_plugins[i]->clear((*settings)->of[i]);
        free((*settings)->of[i]);
    }
    free(*settings);
    *settings = NULL;
}

/* The directive called `word`, and the number of its plugin; NULL if no plugin knows it. */
static const struct eval_directive *
find_directive(struct span word, size_t *plugin)
{
    for (*plugin = 0; *plugin < PLUGINS; ++*plugin) {
        const struct eval_directive *directive = eval_plugins[*plugin]->directives;

        for (; directive != NULL && directive->word != NULL; directive++)
            if (span_equal_nocase(word, span_of(directive->word)))
                return directive;
    }
    return NULL;
}

const struct eval_plugin *
eval_line_owner(struct span word)
{
    size_t plugin;

    return find_directive(word, &plugin) != NULL ? eval_plugins[plugin] : NULL;
}

int
eval_read_line(struct eval_settings *settings, struct span word, struct span value, struct bytes *why)
{
    size_t                       plugin;
    const struct eval_directive *directive = find_directive(word, &plugin);

    assert(directive != NULL);
    return directive->read(settings->of[plugin], directive, value, why);
}

static const struct eval_function *
find_function(struct span name, const struct eval_plugin **plugin)
{
    for (size_t i = 0; i < PLUGINS; i++) {
        const struct eval_function *function = eval_plugins[i]->functions;

        *plugin = eval_plugins[i];
        for (; function != NULL && function->name != NULL; function++)
            if (span_equal(name, span_of(function->name)))
                return function;
    }
    return NULL;
}

const struct eval_plugin *
eval_function_owner(struct span name)
{
    const struct eval_plugin *plugin;

    return find_function(name, &plugin) != NULL ? plugin : NULL;
}

/* One argument, quoted or a number, cut out of `*text` and ended by a NUL in place. False: it is neither. */
static bool
take_argument(char **text, struct span *argument)
{
    char  quote = **text == '"' || **text == '\'' ? *(*text)++ : '\0';
    char *end   = *text;

    while (*end != '\0' && (quote != '\0' ? *end != quote : *end != ',' && !isspace((unsigned char)*end)))
        end++;
    if (quote != '\0' && *end == '\0')
        return false;
    *argument = (struct span){*text, (size_t)(end - *text)};
    *text     = end + (quote != '\0');
    while (isspace((unsigned char)**text))
        (*text)++;
    if (**text != '\0' && **text != ',')
        return false;
    if (**text == ',')
        (*text)++;
    while (isspace((unsigned char)**text))
        (*text)++;
    *end = '\0';
    return true;
}

static int
read_arguments(struct eval_call *call, struct span text, struct bytes *why)
{
    const struct eval_function *function = call->function;
    char                       *rest = call->text = memory_copy_span(text_trim(text));

    if (function->most == EVAL_WHOLE) {
        call->arguments[0]   = span_of(rest);
        call->argument_count = 1;
        return 0;
    }
    while (*rest != '\0') {
        if (call->argument_count == EVAL_ARGUMENTS_MAX ||
            !take_argument(&rest, &call->arguments[call->argument_count])) {
            bytes_printf(why, "%s: the arguments cannot be read", function->name);
            return -1;
        }
        call->argument_count++;
    }
    if (call->argument_count >= function->least && call->argument_count <= function->most)
        return 0;
    bytes_printf(why, "%s takes %zu to %zu arguments", function->name, function->least, function->most);
    return -1;
}

struct eval_call *
eval_call_read(struct eval_settings *settings, struct span text, struct bytes *why)
{
    const char                 *open  = memchr(text.data, '(', text.len);
    const char                 *close = memrchr(text.data, ')', text.len);
    struct span                 name = text_trim(span_head(text, open != NULL ? (size_t)(open - text.data) : text.len));
    const struct eval_plugin   *plugin;
    const struct eval_function *function = find_function(name, &plugin);
    struct eval_call           *call;
    int                         result;

    if (function == NULL || (open != NULL && (close == NULL || close < open))) {
        bytes_printf(why, function == NULL ? "no function is called %.*s" : "%.*s has no closing parenthesis",
                     SPAN_ARG(name));
        return NULL;
    }
    call           = memory_new(sizeof(*call));
    call->plugin   = plugin;
    call->function = function;
    result = read_arguments(call, open != NULL ? (struct span){open + 1, (size_t)(close - open) - 1} : SPAN(""), why);
    if (result == 0 && function->prepare != NULL)
        result = function->prepare(call, settings->of[plugin_index(plugin)], why);
    if (result != 0)
        eval_call_free(&call);
    return call;
}

void
eval_call_free(struct eval_call **call)
{
    if (*call == NULL)
        return;
    if ((*call)->prepared != NULL && (*call)->function->release != NULL)
        (*call)->function->release((*call)->prepared);
    free((*call)->text);
    free(*call);
    *call = NULL;
}

void
eval_run_start(struct eval_run *run, struct eval_settings *settings, const struct mail *mail)
{
    *run       = (struct eval_run){.mail = mail, .settings = settings};
    run->facts = arena_new(&run->arena, PLUGINS * sizeof(run->facts[0]));
    memset(run->facts, 0, PLUGINS * sizeof(run->facts[0]));
}

unsigned
eval_run_call(struct eval_run *run, const struct eval_call *call)
{
    return call->function->run(run, call);
}

void
eval_run_end(struct eval_run *run)
{
    for (size_t i = 0; i < PLUGINS; i++)
        if (run->facts[i] != NULL && eval_plugins[i]->forget != NULL)
            eval_plugins[i]->forget(run->facts[i]);
    arena_free(&run->arena);
}

double
eval_number(const struct eval_call *call, size_t index, double otherwise)
{
    if (index >= call->argument_count || span_equal(call->arguments[index], SPAN("undef")))
        return otherwise;
    return strtod(call->arguments[index].data, NULL);
}

void *
eval_facts(struct eval_run *run, const struct eval_plugin *plugin)
{
    void **facts = &run->facts[plugin_index(plugin)];

    if (*facts == NULL) {
        *facts = arena_new(&run->arena, plugin->facts_size);
        memset(*facts, 0, plugin->facts_size);
    }
    return *facts;
}

const void *
eval_plugin_settings(const struct eval_run *run, const struct eval_plugin *plugin)
{
    return run->settings->of[plugin_index(plugin)];
}
