/* Session tickets over time: which are taken, by whom, and that there is no way back to a secret that was forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/net/tls_context.h"
#include "tests/unit/net/tls_fixture.h"

enum { PERIOD = 2 * 3600 /* seconds: how long the manual says that a key is used */ };

static int64_t since_start = 1000 * PERIOD + 100; /* what CLOCK_BOOTTIME shows, in seconds */

/* In place of the C library's. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock == CLOCK_BOOTTIME) {
        *now = (struct timespec){.tv_sec = since_start};
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, now);
}

static struct tls_context *server;
static SSL_CTX            *client;

static void
open_both(int version)
{
    static char *const               file     = "one.pem";
    const struct tls_server_settings settings = {.name = "l", .common = {TLS_VERSION_1_2, "", ""}};
    struct error                     error    = {0};

    server = open_listener(settings, (char **)&file, 1, &error);
    assert_non_null(server);
    client = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_set_min_proto_version(client, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, version), 1);
}

static void
close_both(void)
{
    tls_context_free(&server);
    SSL_CTX_free(client);
}

/* A session with a ticket, from a whole handshake. */
static SSL_SESSION *
new_session(void)
{
    struct tls_pair pair;
    SSL_SESSION    *session;

    shake_hands(&pair, server, client, NULL, NULL);
    assert_int_equal(pair.result, TLS_OK);
    greet(&pair);
    session = SSL_get1_session(pair.theirs);
    close_pair(&pair);
    return session;
}

static bool
resumes(SSL_SESSION *session)
{
    struct tls_pair pair;
    SSL_SESSION    *offered = SSL_SESSION_dup(session);
    bool            resumed;

    shake_hands(&pair, server, client, NULL, offered);
    assert_int_equal(pair.result, TLS_OK);
    resumed = tls_resumed(pair.ours);
    close_pair(&pair);
    SSL_SESSION_free(offered);
    return resumed;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

#define FOR_EACH_VERSION for (size_t i = 0; i < COUNT_OF(versions); i++)

static void
test_key_is_good_for_two_periods(void **state)
{
    (void)state;
    FOR_EACH_VERSION
    {
        SSL_SESSION *session;

        open_both(versions[i]);
        session = new_session();
        assert_true(resumes(session));
        since_start += PERIOD;
        assert_true(resumes(session));
        since_start += PERIOD;
        assert_false(resumes(session));
        SSL_SESSION_free(session);
        close_both();
    }
}

/* Who gets at the memory cannot have the old keys made again. */
static void
test_what_is_forgotten_does_not_come_back(void **state)
{
    (void)state;
    FOR_EACH_VERSION
    {
        SSL_SESSION *session;

        open_both(versions[i]);
        session = new_session();
        since_start += 2 * PERIOD;
        (void)tls_ratchet();
        since_start -= 2 * PERIOD;
        assert_false(resumes(session));
        since_start += 2 * PERIOD;
        SSL_SESSION_free(session);
        close_both();
    }
}

/* In another process: takes a session from the pipe and sees whether it is resumed. */
static _Noreturn void
be_other_worker(int fd)
{
    unsigned char        octets[8192];
    const unsigned char *at  = octets;
    ssize_t              len = read(fd, octets, sizeof(octets));
    SSL_SESSION         *session;

    session = len > 0 ? d2i_SSL_SESSION(NULL, &at, len) : NULL;
    _exit(session != NULL && resumes(session) ? 0 : 1);
}

static void
send_session(int fd)
{
    SSL_SESSION   *session = new_session();
    unsigned char *octets  = NULL;
    int            len     = i2d_SSL_SESSION(session, &octets);

    assert_int_equal(write(fd, octets, (size_t)len), len);
    OPENSSL_free(octets);
    SSL_SESSION_free(session);
}

/* Workers make the same keys, however many periods one was idle. */
static void
test_processes_agree(void **state)
{
    (void)state;
    FOR_EACH_VERSION
    {
        int   ends[2], status;
        pid_t other;

        open_both(versions[i]);
        assert_int_equal(pipe(ends), 0);
        since_start += 7 * PERIOD;
        other = fork();
        if (other == 0)
            be_other_worker(ends[0]);
        send_session(ends[1]);
        assert_int_equal(waitpid(other, &status, 0), other);
        assert_int_equal(status, 0);
        assert_int_equal(close(ends[0]) + close(ends[1]), 0);
        close_both();
    }
}

static void
test_when_it_is_due(void **state)
{
    (void)state;
    since_start = (since_start / PERIOD + 1) * PERIOD;
    assert_int_equal(tls_ratchet(), PERIOD * 1000);
    since_start += PERIOD - 1;
    assert_int_equal(tls_ratchet(), 1000);
}

static size_t tickets; /* that the server is to make for the client whose first message it has read */

static void
note_tickets(const SSL *ssl, int where, int result)
{
    (void)where;
    (void)result;
    tickets = SSL_get_num_tickets(ssl);
}

/* Has the server read a client's first message with this in place of "psk_key_exchange_modes: psk_dhe_ke". */
static void
say_hello(const char *extension)
{
    static const char usual[] = {0, 45, 0, 2, 1, 1};
    BIO              *out     = BIO_new(BIO_s_mem());
    SSL              *ssl     = SSL_new(client);
    struct tls_pair   pair;
    char              hello[4096], *at;
    int               len;

    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl);
    (void)SSL_do_handshake(ssl);
    len = BIO_read(out, hello, sizeof(hello));
    at  = memmem(hello, (size_t)len, usual, sizeof(usual));
    assert_non_null(at);
    memcpy(at, extension, sizeof(usual));
    open_pair(&pair, server);
    assert_int_equal(write(pair.fds[1], hello, (size_t)len), len);
    step(&pair);
    assert_int_equal(pair.result, TLS_WANTS_READ);
    close_pair(&pair);
    SSL_free(ssl);
}

/* RFC 8446, 4.2.9. */
static void
test_no_ticket_for_whom_it_is_useless(void **state)
{
    static const struct {
        const char *extension;
        size_t      tickets;
    } rows[] = {
        {"\0\55\0\2\1\1", 1},
        {"\0\55\0\2\1\0", 0}, /* no new key exchange, which popgate insists on */
        {"\172\55\0\2\1\1", 0},
    };

    (void)state;
    open_both(TLS1_3_VERSION);
    SSL_CTX_set_info_callback(tls_context_ssl(server), note_tickets);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        say_hello(rows[i].extension);
        assert_int_equal(tickets, rows[i].tickets);
    }
    close_both();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_is_good_for_two_periods),
        cmocka_unit_test(test_what_is_forgotten_does_not_come_back),
        cmocka_unit_test(test_processes_agree),
        cmocka_unit_test(test_when_it_is_due),
        cmocka_unit_test(test_no_ticket_for_whom_it_is_useless),
    };

    return cmocka_run_group_tests_name("tls_ticket", tests, set_up, tear_down);
}
