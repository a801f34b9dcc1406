/* What can be told of a pattern's tree alone. Trees are no deeper than the groups that PCRE2 takes. */
#include "rules/prefilter/syntax.h"

static uint32_t
add(uint32_t a, uint32_t b)
{
    return a < SYNTAX_ENDLESS - b ? a + b : SYNTAX_ENDLESS;
}

static uint32_t
multiply(uint32_t a, uint32_t b)
{
    uint64_t product = (uint64_t)a * b;

    return product < SYNTAX_ENDLESS ? (uint32_t)product : SYNTAX_ENDLESS;
}

uint32_t
syntax_longest(const struct syntax_node *node)
{
    uint32_t sum = 0, most = 0;

    for (const struct syntax_node *part = node->part; part != NULL; part = part->next) {
        uint32_t longest = syntax_longest(part);

        sum  = add(sum, longest);
        most = longest > most ? longest : most;
    }
    switch (node->kind) {
    case SYNTAX_NOTHING:
        return 0;
    case SYNTAX_OCTET:
        return 1;
    case SYNTAX_SEQUENCE:
        return sum;
    case SYNTAX_CHOICE:
        return most;
    case SYNTAX_REPEAT:
        return multiply(sum, node->most);
    case SYNTAX_ANYTHING:
    case SYNTAX_CALL:
        break;
    }
    return SYNTAX_ENDLESS;
}

bool
syntax_has_call(const struct syntax_node *node)
{
    bool has = node->kind == SYNTAX_CALL;

    for (const struct syntax_node *part = node->part; part != NULL && !has; part = part->next)
        has = syntax_has_call(part);
    return has;
}
