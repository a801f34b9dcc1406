/* proxy/session/expect.h: the order of replies, what is counted, and when the server may have another command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/session/expect.h"

static struct expectations expected;

static int
begin(void **state)
{
    (void)state;
    expect_start(&expected);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    while (expected.count > 0)
        expect_drop(&expected);
    return 0;
}

static struct expectation *
add(enum expectation_kind kind, enum pop3_verb verb)
{
    const struct pop3_command command = {.verb = verb, .number = 7, .lines = 3};

    return expect_add(&expected, kind, &command, command.lines, NULL);
}

static void
test_replies_have_their_turn_in_the_order_of_the_commands(void **state)
{
    static const enum pop3_verb verbs[] = {POP3_STAT, POP3_LIST, POP3_RETR, POP3_DELE};

    (void)state;
    assert_null(expect_oldest(&expected));
    for (size_t i = 0; i < 4; i++)
        (void)add(EXPECT_REPLY, verbs[i]);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(expect_oldest(&expected)->command.verb, verbs[i]);
        assert_int_equal(expect_oldest(&expected)->command.number, 7);
        expect_drop(&expected);
    }
    assert_null(expect_oldest(&expected));
}

static void
test_each_kind_is_counted_while_it_is_due(void **state)
{
    static const struct {
        enum expectation_kind kind;
        enum pop3_verb        verb;
        unsigned              of_server, messages, uidls;
    } rows[] = {
        {EXPECT_REPLY, POP3_RETR, 1, 1, 0}, {EXPECT_LOCAL, POP3_OTHER, 1, 1, 0}, {EXPECT_UIDLS, POP3_UIDL, 2, 1, 1},
        {EXPECT_REPLY, POP3_UIDL, 3, 1, 1}, {EXPECT_REPLY, POP3_TOP, 4, 2, 1},   {EXPECT_SIZES, POP3_LIST, 5, 2, 1},
        {EXPECT_CAPA, POP3_CAPA, 6, 2, 1},  {EXPECT_USER, POP3_USER, 7, 2, 1},
    };
    const unsigned count = COUNT_OF(rows);

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        (void)add(rows[i].kind, rows[i].verb);
        assert_int_equal(expected.count, i + 1);
        assert_int_equal(expected.of_server, rows[i].of_server);
        assert_int_equal(expected.messages, rows[i].messages);
        assert_int_equal(expected.uidls, rows[i].uidls);
    }
    for (unsigned i = 0; i < count; i++) {
        expect_drop(&expected);
        assert_int_equal(expected.count, count - i - 1);
        assert_int_equal(expected.of_server, rows[count - 1].of_server - rows[i].of_server);
        assert_int_equal(expected.messages, rows[count - 1].messages - rows[i].messages);
        assert_int_equal(expected.uidls, rows[count - 1].uidls - rows[i].uidls);
    }
}

static void
test_popgates_own_answer_is_kept_until_its_turn(void **state)
{
    const struct pop3_command none   = {.verb = POP3_OTHER};
    struct bytes              answer = {0};

    (void)state;
    bytes_add(&answer, SPAN("-ERR log in first\r\n"));
    (void)add(EXPECT_REPLY, POP3_NOOP);
    (void)expect_add(&expected, EXPECT_LOCAL, &none, 0, &answer);
    expect_drop(&expected);
    assert_true(span_equal(bytes_span(&expect_oldest(&expected)->answer), SPAN("-ERR log in first\r\n")));
}

static void
test_the_client_is_read_as_long_as_there_is_room(void **state)
{
    unsigned count = 0;

    (void)state;
    while (expect_has_room(&expected)) {
        (void)add(EXPECT_REPLY, POP3_NOOP);
        assert_true(++count <= 1024);
    }
    assert_int_equal(count, 128);
    expect_drop(&expected);
    assert_true(expect_has_room(&expected));
}

static void
test_a_server_has_one_command_at_a_time_unless_it_pipelines(void **state)
{
    (void)state;
    assert_true(expect_may_send(&expected, false));
    (void)add(EXPECT_LOCAL, POP3_OTHER);
    assert_true(expect_may_send(&expected, false)); /* the server knows nothing of it */
    (void)add(EXPECT_REPLY, POP3_STAT);
    assert_false(expect_may_send(&expected, false));
    assert_true(expect_may_send(&expected, true));
    expect_drop(&expected);
    assert_false(expect_may_send(&expected, false));
    expect_drop(&expected);
    assert_true(expect_may_send(&expected, false));
}

static void
test_nothing_is_sent_behind_one_that_is_alone(void **state)
{
    (void)state;
    (void)add(EXPECT_REPLY, POP3_STAT);
    expect_alone(&expected, add(EXPECT_REPLY, POP3_TOP));
    assert_false(expect_may_send(&expected, true));
    expect_drop(&expected);
    assert_false(expect_may_send(&expected, true)); /* that was another one */
    expect_follow(&expected);
    assert_true(expect_may_send(&expected, true));
    expect_follow(&expected);
    expect_alone(&expected, add(EXPECT_REPLY, POP3_TOP));
    expect_drop(&expected);
    assert_false(expect_may_send(&expected, true));
    expect_drop(&expected);
    assert_true(expect_may_send(&expected, true)); /* it was met */
}

static void
test_one_command_goes_behind_an_answer_that_may_not_come(void **state)
{
    (void)state;
    (void)add(EXPECT_UIDLS, POP3_UIDL);
    assert_false(expect_may_send(&expected, false));
    expect_mark_unfinished(&expected);
    assert_true(expect_may_send(&expected, false));
    (void)add(EXPECT_LOCAL, POP3_OTHER);
    assert_true(expect_may_send(&expected, false));
    (void)add(EXPECT_REPLY, POP3_RETR);
    assert_false(expect_may_send(&expected, false));
    expect_drop(&expected);
    assert_false(expect_may_send(&expected, false)); /* the RETR is not marked */
}

static void
test_a_refused_top_is_asked_again_with_the_clients_lines(void **state)
{
    const struct pop3_command top = {.verb = POP3_TOP, .number = 1, .lines = 0};

    (void)state;
    (void)expect_add(&expected, EXPECT_REPLY, &top, 500, NULL);
    assert_int_equal(expect_oldest(&expected)->lines, 500);
    assert_false(expect_oldest(&expected)->again);
    expect_again(&expected);
    assert_int_equal(expect_oldest(&expected)->lines, 0);
    assert_true(expect_oldest(&expected)->again);
}

static void
test_it_is_known_whether_the_server_spoke_of_unique_ids_last(void **state)
{
    static const struct {
        enum expectation_kind kind;
        enum pop3_verb        verb;
        bool                  after;
    } rows[] = {
        {EXPECT_REPLY, POP3_STAT, false}, {EXPECT_UIDLS, POP3_UIDL, true},   {EXPECT_LOCAL, POP3_OTHER, true},
        {EXPECT_REPLY, POP3_UIDL, false}, {EXPECT_LOCAL, POP3_OTHER, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)add(rows[i].kind, rows[i].verb);
        expect_drop(&expected);
        assert_int_equal(expected.after_uidls, rows[i].after);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_replies_have_their_turn_in_the_order_of_the_commands),
        TEST(test_each_kind_is_counted_while_it_is_due),
        TEST(test_popgates_own_answer_is_kept_until_its_turn),
        TEST(test_the_client_is_read_as_long_as_there_is_room),
        TEST(test_a_server_has_one_command_at_a_time_unless_it_pipelines),
        TEST(test_nothing_is_sent_behind_one_that_is_alone),
        TEST(test_one_command_goes_behind_an_answer_that_may_not_come),
        TEST(test_a_refused_top_is_asked_again_with_the_clients_lines),
        TEST(test_it_is_known_whether_the_server_spoke_of_unique_ids_last),
    };

    return cmocka_run_group_tests_name("expect", tests, NULL, NULL);
}
