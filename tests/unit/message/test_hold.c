/*
 * Held octets: in memory, in the file, and both, come out as they went in, no more at once than there is room for; also
 * where the file cannot be written. Where it cannot be read that is an error. And the texts that filters keep.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/message/hold.h"
#include "proxy/message/kept.h"

static const struct row {
    const char *name;
    int64_t     limit;     /* of the budget */
    rlim_t      file_size; /* more cannot be written */
    int         result;
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
    assert_int_equal(result, row->result);
    assert_int_equal(budget.used, hold.parked.length);
    assert_int_equal(hold_drain(&hold, &out, 100), HOLD_EMPTY);
    assert_int_equal((int)buffer_copy(&out, text, sizeof(text)), 11);
    assert_string_equal(text, "held octets");
    hold_close(&hold);
    assert_int_equal(budget.used, 0);
    buffer_clear(&out);
}

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        print_message("%s\n", rows[i].name);
        check_row(&rows[i]);
    }
}

/* The client takes a megabyte 100,000 octets at a time: about as much waits for it, and all of it comes. */
static void
test_no_more_than_room(void **state)
{
    struct hold_budget budget = {.limit = 0, .spool_dir = "/tmp"};
    struct buffer      out    = {0};
    struct hold        hold;
    size_t             taken = 0;
    enum hold_drain    drained;

    (void)state;
    hold_open(&hold, &budget);
    for (int i = 0; i < 1000; i++) {
        struct block *block = block_new(1000);

        memset(block->data, 'a' + i % 26, block->size);
        buffer_add_block(&hold.parked, block, block->data, block->size);
        assert_int_equal(hold_settle(&hold), 0);
    }
    buffer_add(&hold.parked, SPAN("end"));
    do {
        drained = hold_drain(&hold, &out, 100000);
        assert_in_range(out.length, 3, 200000);
        for (size_t left = out.length < 100000 ? out.length : 100000; left > 0 && taken < 1000000; left--, taken++) {
            assert_int_equal(buffer_first(&out).data[0], 'a' + taken / 1000 % 26);
            buffer_drain(&out, 1);
        }
    } while (drained == HOLD_FULL);
    assert_int_equal(drained, HOLD_EMPTY);
    while (taken < 1000000 && out.length > 0) {
        assert_int_equal(buffer_first(&out).data[0], 'a' + taken++ / 1000 % 26);
        buffer_drain(&out, 1);
    }
    assert_int_equal(taken, 1000000);
    assert_memory_equal(buffer_pull(&out, 3).data, "end", 3);
    buffer_clear(&out);
    hold_close(&hold);
}

static void
test_file_that_cannot_be_read(void **state)
{
    struct hold_budget budget = {.limit = 0, .spool_dir = "/tmp"};
    struct buffer      out    = {0};
    struct hold        hold;

    (void)state;
    hold_open(&hold, &budget);
    buffer_add(&hold.parked, SPAN("held octets"));
    assert_int_equal(hold_settle(&hold), 0);
    assert_int_equal(ftruncate(hold.spool.fd, 5), 0);
    assert_int_equal(hold_drain(&hold, &out, 100), HOLD_BROKEN);
    assert_int_equal(out.length, 0);
    hold_close(&hold);
}

/* Texts of 1 to 4 pieces, in memory and in the file, are one text again; the memory is counted while they have it. */
static void
test_kept(void **state)
{
    static const char pieces[] = "a piece of text, ";

    (void)state;
    for (int count = 1; count <= 4; count++)
        for (int64_t limit = 0; limit <= 1000; limit += 1000) {
            struct hold_budget budget = {.limit = limit, .spool_dir = "/tmp"};
            struct kept       *kept   = NULL;
            struct bytes       all    = {0};
            struct span        text;

            for (int i = 0; i < count; i++) {
                struct span piece = {pieces, sizeof(pieces) - 1 - (size_t)i};

                bytes_add(&all, piece);
                assert_int_equal(kept_add(&kept, &budget, piece), 0);
                assert_int_equal(budget.used > 0, limit > 0);
            }
            assert_int_equal(kept_text(kept, &text), 0);
            assert_true(span_equal(text, bytes_span(&all)) && budget.used > 0);
            assert_int_equal(kept_text(kept, &text), 0);
            assert_true(span_equal(text, bytes_span(&all)));
            kept_close(&kept);
            assert_int_equal(budget.used, 0);
            bytes_free(&all);
        }
}

static void
test_kept_where_nothing_can_be_written(void **state)
{
    struct hold_budget budget = {.limit = 0, .spool_dir = "/nonexistent"};
    struct kept       *kept   = NULL;

    (void)state;
    assert_int_equal(kept_add(&kept, &budget, SPAN("text")), -1);
    kept_close(&kept);
    assert_int_equal(budget.used, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_no_more_than_room),
        cmocka_unit_test(test_file_that_cannot_be_read),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kept_where_nothing_can_be_written),
    };

    (void)signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
