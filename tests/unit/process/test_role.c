/* The table of processes: what the master takes for granted of each row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "proxy/process/master_spawn.h"
#include "proxy/process/role.h"

static void
test_rows_are_whole(void **state)
{
    (void)state;
    for (int role = 0; role < ROLES; role++) {
        const struct role_row *row = role_row((enum role)role);

        assert_non_null(row->name);
        assert_non_null(row->process);
        assert_true(strlen(row->process) <= 15);
        assert_true(row->life < ROLE_LIVES);
        assert_non_null(row->user);
        assert_non_null(row->connect);
        assert_non_null(row->run);
        for (int other = 0; other < role; other++) {
            assert_string_not_equal(row->name, role_row((enum role)other)->name);
            assert_string_not_equal(row->process, role_row((enum role)other)->process);
        }
    }
}

/* A taken-over worker could end whoever runs as its user: what outlives it does not, where it can be helped. */
static void
test_service_has_users_of_its_own(void **state)
{
    const struct master_users users = {0};

    (void)state;
    for (int role = 0; role < ROLES; role++) {
        const struct role_row *row = role_row((enum role)role);

        assert_int_equal(row->user(&users) == &users.worker, row->life == ROLE_OF_GENERATION);
    }
}

/* The end of a generation leaves those of the service, and the last of a kind is found by how long it lives. */
static void
test_lives(void **state)
{
    struct master_children children = LIST_HEAD_INITIALIZER(children);
    struct master_child   *auditor  = master_child_new(&children, ROLE_AUDITOR, 0);
    struct master_child   *worker   = master_child_new(&children, ROLE_WORKER, 1);

    (void)state;
    assert_int_equal(master_child_count(&children, ROLE_WORKER), 1);
    assert_true(master_child_any(&children, ROLE_OF_GENERATION));
    master_child_drain(&worker);
    assert_null(worker);
    assert_false(master_child_any(&children, ROLE_OF_GENERATION));
    assert_true(master_child_any(&children, ROLE_OF_SERVICE));
    master_child_end(&auditor);
    assert_null(auditor);
    assert_true(LIST_EMPTY(&children));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_service_has_users_of_its_own),
        cmocka_unit_test(test_lives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
