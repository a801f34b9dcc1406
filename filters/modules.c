/* The table of filter modules, by which proxy.conf's `module =` is looked up. A new module is a row, and its header. */
#include "filters/audit_log.h"
#include "filters/chain.h"
#include "filters/header_rewrite.h"
#include "filters/spam_score.h"

const struct filter_module *const chain_modules[] = {
    &header_rewrite_module,
    &audit_log_module,
    &spam_score_module,
    NULL,
};

const struct filter_module *
chain_module(const char *name)
{
    for (size_t i = 0; chain_modules[i] != NULL; i++)
        if (strcmp(chain_modules[i]->name, name) == 0)
            return chain_modules[i];
    return NULL;
}
