/* The filter modules. A new one is a declaration here and a row in filters/modules.c. */
#ifndef FILTERS_MODULES_H
#define FILTERS_MODULES_H

#include "filters/filter.h"

extern const struct filter_module header_rewrite_module;
extern const struct filter_module audit_log_module;

#endif
