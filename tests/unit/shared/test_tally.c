/* proxy/shared/tally.h: counts are right whatever comes and goes, other processes see them, and a full table says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/shared/tally.h"

enum { KEYS = 24 /* few, so that they meet: half the table's slots */ };

/* Keys that share a home with others, at both ends of the table. */
static uint64_t
key_of(size_t i)
{
    static const uint64_t homes[] = {1, 2, 62, 63};

    return homes[i % 4] + ((uint64_t)(i + 1) << 32);
}

static void
counts_what_comes_and_goes(void **state)
{
    struct tally *tally       = tally_open(KEYS);
    size_t        truth[KEYS] = {0};
    unsigned      seed        = 1;

    (void)state;
    assert_non_null(tally);
    for (int round = 0; round < 200000; round++) {
        size_t i = (size_t)rand_r(&seed) % KEYS;

        if (rand_r(&seed) % 2 == 0) {
            assert_true(tally_add(tally, key_of(i)));
            truth[i]++;
        } else if (truth[i] > 0) {
            tally_take(tally, key_of(i));
            truth[i]--;
        }
        if (round % 64 == 0)
            for (size_t k = 0; k < KEYS; k++)
                assert_int_equal(tally_count(tally, key_of(k)), truth[k]);
    }
    tally_close(&tally);
    assert_null(tally);
}

static void
refuses_more_keys_than_it_has_room_for(void **state)
{
    struct tally *tally = tally_open(1000);
    uint64_t      key   = 1;

    (void)state;
    while (tally_add(tally, key))
        key++;
    assert_in_range(key - 1, 1000, 2048);
    assert_int_equal(tally_count(tally, key), 0);
    assert_true(tally_add(tally, 1)); /* one that is there already */
    tally_take(tally, 2);
    assert_true(tally_add(tally, key));
    tally_close(&tally);
}

static void
is_seen_by_other_processes_and_cleared(void **state)
{
    struct tally *tally = tally_open(100);
    int           status;
    pid_t         child = fork();

    (void)state;
    if (child == 0)
        _exit(tally_add(tally, 7) && tally_add(tally, 7) && tally_add(tally, 8) ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(tally_count(tally, 7), 2);
    assert_int_equal(tally_count(tally, 8), 1);
    tally_clear(tally);
    assert_int_equal(tally_count(tally, 7), 0);
    assert_true(tally_add(tally, 7));
    assert_int_equal(tally_count(tally, 7), 1);
    tally_close(&tally);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_comes_and_goes),
        cmocka_unit_test(refuses_more_keys_than_it_has_room_for),
        cmocka_unit_test(is_seen_by_other_processes_and_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
