/* A field looked up among header_checks rules as the filter does it: by its name. What is no field, among all rules. */
#ifndef TESTS_UNIT_CHECK_FIXTURE_H
#define TESTS_UNIT_CHECK_FIXTURE_H

#include "rules/postfix/check_names.h"
#include "rules/postfix/header_checks.h"

static struct span
name_of(struct span header)
{
    size_t len = 0;

    while (len < header.len && check_is_name_octet(header.data[len]))
        len++;
    return span_head(header, len < header.len && header.data[len] == ':' ? len : 0);
}

static bool
find_check(const struct header_checks *checks, struct span header, struct header_check *check)
{
    const struct header_rules *rules = header_checks_for(checks, name_of(header));

    return rules != NULL && header_checks_find(checks, rules, header, check);
}

#endif
