/* Sizes of messages: what lines say, and what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/pop3/sizes.h"

static const struct {
    struct span line;
    uint64_t    number, octets;
} rows[] = {
    {SPAN("1 120"), 1, 120},
    {SPAN("2 0"), 2, 0},
    {SPAN("65 200 octets"), 65, 200},
    {SPAN("131072 7"), SIZES_MAX, 7},
    {SPAN("131073 7"), SIZES_MAX + 1, 0},
    {SPAN("3 4294967296"), 3, UINT32_MAX},
    {SPAN("3 99999999999999999999999"), 3, 0},
    {SPAN("3 -1"), 3, 0},
    {SPAN("3"), 3, 0},
    {SPAN("0 5"), 0, 0},
    {SPAN("x 5"), 0, 0},
    {SPAN(""), 0, 0},
};

static void
each_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sizes sizes = {0};

        sizes_add(&sizes, rows[i].line);
        assert_int_equal(sizes_find(&sizes, rows[i].number), rows[i].octets);
        sizes_free(&sizes);
    }
}

static void
the_last_one_counts(void **state)
{
    struct sizes sizes = {0};

    (void)state;
    for (uint64_t number = 1; number <= 1000; number++)
        sizes_set(&sizes, number, number + 1);
    sizes_set(&sizes, 7, 5);
    for (uint64_t number = 1; number <= 1000; number++)
        assert_int_equal(sizes_find(&sizes, number), number == 7 ? 5 : number + 1);
    assert_int_equal(sizes_find(&sizes, UINT64_MAX), 0);
    sizes_free(&sizes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_line), cmocka_unit_test(the_last_one_counts)};

    return cmocka_run_group_tests_name("sizes", tests, NULL, NULL);
}
