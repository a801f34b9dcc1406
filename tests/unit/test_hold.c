/* Held octets: in memory, in the file, and both, come out as they went in; also where the file cannot be written. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "proxy/hold.h"

static const struct row {
    const char *name;
    int64_t     limit;     /* of the budget */
    rlim_t      file_size; /* more cannot be written */
    int         spills;    /* what hold_settle() returns */
} rows[] = {
    {"in memory", 100, RLIM_INFINITY, 0},
    {"in the file", 0, RLIM_INFINITY, 0},
    {"the file takes a part", 0, 4, -1},
    {"the file takes nothing", 0, 0, -1},
};

static void
limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
check_row(const struct row *row)
{
    struct hold_budget budget = {.limit = row->limit, .spool_dir = "/tmp"};
    struct buffer      out    = {0};
    struct hold        hold;
    char               text[16] = {0};
    int                result;

    hold_open(&hold, &budget);
    buffer_add(&hold.parked, SPAN("held octets"));
    limit_files(row->file_size);
    result = hold_settle(&hold);
    limit_files(RLIM_INFINITY);
    assert_int_equal(result, row->spills);
    assert_int_equal(hold_release(&hold, &out), 0);
    assert_int_equal((int)buffer_copy(&out, text, sizeof(text)), 11);
    assert_string_equal(text, "held octets");
    assert_int_equal(budget.used, 0);
    hold_close(&hold);
    buffer_clear(&out);
}

static void
test_rows(void **state)
{
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        print_message("%s\n", rows[i].name);
        check_row(&rows[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
