/* proxy/session/deliveries.h: the order of messages, and when one is delivered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proxy/session/deliveries.h"

static struct deliveries  deliveries;
static struct chain       chain; /* of no filter */
static struct hold_budget budget = {.limit = 1024, .spool_dir = "/tmp"};

static int
begin(void **state)
{
    (void)state;
    deliveries_start(&deliveries);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    while (deliveries_oldest(&deliveries) != NULL)
        deliveries_drop(&deliveries);
    return 0;
}

static void
begin_message(uint64_t number, const char *uidl)
{
    const struct message_info  info  = {.number = number, .uidl = uidl, .lines = UINT64_MAX};
    const struct message_setup setup = {.chain = &chain, .info = &info, .budget = &budget};

    deliveries_begin(&deliveries, &setup);
}

static void
test_a_message_is_delivered_when_its_last_octet_is_with_the_socket(void **state)
{
    (void)state;
    begin_message(1, NULL);
    assert_null(deliveries_delivered(&deliveries, UINT64_MAX)); /* the server has not sent all of it */
    deliveries_complete(&deliveries, 1000);
    assert_null(deliveries.current);
    assert_null(deliveries_delivered(&deliveries, 999));
    assert_int_equal(deliveries_delivered(&deliveries, 1000)->info.number, 1);
}

static void
test_messages_are_dropped_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 3; number++) {
        begin_message(number, NULL);
        if (number < 3)
            deliveries_complete(&deliveries, number * 100);
    }
    assert_int_equal(deliveries.count, 2);
    assert_int_equal(deliveries_oldest(&deliveries)->info.number, 1);
    deliveries_drop(&deliveries);
    assert_int_equal(deliveries_oldest(&deliveries)->info.number, 2);
    assert_null(deliveries_delivered(&deliveries, 199));
    deliveries_drop(&deliveries);
    assert_int_equal(deliveries.count, 0);
    assert_ptr_equal(deliveries_oldest(&deliveries), deliveries.current);
    assert_int_equal(deliveries.current->info.number, 3);
    deliveries_drop(&deliveries);
    assert_null(deliveries.current);
    assert_null(deliveries_oldest(&deliveries));
}

static void
test_a_unique_id_is_its_own(void **state)
{
    char uidl[] = "one";

    (void)state;
    begin_message(1, uidl);
    uidl[0] = 'x';
    assert_string_equal(deliveries.current->info.uidl, "one");
}

static void
test_so_many_may_wait_and_no_more(void **state)
{
    unsigned count = 0;

    (void)state;
    while (deliveries_have_room(&deliveries)) {
        begin_message(++count, NULL);
        deliveries_complete(&deliveries, count);
        assert_true(count <= 1024);
    }
    assert_int_equal(count, 64);
    deliveries_drop(&deliveries);
    assert_true(deliveries_have_room(&deliveries));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_message_is_delivered_when_its_last_octet_is_with_the_socket),
        TEST(test_messages_are_dropped_in_the_order_in_which_they_came),
        TEST(test_a_unique_id_is_its_own),
        TEST(test_so_many_may_wait_and_no_more),
    };

    return cmocka_run_group_tests_name("deliveries", tests, NULL, NULL);
}
