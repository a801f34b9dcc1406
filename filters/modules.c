/* The table of filter modules, by which proxy.conf's `module =` is looked up. */
#include "filters/modules.h"
#include "filters/chain.h"

const struct filter_module *const chain_modules[] = {
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
