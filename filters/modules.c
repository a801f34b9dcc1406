/*
 * The modules, by whose names proxy.conf's `module =` is looked up. A new one is its file, which defines NAME_module,
 * and its NAME here.
 */
#include "filters/chain.h"

#ifndef MORE_MODULES /* the tests have one of their own */
#define MORE_MODULES(MODULE)
#endif
#define MODULES(MODULE) MODULE(header_rewrite) MODULE(audit_log) MODULE(spam_score) MORE_MODULES(MODULE)

#define DECLARE(name) extern const struct filter_module name##_module;
#define ADDRESS(name) &name##_module,

MODULES(DECLARE)

const struct filter_module *const chain_modules[] = {MODULES(ADDRESS) NULL};

const struct filter_module *
chain_module(const char *name)
{
    for (size_t i = 0; chain_modules[i] != NULL; i++)
        if (strcmp(chain_modules[i]->name, name) == 0)
            return chain_modules[i];
    return NULL;
}
