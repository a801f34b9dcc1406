/* proxy/upstream/link.h with TLS: at once, and behind STLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "tests/unit/upstream/link_fixture.h"

static void
test_stls_is_asked_for_where_the_target_says_so(void **state)
{
    (void)state;
    upstream.target.tls     = CONFIG_TLS_STLS;
    servers[0].answer       = "+OK begin\r\n";
    servers[0].tls_answered = true;
    assert_int_equal(drive(), LINK_SECURED);
    assert_non_null(side.peer.tls);
    assert_string_equal(servers[0].heard, "STLS\r\n");
    assert_int_not_equal(side.state, LINK_UP);
    assert_int_equal(drive(), LINK_READY);
    assert_greeting("ready <1.2@a.example>");
}

static void
test_a_server_without_stls_gives_way(void **state)
{
    static const struct {
        const char *answer, *why, *doing;
    } rows[] = {
        {"-ERR what?\r\n", "it has no STLS, which tls = \"stls\" requires", "asking the server for STLS"},
        {"+OK begin\r\n+OK <1.2@evil.example>\r\n", "it sent more than it was asked for", "asking the server for STLS"},
        {"junk\r\n", "it has no STLS, which tls = \"stls\" requires", "asking the server for STLS"},
    };

    (void)state;
    upstream.target.tls = CONFIG_TLS_STLS;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        servers[0].greeting = "+OK ready\r\n";
        servers[0].answer   = rows[i].answer;
        assert_int_equal(drive(), LINK_GAVE_WAY);
        assert_string_equal(side.why, rows[i].why);
        assert_string_equal(side.doing, rows[i].doing);
        assert_null(side.peer.tls);
        hang_up(&servers[0]);
        link_restart(&side);
    }
}

/* An address may be tried once more, and then it is the next one's turn. */
static void
test_second_turns(void **state)
{
    struct upstream_attempt attempt    = {.upstream = &upstream};
    static const unsigned   expected[] = {0, 0, 1, 1};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_false(upstream_exhausted(&attempt));
        (void)close(upstream_connect(&attempt));
        assert_int_equal(attempt.index, expected[i]);
        assert_int_equal(upstream_try_again(&attempt), i % 2 == 0);
    }
    assert_true(upstream_exhausted(&attempt));
}

static void
test_implicit_tls_comes_before_the_greeting(void **state)
{
    (void)state;
    upstream.target.tls    = CONFIG_TLS_IMPLICIT;
    servers[0].tls_at_once = true;
    assert_int_equal(drive(), LINK_SECURED);
    assert_int_equal(side.state, LINK_GREETING);
    assert_int_equal(drive(), LINK_READY);
}

static void
test_a_server_that_greets_in_the_clear_has_no_implicit_tls(void **state)
{
    (void)state;
    upstream.target.tls = CONFIG_TLS_IMPLICIT;
    assert_int_equal(drive(), LINK_GAVE_WAY);
    assert_string_equal(side.doing, "setting up TLS with the server");
    assert_int_equal(side.greeting.len, 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_stls_is_asked_for_where_the_target_says_so),
        TEST(test_a_server_without_stls_gives_way),
        TEST(test_second_turns),
        TEST(test_implicit_tls_comes_before_the_greeting),
        TEST(test_a_server_that_greets_in_the_clear_has_no_implicit_tls),
    };

    return cmocka_run_group_tests_name("link_tls", tests, open_contexts, close_contexts);
}
