/* Unique ids: what is remembered, for how many messages, and how fast. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/pop3/uidl.h"

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static void
add(struct uidl_table **table, struct span line)
{
    char *block = memory_resize(NULL, line.len);

    if (line.len > 0)
        memcpy(block, line.data, line.len);
    uidl_add(table, (struct span){block, line.len});
    free(block);
}

/* A line, and the number and id it has; NULL: it is ignored. */
static const struct {
    struct span line;
    uint64_t    number;
    const char *id;
} lines[] = {
    {TEXT("1 whqtswO00WBw418f9t5JxYwZ"), 1, "whqtswO00WBw418f9t5JxYwZ"},
    {TEXT("2 !~"), 2, "!~"},
    {TEXT("007 x"), 7, "x"},
    {TEXT("1  x "), 1, "x"},
    {TEXT("1 x and more"), 1, "x"},
    {TEXT("1 " A250 "12345"), 1, A250 "12345"},
    {TEXT("1 " A250 "123456"), 1, NULL},
    {TEXT("1"), 1, NULL},
    {TEXT("1 "), 1, NULL},
    {TEXT("1 a\tb"), 1, NULL},
    {TEXT("1 a\0b"), 1, NULL},
    {TEXT("1 \xc3\xa4"), 1, NULL},
    {TEXT("1\tx"), 1, NULL},
    {TEXT("0 x"), 0, NULL},
    {TEXT("-1 x"), 1, NULL},
    {TEXT("x y"), 0, NULL},
    {TEXT("4294967297 x"), 1, NULL},
    {TEXT("99999999999999999999999 x"), 1, NULL},
    {TEXT(""), 0, NULL},
};

static void
lines_are_taken_or_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct uidl_table *table = NULL;
        const char        *found;

        add(&table, lines[i].line);
        found = uidl_find(table, lines[i].number);
        if ((found != NULL) != (lines[i].id != NULL) || (found != NULL && strcmp(found, lines[i].id) != 0))
            fail_msg("row %zu: \"%s\" has %s", i, lines[i].line.data, found != NULL ? found : "nothing");
        assert_null(uidl_find(table, lines[i].number + 1));
        uidl_free(&table);
        assert_null(table);
    }
}

static void
no_table_knows_nothing(void **state)
{
    struct uidl_table *table = NULL;

    (void)state;
    assert_null(uidl_find(NULL, 1));
    uidl_free(&table);
}

static void
the_first_id_stays(void **state)
{
    struct uidl_table *table = NULL;

    (void)state;
    add(&table, SPAN("5 five"));
    add(&table, SPAN("2 two"));
    add(&table, SPAN("5 other"));
    assert_string_equal(uidl_find(table, 5), "five");
    assert_string_equal(uidl_find(table, 2), "two");
    assert_null(uidl_find(table, 0));
    assert_null(uidl_find(table, 3));
    assert_null(uidl_find(table, 6));
    assert_null(uidl_find(table, 64));
    assert_null(uidl_find(table, 65));
    assert_null(uidl_find(table, UINT64_MAX));
    uidl_free(&table);
}

static void
add_number(struct uidl_table **table, unsigned number)
{
    char line[64];
    int  len = snprintf(line, sizeof(line), "%u %08x", number, number);

    uidl_add(table, (struct span){line, (size_t)len});
}

/* Each number takes 4 octets and its id 9: as many as fit are known, and of those behind them the last; it takes no
 * time. */
static void
a_large_maildrop_is_bounded(void **state)
{
    enum { FIT = UIDL_OCTETS_MAX / (4 + 9), LINES = 1000 * 1000 };
    struct uidl_table *table = NULL;
    clock_t            start = clock();

    (void)state;
    for (unsigned number = 1; number <= LINES; number++) {
        assert_int_equal(uidl_is_full(table), number > FIT + 1);
        add_number(&table, number);
    }
    for (unsigned number = 1; number <= LINES; number++) {
        const char *id = uidl_find(table, number);

        if ((id != NULL) != (number <= FIT || number == LINES) || (id != NULL && strtoul(id, NULL, 16) != number))
            fail_msg("number %u of %u", number, FIT);
    }
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
    uidl_free(&table);
}

/* A number alone cannot make the table large, nor can one that comes again and again. */
static void
lying_servers_are_bounded(void **state)
{
    struct uidl_table *table = NULL;

    (void)state;
    add_number(&table, UINT32_MAX);
    assert_string_equal(uidl_find(table, UINT32_MAX), "ffffffff");
    add_number(&table, UIDL_OCTETS_MAX / 4 - 2);
    assert_null(uidl_find(table, UINT32_MAX));
    add_number(&table, UIDL_OCTETS_MAX / 4 - 3);
    add_number(&table, 1);
    add_number(&table, 2);
    assert_non_null(uidl_find(table, UIDL_OCTETS_MAX / 4 - 3));
    assert_null(uidl_find(table, UIDL_OCTETS_MAX / 4 - 2));
    assert_null(uidl_find(table, 1));
    assert_string_equal(uidl_find(table, 2), "00000002");
    uidl_free(&table);

    for (unsigned i = 0; i < UIDL_OCTETS_MAX; i++)
        add_number(&table, 1);
    add_number(&table, 2);
    assert_non_null(uidl_find(table, 2));
    uidl_free(&table);
}

/* The numbers that share their ids, whenever that is asked for. */
static void
shared_ids(void **state)
{
    static const char *const lists[] = {"a", "ab", "aa", "aba", "abcabd", "aaaa"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        for (size_t asked = 0; asked <= strlen(lists[i]); asked++) {
            struct uidl_table *table = NULL;

            for (size_t at = 0; lists[i][at] != '\0'; at++) {
                char line[32];

                if (at == asked)
                    (void)uidl_is_shared(table, 1);
                (void)snprintf(line, sizeof(line), "%zu id-%c", at + 1, lists[i][at]);
                add(&table, span_of(line));
            }
            for (size_t at = 0; lists[i][at] != '\0'; at++)
                assert_int_equal(uidl_is_shared(table, at + 1),
                                 strchr(lists[i], lists[i][at]) != strrchr(lists[i], lists[i][at]));
            uidl_free(&table);
        }
    assert_false(uidl_is_shared(NULL, 1));
}

/* One id in a thousand is there twice; more of them than the index has room for at first. */
static void
many_shared_ids(void **state)
{
    struct uidl_table *table = NULL;
    char               line[32];

    (void)state;
    for (size_t number = 1; number <= 20000; number++) {
        (void)snprintf(line, sizeof(line), "%zu %zu", number, number % 1000 == 0 ? number - 1 : number);
        uidl_add(&table, span_of(line));
        if (number == 10)
            assert_false(uidl_is_shared(table, 1));
    }
    for (size_t number = 1; number <= 20000; number++)
        assert_int_equal(uidl_is_shared(table, number), number % 1000 == 0 || number % 1000 == 999);
    uidl_free(&table);
}

static void
deleted(void **state)
{
    struct uidl_table *table = NULL;

    (void)state;
    add(&table, SPAN("1 a"));
    add(&table, SPAN("2 b"));
    add(&table, SPAN("4 b"));
    for (uint64_t number = 0; number < 6; number++)
        uidl_delete(table, number);
    assert_int_equal(uidl_next_deleted(table, 0), 1);
    assert_int_equal(uidl_next_deleted(table, 1), 2);
    assert_int_equal(uidl_next_deleted(table, 2), 4);
    assert_int_equal(uidl_next_deleted(table, 4), 0);
    assert_string_equal(uidl_find(table, 4), "b");
    assert_true(uidl_is_shared(table, 2));
    uidl_undelete(table);
    assert_int_equal(uidl_next_deleted(table, 0), 0);
    assert_int_equal(uidl_next_deleted(NULL, 0), 0);
    uidl_undelete(NULL);
    uidl_free(&table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_ids),
        cmocka_unit_test(many_shared_ids),
        cmocka_unit_test(deleted),
        cmocka_unit_test(lines_are_taken_or_ignored),
        cmocka_unit_test(no_table_knows_nothing),
        cmocka_unit_test(the_first_id_stays),
        cmocka_unit_test(a_large_maildrop_is_bounded),
        cmocka_unit_test(lying_servers_are_bounded),
    };

    return cmocka_run_group_tests_name("uidl", tests, NULL, NULL);
}
