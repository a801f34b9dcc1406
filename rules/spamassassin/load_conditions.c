/* if, ifplugin, else, endif, require_version: which lines of a file are read at all. */
#include <stdio.h>

#include "base/count.h"
#include "rules/spamassassin/condition.h"
#include "rules/spamassassin/loader.h"

/* Says whether lines are skipped from now on. */
static void
set_skips(struct loader_file *file, bool skips)
{
    file->skips = skips;
    if (!skips)
        file->absent[0] = '\0';
}

static void
open_condition(struct loader *loader, struct span text)
{
    struct loader_file *file = loader->file;
    struct bytes        why  = {0};

    if (file->condition_count == LOADER_CONDITIONS_MAX) {
        loader_complain(loader, "too many conditions in each other");
        file->left = true;
        return;
    }
    file->conditions[file->condition_count++] = (struct loader_condition){file->line, file->skips};
    if (!file->skips)
        file->skips = !condition_true(text, loader->plugins, &why);
    if (why.len > 0)
        loader_complain(loader, "the condition cannot be read: %s", why.data);
    bytes_free(&why);
}

static void
obey_if(struct loader *loader, struct span value)
{
    if (value.len == 0)
        loader_complain(loader, "missing condition");
    open_condition(loader, value);
}

static void
obey_ifplugin(struct loader *loader, struct span value)
{
    struct loader_file *file    = loader->file;
    struct bytes        text    = {0};
    bool                skipped = file->skips;

    bytes_printf(&text, "plugin(%.*s)", SPAN_ARG(value));
    obey_if(loader, value.len > 0 ? bytes_span(&text) : value);
    bytes_free(&text);
    if (file->skips && !skipped)
        (void)snprintf(file->absent, sizeof(file->absent), "%.*s", SPAN_ARG(plugins_short(value)));
}

static void
obey_else(struct loader *loader, struct span value)
{
    struct loader_file *file = loader->file;

    if (value.len > 0 || file->condition_count == 0)
        loader_complain(loader, value.len > 0 ? "else stands alone on its line" : "else without if");
    else if (!file->conditions[file->condition_count - 1].skipped)
        set_skips(file, !file->skips);
}

static void
obey_endif(struct loader *loader, struct span value)
{
    struct loader_file *file = loader->file;

    if (value.len > 0 || file->condition_count == 0)
        loader_complain(loader, value.len > 0 ? "endif stands alone on its line" : "endif without if");
    else
        set_skips(file, file->conditions[--file->condition_count].skipped);
}

/* Rules are written for one version of SpamAssassin; "@@VERSION@@" is any. */
static void
obey_require_version(struct loader *loader, struct span value)
{
    if (loader->file->skips || span_equal(value, SPAN("@@VERSION@@")) || span_equal(value, SPAN(CONDITION_VERSION)))
        return;
    if (value.len == 0) {
        loader_complain(loader, "missing version");
        return;
    }
    loader_complain(loader, "the rest of the file is for version %.*s, not " CONDITION_VERSION, SPAN_ARG(value));
    loader->file->left            = true;
    loader->file->condition_count = 0;
}

static const struct {
    const char *word;
    void (*obey)(struct loader *, struct span value);
} words[] = {
    {"if", obey_if},
    {"ifplugin", obey_ifplugin},
    {"else", obey_else},
    {"endif", obey_endif},
    {"require_version", obey_require_version},
};

bool
loader_obey_condition(struct loader *loader, struct span word, struct span value)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (span_equal(word, span_of(words[i].word))) {
            words[i].obey(loader, value);
            return true;
        }
    }
    return false;
}

void
loader_close_conditions(struct loader *loader)
{
    struct loader_file *file = loader->file;

    for (size_t i = 0; i < file->condition_count; i++) {
        file->line = file->conditions[i].line;
        loader_complain(loader, "if without endif");
    }
}
