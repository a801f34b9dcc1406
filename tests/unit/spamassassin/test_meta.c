/* The expressions of meta rules: what they come to, and what is wrong with those that come to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/count.h"
#include "rules/spamassassin/meta.h"

/* The rules A, B, C, D hit 0, 1, 2 and 3 times. */
static const char *const names[] = {"A", "B", "C", "D"};
static const double      hits[]  = {0, 1, 2, 3};

static long
find(void *context, struct span name)
{
    (void)context;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (span_equal(name, span_of(names[i])))
            return (long)i;
    return -1;
}

/* The glob of this test's rows fits B, C and D. */
static void
match(void *context, struct span glob, void (*add)(void *adder, size_t rule), void *adder)
{
    (void)context;
    for (size_t i = 1; i < COUNT_OF(names) && span_equal(glob, SPAN("[")) == 0; i++)
        add(adder, i);
}

static const struct meta_names meta_names = {find, match, NULL};

static const struct {
    const char *expression;
    double      value;
} cases[] = {
    {"A", 0},
    {"B", 1},
    {"D", 3},
    {"NOBODY", 0},
    {"!A", 1},
    {"!!D", 1},
    {"! D", 0},
    {"B && C", 2},
    {"A && C", 0},
    {"A || D", 3},
    {"B||A&&A", 1},
    {"(B || A) && A", 0},
    {"!A && B", 1},
    {"!B + 1", 1},
    {"B + C + D", 6},
    {"(B + C + D) > 5", 1},
    {"B + C > 3", 0},
    {"D - C - B", 0},
    {"D - (C - B)", 2},
    {"2 * 3 + 4", 10},
    {"2 + 3 * 4", 14},
    {"7 / 2", 3.5},
    {"7 / A", 0},
    {"-D + 4", 1},
    {"C-1", 1},
    {"1.5 * C", 3},
    {".5 * C", 1},
    {"C == 2", 1},
    {"C != 2", 0},
    {"C >= 2 && C <= 2", 1},
    {"C < 2 || C > 2", 0},
    {"B ^ B", 0},
    {"A ^ B", 1},
    {"A ? B : C", 2},
    {"B ? C : D", 2},
    {"A ? 1 : B ? 5 : 6", 5},
    {"1 + (A ? 10 : 20)", 21},
    {"rules_matching(*)", 6},
    {"rules_matching( ?_x* ) > 2 && !A", 1},
    {"((((((B))))))", 1},
    {" B\t", 1},
};

static void
test_values(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        struct bytes why  = {0};
        struct meta *meta = meta_compile(span_of(cases[row].expression), &meta_names, &why);

        if (meta == NULL)
            fail_msg("row %zu: %s: %s", row, cases[row].expression, why.data);
        if (meta_evaluate(meta, hits) != cases[row].value)
            fail_msg("row %zu: %s is %g and not %g", row, cases[row].expression, meta_evaluate(meta, hits),
                     cases[row].value);
        meta_free(&meta);
        assert_null(meta);
    }
}

static const struct {
    const char *expression, *why;
} mistakes[] = {
    {"", "value expected at the end"},
    {"A &&", "value expected at the end"},
    {"A B", "operator expected at \"B\""},
    {"A & B", "operator expected at \"& B\""},
    {"(A", "')' expected at the end"},
    {"A)", "operator expected at \")\""},
    {"&& A", "value expected at \"&& A\""},
    {"A ? B", "':' expected at the end"},
    {"1x", "not a number at \"1x\""},
    {"1.2.3", "not a number at \"1.2.3\""},
    {"rules_matching()", "rule pattern expected at \")\""},
    {"rules_matching(A", "')' expected at the end"},
    {"A $ B", "operator expected at \"$ B\""},
};

static void
test_mistakes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(mistakes); row++) {
        struct bytes why = {0};

        if (meta_compile(span_of(mistakes[row].expression), &meta_names, &why) != NULL)
            fail_msg("row %zu: %s compiles", row, mistakes[row].expression);
        if (!span_equal(bytes_span(&why), span_of(mistakes[row].why)))
            fail_msg("row %zu: %s: %s", row, mistakes[row].expression, why.data);
        bytes_free(&why);
    }
}

/* As deep as may be it has a value, one deeper it is refused, whatever it is that nests. */
static void
test_depth(void **state)
{
    static const struct {
        const char *open, *close;
    } nests[] = {
        {"(", ")"}, {"!", ""}, {"-", ""}, {"1?", ":1"}, {"1?1:", ""}, {"1+(", ")"}, {"1||1&&1^1==1<1+1*(", ")"}};

    (void)state;
    for (size_t row = 0; row < COUNT_OF(nests); row++) {
        for (size_t depth = 1; depth < 100000; depth *= 10) {
            struct bytes text = {0}, why = {0};
            struct meta *meta;

            for (size_t i = 0; i < depth; i++)
                bytes_add(&text, span_of(nests[row].open));
            bytes_add(&text, SPAN("B"));
            for (size_t i = 0; i < depth; i++)
                bytes_add(&text, span_of(nests[row].close));
            meta = meta_compile(bytes_span(&text), &meta_names, &why);
            if ((meta != NULL) != (depth <= 10))
                fail_msg("row %zu: depth %zu", row, depth);
            if (meta != NULL)
                (void)meta_evaluate(meta, hits);
            meta_free(&meta);
            bytes_free(&why);
            bytes_free(&text);
        }
    }
}

static void
test_rules(void **state)
{
    struct bytes why  = {0};
    struct meta *meta = meta_compile(SPAN("B && (NOBODY || D) && !B"), &meta_names, &why);
    size_t       at   = 0;

    (void)state;
    assert_non_null(meta);
    assert_int_equal(meta_next_rule(meta, &at), 1);
    assert_int_equal(meta_next_rule(meta, &at), 3);
    assert_int_equal(meta_next_rule(meta, &at), 1);
    assert_int_equal(meta_next_rule(meta, &at), -1);
    meta_free(&meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
