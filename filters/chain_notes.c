/* Notes by scope, and what can be told of a chain before a message is asked for. */
#include "filters/chain_notes.h"

/* Names, each with its NUL. */
static struct bytes
scope_of(const struct chain *chain, size_t at)
{
    struct bytes scope = {0};

    for (size_t i = 0; i <= at; i++)
        bytes_add(&scope, (struct span){chain->filters[i]->name, strlen(chain->filters[i]->name) + 1});
    return scope;
}

bool
chain_recall(const struct chain *chain, size_t at, const struct message_info *info, const struct chain_notes *notes,
             struct bytes *note)
{
    struct bytes scope;
    bool         found;

    if (notes == NULL)
        return false;
    scope = scope_of(chain, at);
    found = notes->recall(notes->context, info, bytes_span(&scope), note);
    bytes_free(&scope);
    return found;
}

void
chain_remember(const struct chain *chain, size_t at, const struct message_info *info, const struct chain_notes *notes,
               struct span note)
{
    struct bytes scope;

    if (notes == NULL)
        return;
    scope = scope_of(chain, at);
    notes->remember(notes->context, info, bytes_span(&scope), note);
    bytes_free(&scope);
}

bool
chain_remembers(const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->filters[i]->module->remembers)
            return true;
    return false;
}

bool
chain_records(const struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->filters[i]->module->records_to != NULL)
            return true;
    return false;
}

static bool
has_note(const struct chain *chain, size_t at, const struct message_info *info, const struct chain_notes *notes)
{
    struct bytes note  = {0};
    bool         found = chain->filters[at]->module->remembers && chain_recall(chain, at, info, notes, &note);

    bytes_free(&note);
    return found;
}

bool
chain_has_note(const struct chain *chain, const struct message_info *info, const struct chain_notes *notes)
{
    for (size_t i = 0; i < chain->count; i++)
        if (has_note(chain, i, info, notes))
            return true;
    return false;
}

void
chain_forget(const struct chain *chain, const struct message_info *info, const struct chain_notes *notes)
{
    for (size_t i = 0; notes != NULL && i < chain->count; i++) {
        struct bytes scope = {0};

        if (!chain->filters[i]->module->remembers)
            continue;
        scope = scope_of(chain, i);
        notes->forget(notes->context, info, bytes_span(&scope));
        bytes_free(&scope);
    }
}

uint64_t
chain_filter_needs(const struct chain_filter *filter)
{
    return filter->module->needs != NULL ? filter->module->needs(filter->conf) : 0;
}

uint64_t
chain_needs(const struct chain *chain, const struct message_info *info, const struct chain_notes *notes)
{
    uint64_t most = 0;

    for (size_t i = 0; i < chain->count; i++) {
        uint64_t needed = chain_filter_needs(chain->filters[i]);

        if (needed > most && !has_note(chain, i, info, notes))
            most = needed;
    }
    return most;
}
