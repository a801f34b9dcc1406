/* proxy/upstream/link.h: addresses, greetings, and what is remembered of a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/clock.h"
#include "tests/unit/upstream/link_fixture.h"

static void
test_a_server_that_greets_may_have_commands(void **state)
{
    (void)state;
    assert_int_equal(drive(), LINK_READY);
    assert_greeting("ready <1.2@a.example>");
    assert_int_equal(side.state, LINK_UP);
    assert_string_equal(link_address(&side), "first:110");
    assert_null(side.doing);
    assert_true(woken > 0);
    link_take_greeting(&side);
    assert_int_equal(side.greeting.capacity, 0);
}

static void
test_a_greeting_may_come_in_octets(void **state)
{
    (void)state;
    servers[0].octets   = true;
    servers[0].greeting = "+OK slow\r\n";
    assert_int_equal(drive(), LINK_READY);
    assert_greeting("slow");
}

static void
test_a_server_that_turns_away_is_heard_and_no_other_is_asked(void **state)
{
    (void)state;
    servers[0].greeting = "-ERR [SYS/TEMP] too busy\r\n";
    assert_int_equal(drive(), LINK_REFUSED);
    assert_greeting("[SYS/TEMP] too busy");
    assert_string_equal(link_address(&side), "first:110");
}

static void
test_an_address_that_does_not_answer_gives_way_to_the_next(void **state)
{
    (void)state;
    close_ear(&servers[0]);
    assert_int_equal(drive(), LINK_GAVE_WAY);
    assert_string_equal(side.why, "Connection refused");
    assert_string_equal(side.doing, "connecting to the server");
    assert_string_equal(link_address(&side), "first:110");
    assert_int_equal(drive(), LINK_READY);
    assert_string_equal(link_address(&side), "second:110");
}

static void
test_links_that_come_begin_with_the_address_that_works(void **state)
{
    struct server *second = &servers[1];

    (void)state;
    close_ear(&servers[0]);
    assert_int_equal(drive(), LINK_GAVE_WAY);
    assert_int_equal(drive(), LINK_READY);
    link_close(&side);
    hang_up(second);
    second->greeting = "+OK and again\r\n";
    link_start(&side, &upstream, base, wake, &woken);
    assert_int_equal(drive(), LINK_READY);
    assert_greeting("and again");
}

static void
test_a_link_fails_when_no_address_is_left(void **state)
{
    (void)state;
    servers[0].greeting = "220 a.example ESMTP\r\n";
    close_ear(&servers[1]);
    assert_int_equal(drive(), LINK_GAVE_WAY);
    assert_int_equal(drive(), LINK_GAVE_WAY);
    assert_string_equal(link_address(&side), "second:110");
    assert_int_equal(drive(), LINK_FAILED);
    assert_null(side.doing);
    assert_int_equal(side.peer.state, PEER_CLOSED);
}

static void
test_what_is_no_greeting_gives_way(void **state)
{
    static char endless[9 * 1024];
    const struct {
        const char *greeting, *why;
        bool        hangs_up;
    } rows[] = {
        {"220 a.example ESMTP\r\n", "its greeting is not POP3", false},
        {"+ VXNlcm5hbWU6\r\n", "its greeting is not POP3", false},
        {"\r\n", "its greeting is not POP3", false},
        {"+OK one\r\n+OK two\r\n", "it sent more than it was asked for", false},
        {"+OK one\r\nx", "it sent more than it was asked for", false},
        {endless, "it sent a line without an end", false},
        {"", "it closed the connection before it greeted", true},
        {"+OK half", "it closed the connection before it greeted", true},
    };

    (void)state;
    memset(endless, 'x', sizeof(endless) - 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        servers[0].greeting = rows[i].greeting;
        servers[0].hangs_up = rows[i].hangs_up;
        assert_int_equal(drive(), LINK_GAVE_WAY);
        assert_string_equal(side.why, rows[i].why);
        assert_string_equal(side.doing, "reading the greeting");
        assert_int_equal(side.state, LINK_IDLE);
        assert_int_equal(side.greeting.len, 0); /* the next address begins without it */
        hang_up(&servers[0]);
        link_restart(&side);
    }
}

static void
test_an_address_has_its_time_and_no_more(void **state)
{
    static const struct {
        const char *greeting;
        bool        hint;
    } rows[] = {{NULL, true}, {"+O", false}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t now = clock_now();

        servers[0].greeting = rows[i].greeting;
        assert_int_equal(drive(), LINK_WAITS);
        assert_int_equal(side.state, LINK_GREETING);
        assert_in_range(link_deadline(&side), now + CONNECT_TIMEOUT, clock_now() + CONNECT_TIMEOUT);
        link_expire(&side);
        assert_int_equal(drive(), LINK_GAVE_WAY);
        assert_non_null(strstr(side.why, "did not greet in time"));
        assert_int_equal(strstr(side.why, "implicit") != NULL, rows[i].hint);
        hang_up(&servers[0]);
        link_restart(&side);
    }
}

static void
test_what_is_known_of_pipelining_outlives_a_restart_and_the_link(void **state)
{
    (void)state;
    assert_int_equal(drive(), LINK_READY);
    link_note_capa(&side, true);
    assert_int_equal(side.pipelining, PIPELINING_YES);
    assert_false(link_takes_login_together(&side)); /* no name was taken yet */
    upstream_note_user(&side.attempt, true);
    assert_true(link_takes_login_together(&side));
    hang_up(&servers[0]);
    servers[0].greeting = "+OK again\r\n";
    link_restart(&side);
    assert_int_equal(side.pipelining, PIPELINING_YES);
    assert_int_equal(drive(), LINK_READY);
    link_close(&side);
    link_start(&side, &upstream, base, wake, &woken);
    assert_int_equal(side.pipelining, PIPELINING_UNKNOWN);
    assert_true(link_takes_login_together(&side));
    link_note_capa(&side, false);
    assert_int_equal(side.pipelining, PIPELINING_NO);
    assert_false(link_takes_login_together(&side));
    upstream_note_pipelining(&side.attempt, true, clock_now()); /* another link was told otherwise */
    assert_false(link_takes_login_together(&side));
}

static void
test_a_server_is_not_believed_where_pipelining_is_off(void **state)
{
    (void)state;
    upstream.target.pipelining = false;
    assert_int_equal(drive(), LINK_READY);
    link_note_capa(&side, true);
    upstream_note_user(&side.attempt, true);
    assert_int_equal(side.pipelining, PIPELINING_NO);
    assert_false(link_takes_login_together(&side));
}

static void
test_each_state_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < LINK_STATES; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(link_state_name((enum link_state)i), link_state_name((enum link_state)j));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_a_server_that_greets_may_have_commands),
        TEST(test_a_greeting_may_come_in_octets),
        TEST(test_a_server_that_turns_away_is_heard_and_no_other_is_asked),
        TEST(test_an_address_that_does_not_answer_gives_way_to_the_next),
        TEST(test_links_that_come_begin_with_the_address_that_works),
        TEST(test_a_link_fails_when_no_address_is_left),
        TEST(test_what_is_no_greeting_gives_way),
        TEST(test_an_address_has_its_time_and_no_more),
        TEST(test_what_is_known_of_pipelining_outlives_a_restart_and_the_link),
        TEST(test_a_server_is_not_believed_where_pipelining_is_off),
        TEST(test_each_state_has_a_name),
    };

    return cmocka_run_group_tests_name("link", tests, open_contexts, close_contexts);
}
