/*
 * proxy/session/login.h: a login as a row of lines and statuses, without a socket. What is sent where is what the
 * verdicts say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/count.h"
#include "proxy/session/login.h"

/* TLS contexts are told from none, and never looked at. */
static struct config_listener listener;
static struct login           login;
static struct pop3_command    command; /* the last line */

static void
open_listener(enum config_tls tls, bool plaintext)
{
    static char context;

    login_free(&login);
    listener = (struct config_listener){.tls             = tls,
                                        .plaintext_login = plaintext,
                                        .context = tls == CONFIG_TLS_NONE ? NULL : (struct tls_context *)&context};
    login_start(&login, &listener, tls == CONFIG_TLS_IMPLICIT);
}

static int
begin(void **state)
{
    (void)state;
    open_listener(CONFIG_TLS_NONE, false);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    login_free(&login);
    login = (struct login){0};
    return 0;
}

/* What the client's line comes to. `together`: the server takes name and password at once. */
static struct login_verdict
take(const char *line, bool together)
{
    pop3_parse_command(span_of(line), &command);
    assert_int_equal(command.fault, POP3_FINE);
    switch (command.verb) {
    case POP3_USER:
        return login_take_user(&login, &command, together);
    case POP3_PASS:
        return login_take_pass(&login, &command, together);
    case POP3_APOP:
        return login_take_apop(&login, &command);
    case POP3_AUTH:
        return login_take_auth(&login, &command);
    default:
        return login_take_stls(&login);
    }
}

static void
assert_verdict(struct login_verdict verdict, enum login_act act, enum login_state state)
{
    assert_int_equal(verdict.act, act);
    assert_int_equal(login.state, state);
}

static void
assert_refused(struct login_verdict verdict, const char *text)
{
    assert_int_equal(verdict.act, LOGIN_ANSWER);
    assert_int_equal(verdict.status, POP3_ERR);
    assert_string_equal(verdict.text, text);
}

static void
assert_name(const char *name, bool owner)
{
    assert_true(span_equal(login_name(&login), span_of(name)));
    assert_int_equal(login.is_owner, owner);
}

static enum login_next
hear_user(bool asked, enum pop3_status status, const char *text)
{
    return login_on_user(&login, asked, status, span_of(text));
}

static void
test_name_and_password_go_one_by_one(void **state)
{
    (void)state;
    assert_verdict(take("USER bob smith", false), LOGIN_FORWARD, LOGIN_NAME);
    assert_name("bob smith", true);
    assert_int_equal(hear_user(true, POP3_OK, "send it"), LOGIN_GOES_ON);
    assert_int_equal(login.state, LOGIN_NAMED);
    assert_verdict(take("PASS secret", false), LOGIN_FORWARD, LOGIN_PASSWORD);
    assert_null(login.password.data);
    login_accept(&login);
    assert_int_equal(login.state, LOGIN_DONE);
    assert_name("bob smith", true);
    assert_string_equal(login.mechanism, "USER");
}

static void
test_no_password_goes_without_a_name_that_was_taken(void **state)
{
    (void)state;
    assert_refused(take("PASS secret", false), "give a name with USER first");
    assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
    assert_int_equal(hear_user(true, POP3_ERR, "no such"), LOGIN_GOES_ON);
    assert_name("", false);
    assert_refused(take("PASS secret", false), "give a name with USER first");
    assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
    assert_int_equal(hear_user(true, POP3_OK, ""), LOGIN_GOES_ON);
    assert_int_equal(take("PASS wrong", false).act, LOGIN_FORWARD);
    login_reject(&login);
    assert_refused(take("PASS secret", false), "give a name with USER first");
}

static void
test_another_command_is_another_login(void **state)
{
    static const char *const lines[] = {"AUTH PLAIN", "APOP eve 0123456789abcdef0123456789abcdef", "USER eve"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
        (void)hear_user(true, POP3_OK, "");
        assert_int_equal(take(lines[i], false).act, LOGIN_FORWARD);
        assert_false(span_equal(login_name(&login), SPAN("bob")));
        login_reject(&login);
        assert_refused(take("PASS secret", false), "give a name with USER first");
    }
    assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
    (void)hear_user(true, POP3_OK, "");
    assert_int_equal(take("AUTH", false).act, LOGIN_ASK_CAPA); /* this one asks only */
    assert_int_equal(take("PASS secret", false).act, LOGIN_FORWARD);
}

static void
test_name_and_password_go_together(void **state)
{
    (void)state;
    assert_verdict(take("USER bob", true), LOGIN_ANSWER, LOGIN_KEPT);
    assert_verdict(take("PASS secret", true), LOGIN_SEND_BOTH, LOGIN_TOGETHER);
    assert_true(login_on_trial(&login));
    assert_true(span_equal(login_user(&login).argument, SPAN("bob")));
    assert_true(span_equal(login_pass(&login).argument, SPAN("secret")));
    assert_int_equal(hear_user(false, POP3_OK, ""), LOGIN_GOES_ON);
    assert_int_equal(login.state, LOGIN_TOGETHER);
    login_accept(&login);
    assert_int_equal(login.state, LOGIN_DONE);
    assert_null(login.password.data);
}

static void
test_a_name_that_was_kept_goes_first_where_both_may_not_go_together_any_more(void **state)
{
    (void)state;
    assert_int_equal(take("USER bob", true).act, LOGIN_ANSWER);
    assert_verdict(take("PASS secret", false), LOGIN_SEND_NAME, LOGIN_NAMED);
    assert_int_equal(hear_user(false, POP3_OK, ""), LOGIN_GOES_ON);
    assert_verdict(take("PASS secret", false), LOGIN_FORWARD, LOGIN_PASSWORD);
    assert_null(login.password.data);
}

static void
test_a_kept_name_that_is_refused_answers_the_password(void **state)
{
    (void)state;
    assert_int_equal(take("USER eve", true).act, LOGIN_ANSWER);
    assert_int_equal(take("PASS secret", false).act, LOGIN_SEND_NAME);
    assert_int_equal(hear_user(false, POP3_ERR, "no eve here"), LOGIN_GOES_ON);
    assert_true(login_is_refused(&login));
    assert_refused(take("PASS secret", false), "no eve here");
    assert_refused(take("PASS other", false), "no eve here");
    assert_int_equal(take("USER bob", true).act, LOGIN_ANSWER);
    assert_false(login_is_refused(&login));
}

static void
test_a_refusal_without_a_word_is_one(void **state)
{
    (void)state;
    assert_int_equal(take("USER eve", true).act, LOGIN_ANSWER);
    assert_int_equal(take("PASS secret", true).act, LOGIN_SEND_BOTH);
    assert_int_equal(hear_user(false, POP3_ERR, ""), LOGIN_GOES_ON);
    assert_true(login_is_refused(&login));
    login_accept(&login); /* the server let it in all the same */
    assert_false(login_is_refused(&login));
    assert_name("eve", true);
}

static void
test_apop_names_its_user(void **state)
{
    (void)state;
    assert_verdict(take("APOP bob 0123456789abcdef0123456789abcdef", true), LOGIN_FORWARD, LOGIN_PASSWORD);
    assert_name("bob", true);
    assert_string_equal(login.mechanism, "APOP");
    login_accept(&login);
    assert_name("bob", true);
}

static void
test_sasl_is_a_dialogue(void **state)
{
    (void)state;
    assert_verdict(take("AUTH login", true), LOGIN_FORWARD, LOGIN_EXCHANGE);
    assert_string_equal(login.mechanism, "LOGIN");
    assert_true(login_take_challenge(&login, SPAN("Username:")));
    assert_int_equal(login.state, LOGIN_RESPONSE);
    assert_true(span_equal(login_take_response(&login, SPAN("Ym9i")), SPAN("Ym9i")));
    assert_int_equal(login.state, LOGIN_EXCHANGE);
    assert_name("bob", true);
    assert_true(login_take_challenge(&login, SPAN("UGFzc3dvcmQ6")));
    assert_true(span_equal(login_take_response(&login, SPAN("c2VjcmV0")), SPAN("c2VjcmV0")));
    assert_name("bob", true);
    login_accept(&login);
    assert_name("bob", true);
    assert_false(login_take_challenge(&login, SPAN("more?")));
}

static void
test_a_challenge_comes_only_in_an_exchange_and_as_text(void **state)
{
    (void)state;
    assert_false(login_take_challenge(&login, SPAN("")));
    assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
    assert_false(login_take_challenge(&login, SPAN("")));
    assert_int_equal(login.state, LOGIN_NAME);
    assert_int_equal(take("AUTH PLAIN", false).act, LOGIN_FORWARD);
    assert_false(login_take_challenge(&login, SPAN("a\rb")));
    assert_true(login_take_challenge(&login, SPAN("")));
}

static void
test_a_response_that_is_no_base64_ends_the_exchange(void **state)
{
    static const char *const lines[] = {"not base64", "*", "USER bob", "Ym9"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_int_equal(take("AUTH LOGIN", false).act, LOGIN_FORWARD);
        assert_true(login_take_challenge(&login, SPAN("")));
        assert_true(span_equal(login_take_response(&login, span_of(lines[i])), SPAN("*")));
        assert_name("", false);
    }
}

/* "AGJvYgBzZWNyZXQ=" is bob's, "AGV2ZQBzZWNyZXQ=" is eve's. */
static void
test_an_exchange_that_was_begun_again_says_nothing_of_who_it_is(void **state)
{
    (void)state;
    assert_int_equal(take("AUTH PLAIN AGJvYgBzZWNyZXQ=", false).act, LOGIN_FORWARD);
    assert_name("bob", true);
    assert_true(login_take_challenge(&login, SPAN("")));
    (void)login_take_response(&login, SPAN(""));
    assert_true(login_take_challenge(&login, SPAN("")));
    (void)login_take_response(&login, SPAN("AGV2ZQBzZWNyZXQ="));
    assert_name("bob", true); /* as long as it is not known which one counts */
    login_accept(&login);
    assert_name("", false);
    assert_int_equal(login.state, LOGIN_DONE);
}

static void
test_empty_responses_begin_no_exchange_again(void **state)
{
    (void)state;
    assert_int_equal(take("AUTH PLAIN AGJvYgBzZWNyZXQ=", false).act, LOGIN_FORWARD);
    for (int i = 0; i < 3; i++) {
        assert_true(login_take_challenge(&login, SPAN("")));
        (void)login_take_response(&login, SPAN(""));
    }
    login_accept(&login);
    assert_name("bob", true);
}

static void
test_mechanisms_that_cannot_be_carried_are_refused(void **state)
{
    (void)state;
    assert_refused(take("AUTH GSSAPI", false), "this mechanism is not available");
    assert_refused(take("AUTH PLAIN x", false), "the initial response is not valid");
    assert_refused(take("AUTH CRAM-MD5 Ym9i", false), "the initial response is not valid");
    assert_int_equal(login.state, LOGIN_OPEN);
}

/* What each way in comes to on a connection without TLS. */
static void
test_what_is_allowed_before_tls(void **state)
{
    static const char *const lines[] = {"USER bob",
                                        "PASS secret",
                                        "AUTH PLAIN",
                                        "AUTH PLAIN AGJvYgBzZWNyZXQ=",
                                        "APOP bob 0123456789abcdef0123456789abcdef",
                                        "AUTH CRAM-MD5"};
    static const struct {
        enum config_tls   tls;
        bool              plaintext;
        enum login_danger danger[COUNT_OF(lines)];
    } rows[] = {
        {CONFIG_TLS_NONE, false, {0}},
        {CONFIG_TLS_STLS, true, {0}},
        {CONFIG_TLS_STLS, false, {LOGIN_UNENCRYPTED, LOGIN_EXPOSED, LOGIN_UNENCRYPTED, LOGIN_EXPOSED}},
        {CONFIG_TLS_STLS_REQUIRED,
         true,
         {LOGIN_UNENCRYPTED, LOGIN_EXPOSED, LOGIN_UNENCRYPTED, LOGIN_EXPOSED, LOGIN_UNENCRYPTED, LOGIN_UNENCRYPTED}},
        {CONFIG_TLS_IMPLICIT, false, {0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t j = 0; j < COUNT_OF(lines); j++) {
            struct login_verdict verdict;

            open_listener(rows[i].tls, rows[i].plaintext);
            verdict = take(lines[j], false);
            assert_int_equal(verdict.danger, rows[i].danger[j]);
            if (verdict.danger != LOGIN_SAFE)
                assert_refused(verdict, "start TLS with STLS before logging in");
            if (verdict.danger != LOGIN_SAFE)
                assert_int_equal(login.state, LOGIN_OPEN);
        }
}

static void
test_what_was_said_before_tls_does_not_count_after_it(void **state)
{
    (void)state;
    open_listener(CONFIG_TLS_STLS, true);
    assert_true(login_stls_offered(&login));
    assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
    (void)hear_user(true, POP3_OK, "");
    assert_verdict(take("STLS", false), LOGIN_ANSWER, LOGIN_STLS);
    login_start_tls(&login);
    assert_name("", false);
    assert_false(login_stls_offered(&login));
    assert_true(login_plaintext_allowed(&login));
    assert_refused(take("PASS secret", false), "give a name with USER first");
    assert_refused(take("STLS", false), "TLS is active already");
}

static void
test_stls_is_offered_where_it_can_be_had(void **state)
{
    (void)state;
    assert_refused(take("STLS", false), "STLS is not available");
    open_listener(CONFIG_TLS_STLS, true);
    assert_int_equal(take("USER bob", false).act, LOGIN_FORWARD);
    (void)hear_user(true, POP3_OK, "");
    assert_int_equal(take("PASS secret", false).act, LOGIN_FORWARD);
    assert_true(login_stls_offered(&login));
    login_accept(&login);
    assert_false(login_stls_offered(&login));
}

static void
send_together(void)
{
    login_free(&login);
    login_start(&login, &listener, false);
    assert_int_equal(take("USER bob", true).act, LOGIN_ANSWER);
    assert_int_equal(take("PASS secret", true).act, LOGIN_SEND_BOTH);
    assert_int_equal(hear_user(false, POP3_OK, ""), LOGIN_GOES_ON);
    login_probe(&login);
    assert_int_equal(login.state, LOGIN_PROBED);
}

/* What the server says behind its answer to the name, and when nothing comes behind that. LOGIN_PROBED: not known. */
static void
test_whose_answer_it_is_decides_a_trial(void **state)
{
    static const struct {
        const char      *input;
        enum login_state at_once, quiet;
    } rows[] = {
        {"", LOGIN_PROBED, LOGIN_PROBED},
        {"+O", LOGIN_PROBED, LOGIN_PROBED},
        {"+OK\r\n", LOGIN_PROBED, LOGIN_PASSWORD},
        {"+OK\r\n+OK\r\n", LOGIN_PASSWORD, LOGIN_PASSWORD},
        {"+OK\r\n-ERR what?\r\n", LOGIN_PASSWORD, LOGIN_PASSWORD},
        {"+OK list\r\nTOP\r\n.\r\n", LOGIN_AGAIN, LOGIN_AGAIN},
        {"+OK list\r\n.\r\n", LOGIN_AGAIN, LOGIN_AGAIN},
        {"-ERR what?\r\n", LOGIN_PROBED, LOGIN_AGAIN},
        {"-ERR what?\r\n+", LOGIN_PROBED, LOGIN_PASSWORD},
        {"-ERR wrong\r\n+OK list\r\n", LOGIN_PASSWORD, LOGIN_PASSWORD},
        {"-ERR wrong\r\nTOP\r\n", LOGIN_PASSWORD, LOGIN_PASSWORD},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (int quiet = 0; quiet < 2; quiet++) {
            enum login_state after = quiet != 0 ? rows[i].quiet : rows[i].at_once;

            send_together();
            assert_int_equal(login_settle(&login, span_of(rows[i].input), quiet != 0), after != LOGIN_PROBED);
            assert_int_equal(login.state, after);
            assert_int_equal(login.password.data != NULL, after != LOGIN_PASSWORD);
        }
}

static void
test_more_than_two_lines_can_be_is_the_passwords(void **state)
{
    char *octets = malloc(LOGIN_SETTLE_MAX);

    (void)state;
    assert_non_null(octets);
    memset(octets, 'x', LOGIN_SETTLE_MAX);
    send_together();
    assert_false(login_settle(&login, (struct span){octets, LOGIN_SETTLE_MAX / 2 - 1}, false));
    assert_true(login_settle(&login, (struct span){octets, LOGIN_SETTLE_MAX / 2}, false));
    assert_int_equal(login.state, LOGIN_PASSWORD);
    memcpy(octets, "+OK\r\n", 5);
    send_together();
    assert_false(login_settle(&login, (struct span){octets, LOGIN_SETTLE_MAX - 1}, false));
    assert_true(login_settle(&login, (struct span){octets, LOGIN_SETTLE_MAX}, false));
    assert_int_equal(login.state, LOGIN_PASSWORD);
    free(octets);
}

static void
test_a_password_that_was_lost_is_sent_behind_the_name(void **state)
{
    (void)state;
    send_together();
    login_go_again(&login);
    assert_true(span_equal(login_user(&login).argument, SPAN("bob")));
    assert_int_equal(hear_user(false, POP3_OK, ""), LOGIN_SEND_PASSWORD);
    assert_true(span_equal(login_pass(&login).argument, SPAN("secret")));
    login_end_trial(&login);
    assert_int_equal(login.state, LOGIN_PASSWORD);
    assert_null(login.password.data);
}

static void
test_a_lost_password_is_not_sent_behind_a_name_that_is_refused(void **state)
{
    (void)state;
    assert_int_equal(take("USER bob", true).act, LOGIN_ANSWER);
    assert_int_equal(take("PASS secret", true).act, LOGIN_SEND_BOTH);
    assert_int_equal(hear_user(false, POP3_ERR, "first"), LOGIN_GOES_ON);
    login_go_again(&login);
    assert_false(login_is_refused(&login)); /* that was another server */
    assert_int_equal(hear_user(false, POP3_ERR, "no bob"), LOGIN_ANSWER_PASSWORD);
    assert_true(span_equal(bytes_span(&login.refusal), SPAN("no bob")));
    login_reject(&login);
    assert_int_equal(login.state, LOGIN_OPEN);
    assert_null(login.password.data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_name_and_password_go_one_by_one),
        TEST(test_no_password_goes_without_a_name_that_was_taken),
        TEST(test_another_command_is_another_login),
        TEST(test_name_and_password_go_together),
        TEST(test_a_name_that_was_kept_goes_first_where_both_may_not_go_together_any_more),
        TEST(test_a_kept_name_that_is_refused_answers_the_password),
        TEST(test_a_refusal_without_a_word_is_one),
        TEST(test_apop_names_its_user),
        TEST(test_sasl_is_a_dialogue),
        TEST(test_a_challenge_comes_only_in_an_exchange_and_as_text),
        TEST(test_a_response_that_is_no_base64_ends_the_exchange),
        TEST(test_an_exchange_that_was_begun_again_says_nothing_of_who_it_is),
        TEST(test_empty_responses_begin_no_exchange_again),
        TEST(test_mechanisms_that_cannot_be_carried_are_refused),
        TEST(test_what_is_allowed_before_tls),
        TEST(test_what_was_said_before_tls_does_not_count_after_it),
        TEST(test_stls_is_offered_where_it_can_be_had),
        TEST(test_whose_answer_it_is_decides_a_trial),
        TEST(test_more_than_two_lines_can_be_is_the_passwords),
        TEST(test_a_password_that_was_lost_is_sent_behind_the_name),
        TEST(test_a_lost_password_is_not_sent_behind_a_name_that_is_refused),
    };

    return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
