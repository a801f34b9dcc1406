/* Lists packed and made again: written they are the same, and they can be edited on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "filters/headers.h"
#include "tests/unit/octets.h"

static struct span
written(const struct header_list *list, struct bytes *out)
{
    bytes_clear(out);
    headers_write(list, out);
    return bytes_span(out);
}

/* As a filter does between two of which one holds the message. */
static void
edit(struct header_list *list, int how)
{
    if (how > 0)
        headers_insert(list, 0, SPAN("X"), SPAN("y"));
    if (how > 1 && list->count > 1)
        headers_remove(list, 1);
    if (how > 2)
        headers_insert(list, list->count, SPAN("Z"),
                       SPAN("a value that is long enough to be folded, and so is "
                            "written in two lines of the header's"));
    if (how > 3)
        headers_finish(list);
}

static void
test_packed(void **state)
{
    static const char *const blocks[] = {
        "",
        "\r\n",
        "A: b\r\n\r\n",
        "A: b\nC : d\n e\n\n",
        "A: b\r\nodd line\r\nC:\r\n\r\n",
        "From x\r\nA: b\r\n--body\r\n",
        "A: b\r\nends in a na",
        "no header\r\n",
        "A: b\r\nends in an odd line\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(blocks); i++)
        for (int how = 0; how <= 4; how++) {
            struct span        block = exact_copy(span_of(blocks[i]));
            struct header_list list = {0}, same = {0};
            struct bytes       packed = {0}, expected = {0}, got = {0};

            headers_parse(&list, block);
            headers_parse(&same, span_of(blocks[i]));
            edit(&list, how);
            edit(&same, how);
            headers_pack(&list, &packed);
            free_copy(block);
            assert_int_equal(headers_memory(&list), list.changes.capacity);
            headers_unpack(&list, packed.data);
            expect_span(blocks[i], "unpacked", written(&list, &got), written(&same, &expected));
            edit(&list, how + 1);
            edit(&same, how + 1);
            expect_span(blocks[i], "edited", written(&list, &got), written(&same, &expected));
            headers_free(&list);
            headers_free(&same);
            bytes_free(&packed);
            bytes_free(&expected);
            bytes_free(&got);
        }
}

/* It is given back as it is. */
static void
test_packed_and_freed(void **state)
{
    struct header_list list   = {0};
    struct bytes       packed = {0};

    (void)state;
    headers_parse(&list, SPAN("A: b\r\n\r\n"));
    edit(&list, 1);
    headers_pack(&list, &packed);
    headers_free(&list);
    bytes_free(&packed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packed), cmocka_unit_test(test_packed_and_freed)};

    return cmocka_run_group_tests_name("headers_pack", tests, NULL, NULL);
}
