/*
 * The module "header-rewrite": applies header_checks rules (rules/postfix/header_checks.h) to the fields of a message's
 * header, one by one, as Postfix's cleanup(8) does. MIME part headers are body to it, and pass.
 */
#ifndef FILTERS_HEADER_REWRITE_H
#define FILTERS_HEADER_REWRITE_H

#include "filters/filter.h"

/* What it is configured with. `rules` are the files' paths; configure() makes `checks` of them. */
struct header_rewrite {
    struct setting_list   rules;
    struct header_checks *checks;
};

extern const struct filter_module header_rewrite_module;

#endif
