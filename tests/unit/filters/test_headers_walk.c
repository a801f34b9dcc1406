/* Walks over a header block that edit it, and blocks that are very large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "filters/headers.h"
#include "tests/unit/octets.h"

static void
expect_written(const char *name, const struct header_list *list, struct span expect)
{
    struct bytes out = {0};

    headers_write(list, &out);
    expect_span(name, "written", bytes_span(&out), expect);
    bytes_free(&out);
}

static void
test_walk(void **state)
{
    struct header_list   list = {0};
    struct header_field *field;

    (void)state;
    headers_parse(&list, SPAN("From a\r\nA: 1\r\nB: 2\r\nC: 3\r\nend-of-header"));
    headers_walk(&list);
    assert_int_equal(list.count, 0);
    for (size_t i = 0; i < 4; i++) {
        field = headers_next(&list);
        assert_non_null(field);
        if (i == 2)
            headers_drop(&list, field);
        else
            headers_keep(&list, field);
        if (i == 0)
            headers_insert(&list, list.count, SPAN("New"), SPAN("0"));
    }
    assert_null(headers_next(&list));
    expect_written("walk", &list, SPAN("From a\r\nNew: 0\r\nA: 1\r\nC: 3\r\nend-of-header"));
    headers_free(&list);
}

/* Any number of fields is put in between, and a walk may end early. */
static void
test_walk_inserts(void **state)
{
    struct header_list   list = {0};
    struct header_field *field;
    struct bytes         expect = {0};
    char                *text   = repeat("A: 1\r\n", 40);

    (void)state;
    headers_parse(&list, span_of(text));
    headers_walk(&list);
    for (size_t i = 0; (field = headers_next(&list)) != NULL; i++) {
        struct header_field copy = *field;

        for (size_t more = 0; more < i % 7; more++) {
            headers_insert(&list, list.count, SPAN("B"), SPAN("2"));
            bytes_add(&expect, SPAN("B: 2\r\n"));
        }
        headers_keep(&list, &copy);
        bytes_add(&expect, SPAN("A: 1\r\n"));
    }
    expect_written("walk", &list, bytes_span(&expect));
    headers_walk(&list);
    headers_drop(&list, headers_next(&list));
    headers_free(&list);
    bytes_free(&expect);
    free(text);
}

static void
test_changes_are_bounded(void **state)
{
    char              *text = repeat("Name-of-a-field: x\r\n", 1000);
    struct header_list list = {0};

    (void)state;
    headers_parse(&list, span_of(text));
    assert_int_equal(headers_remove_all(&list, &SPAN("name-of-A-field"), 1), 1000);
    assert_in_range(list.changes.len, 900, 1100);
    assert_string_equal(list.changes.data + list.changes.len - 5, ", ...");
    headers_free(&list);
    free(text);
}

static double
seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* 100,000 fields, and a line of a megabyte that comes 100 octets at a time: no step looks at everything again. */
static void
test_time_is_linear(void **state)
{
    char                *many = repeat("A: b\r\n", 100000), *line = repeat("x", 1 << 20);
    struct header_list   list = {0};
    struct header_field *field;
    struct headers_scan  scan  = {0};
    double               start = seconds();

    (void)state;
    memcpy(line, "A:", 2);
    for (size_t len = 0; len < 1 << 20; len += 100)
        assert_int_equal(headers_length((struct span){line, len}, &scan), -1);
    scan = (struct headers_scan){0};
    for (size_t len = 0; len < 600000; len += 100)
        assert_int_equal(headers_length((struct span){many, len}, &scan), -1);
    headers_parse(&list, span_of(many));
    assert_int_equal(list.count, 100000);
    headers_walk(&list);
    while ((field = headers_next(&list)) != NULL) {
        struct header_field copy = *field;

        headers_insert(&list, list.count, SPAN("New"), SPAN("x"));
        headers_keep(&list, &copy);
        headers_insert(&list, list.count, SPAN("New"), SPAN("y"));
    }
    assert_int_equal(headers_remove_all(&list, &SPAN("New"), 1), 200000);
    headers_free(&list);
    assert_true(seconds() - start < 2);
    free(many);
    free(line);
}

/* A name without colon is given up at the length of a line, so that a growing text is not read again and again. */
static void
test_endless_name(void **state)
{
    char               *text = repeat("x", 2000);
    struct headers_scan scan = {0};

    (void)state;
    assert_int_equal(headers_length(SPAN("A: long"), &scan), -1);
    assert_int_equal(scan.at, 7);
    scan = (struct headers_scan){0};
    assert_int_equal(headers_length((struct span){text, 997}, &scan), -1);
    assert_int_equal(scan.at, 0);
    assert_int_equal(headers_length((struct span){text, 998}, &scan), 0);
    text[997] = ':';
    assert_int_equal(headers_length((struct span){text, 998}, &scan), -1);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_walk_inserts),
        cmocka_unit_test(test_changes_are_bounded),
        cmocka_unit_test(test_time_is_linear),
        cmocka_unit_test(test_endless_name),
    };

    return cmocka_run_group_tests_name("headers_walk", tests, NULL, NULL);
}
