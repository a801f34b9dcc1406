/* Sums on both sides of a relation. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"
#include "rules/eval/comparison.h"

enum relation { LESS, LESS_EQUAL, MORE, MORE_EQUAL, EQUAL, NOT_EQUAL, RELATIONS };

struct comparison {
    enum relation relation;
    double        added; /* to the number */
    double        other; /* what it is compared with */
};

/* The longer ones first. */
static const struct {
    const char   *text;
    enum relation relation;
} relations[] = {
    {"<=", LESS_EQUAL}, {">=", MORE_EQUAL}, {"==", EQUAL}, {"!=", NOT_EQUAL}, {"<", LESS}, {">", MORE},
};

/* Takes "+ 1 - 2" off the text; with `first`, the first sign may be missing. False if a number is missing. */
static bool
take_sum(struct span *text, bool first, double *sum)
{
    *sum = 0;
    for (*text = text_trim(*text); text->len > 0; first = false, *text = text_trim(*text)) {
        bool   minus = text->data[0] == '-', sign = minus || text->data[0] == '+';
        double number = 0;

        if (!sign && !first)
            return true;
        *text = text_trim(span_tail(*text, sign));
        if (text->len == 0 || !isdigit((unsigned char)text->data[0]))
            return false;
        for (; text->len > 0 && isdigit((unsigned char)text->data[0]); *text = span_tail(*text, 1))
            number = number * 10 + (text->data[0] - '0');
        *sum += minus ? -number : number;
    }
    return !first;
}

static enum relation
take_relation(struct span *text)
{
    for (size_t i = 0; i < COUNT_OF(relations); i++) {
        if (!span_starts_nocase(*text, span_of(relations[i].text)))
            continue;
        *text = span_tail(*text, strlen(relations[i].text));
        return relations[i].relation;
    }
    return RELATIONS;
}

struct comparison *
comparison_read(struct span text, struct bytes *why)
{
    struct comparison *comparison = memory_new(sizeof(*comparison));
    struct span        rest       = text;

    if (take_sum(&rest, false, &comparison->added) && (comparison->relation = take_relation(&rest)) != RELATIONS &&
        take_sum(&rest, true, &comparison->other) && rest.len == 0)
        return comparison;
    bytes_printf(why, "\"%.*s\" compares with no number", SPAN_ARG(text));
    free(comparison);
    return NULL;
}

void
comparison_free(void *comparison)
{
    free(comparison);
}

bool
comparison_holds(const struct comparison *comparison, double number)
{
    number += comparison->added;
    switch (comparison->relation) {
    case LESS:
        return number < comparison->other;
    case LESS_EQUAL:
        return number <= comparison->other;
    case MORE:
        return number > comparison->other;
    case MORE_EQUAL:
        return number >= comparison->other;
    case EQUAL:
        return number == comparison->other;
    default:
        return number != comparison->other;
    }
}
