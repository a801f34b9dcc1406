/* proxy/process/lookup.h: an answer is addresses or words, whatever the process at the other end has written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "proxy/process/lookup.h"

static const struct master_user nobody_else = {.change = false};

static int
ask(const char *host)
{
    int           fd     = lookup_start(host, &nobody_else);
    struct pollfd answer = {.fd = fd, .events = POLLIN};

    assert_true(fd >= 0);
    assert_int_equal(poll(&answer, 1, 20000), 1);
    return fd;
}

static void
name_that_everybody_knows(void **state)
{
    struct lookup_answer answer;

    (void)state;
    assert_true(lookup_take(ask("localhost"), &answer));
    assert_null(answer.why);
    assert_true(answer.count > 0);
    for (size_t i = 0; i < answer.count; i++)
        assert_true(answer.found[i].ss_family == AF_INET || answer.found[i].ss_family == AF_INET6);
}

static void
addresses_as_they_are_written(void **state)
{
    const struct in6_addr      loopback = IN6ADDR_LOOPBACK_INIT;
    struct lookup_answer       answer;
    const struct sockaddr_in  *v4 = (const struct sockaddr_in *)answer.found;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)answer.found;

    (void)state;
    assert_true(lookup_take(ask("127.0.0.3"), &answer));
    assert_int_equal(answer.count, 1);
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), 0x7f000003);
    assert_true(lookup_take(ask("::1"), &answer));
    assert_int_equal(answer.count, 1);
    assert_int_equal(v6->sin6_family, AF_INET6);
    assert_memory_equal(&v6->sin6_addr, &loopback, sizeof(loopback));
}

/* Takes what a process would have written: `len` octets of `octet`, behind so many that are 0. */
static void
take_written(int octet, size_t zeros, size_t len, struct lookup_answer *answer)
{
    char octets[8192] = {0};
    int  ends[2];

    memset(octets + zeros, octet, len - zeros);
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    assert_false(lookup_take(ends[0], answer));
    assert_int_equal(write(ends[1], octets, len), len);
    (void)close(ends[1]);
    assert_true(lookup_take(ends[0], answer));
}

static void
answers_that_are_none(void **state)
{
    char   octets[8192];
    size_t whole;
    int    fd = ask("localhost");

    (void)state;
    whole = (size_t)read(fd, octets, sizeof(octets));
    (void)close(fd);
    assert_in_range(whole, 100, 4096);
    for (size_t len = 0; len <= whole; len += len < 16 ? 1 : 8)
        for (size_t zeros = 0; zeros <= len && zeros <= 8; zeros += 4) {
            struct lookup_answer answer = {.count = 1};

            take_written(len % 2 == 0 ? 0xff : 2, zeros, len, &answer);
            assert_int_equal(answer.count, 0);
            assert_non_null(answer.why);
            if (len < whole)
                assert_string_equal(answer.why, "no answer in time");
        }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_that_everybody_knows),
        cmocka_unit_test(addresses_as_they_are_written),
        cmocka_unit_test(answers_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
