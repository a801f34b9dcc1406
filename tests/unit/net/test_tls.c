/* proxy/net/tls.h: the names that a client asks for, and what a handshake may have been begun with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/count.h"
#include "proxy/net/tls_wire.h"
#include "tests/unit/net/tls_fixture.h"

static struct tls_context *server, *client;

/* `repeat`: so many octets of it, one behind the other. */
static const struct {
    struct span name;
    size_t      repeat;
    bool        host;
} names[] = {
    {{"a", 1}, 1, true},
    {{"pop.example.net", 15}, 1, true},
    {{"POP.example.net.", 16}, 1, true},
    {{"192.0.2.1", 9}, 1, true},
    {{"2001:db8::1", 11}, 1, true},
    {{"x", 1}, 255, true},
    {{"x", 1}, 256, false},
    {{"x", 1}, 65536, false},
    {{"", 0}, 1, false},
    {{NULL, 0}, 1, false},
    {{"\0", 1}, 1, false},
    {{"pop.example\0", 12}, 1, false},
    {{"pop.example\0.evil.example", 25}, 1, false},
    {{"\0pop.example", 12}, 1, false},
    {{".", 1}, 1, false},
    {{".example.net", 12}, 1, false},
};

static void
names_that_are_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes       name = {0};
        struct tls_remote *remote;
        struct tls        *tls;

        for (size_t k = 0; k < names[i].repeat; k++)
            bytes_add(&name, names[i].name);
        remote = tls_remote_new(client, bytes_span(&name));
        tls    = tls_connect(remote, -1, false);
        if ((tls != NULL) != names[i].host || tls_is_host(bytes_span(&name)) != names[i].host)
            fail_msg("name %zu", i);
        if (tls == NULL)
            assert_non_null(strstr(tls_error(NULL), "not that of a host"));
        tls_free(&tls);
        tls_remote_free(&remote);
        bytes_free(&name);
    }
}

/* Ours is the server, whose caller has read so many octets of what the client says first; returns how many there are.
 */
static size_t
shake_hands_behind(SSL_CTX *theirs, size_t read_before)
{
    struct tls_pair pair = {.result = TLS_WANTS_READ};
    char            early[2048];
    ssize_t         hello;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds), 0);
    pair.theirs = SSL_new(theirs);
    assert_int_equal(SSL_set_fd(pair.theirs, pair.fds[1]), 1);
    SSL_set_connect_state(pair.theirs);
    assert_int_equal(SSL_do_handshake(pair.theirs), -1);
    hello = recv(pair.fds[0], early, sizeof(early), MSG_PEEK);
    assert_in_range(hello, read_before, sizeof(early));
    assert_int_equal(read(pair.fds[0], early, read_before), read_before);
    pair.ours = tls_open(server, pair.fds[0]);
    tls_put_early(pair.ours, (struct span){early, read_before});
    memset(early, 0, sizeof(early)); /* it has its own */
    for (int i = 0; i < 4 && pair.result != TLS_OK; i++) {
        pair.result = tls_handshake(pair.ours);
        if (pair.result == TLS_FAILED)
            fail_msg("%zu octets read before: %s", read_before, tls_error(pair.ours));
        (void)SSL_do_handshake(pair.theirs);
        tls_readable(pair.ours, false);
    }
    assert_int_equal(pair.result, TLS_OK);
    greet(&pair);
    close_pair(&pair);
    return (size_t)hello;
}

/* A handshake needs the octets that follow as much as those that were read before it. */
static void
hellos_that_were_read_before(void **state)
{
    SSL_CTX         *theirs   = SSL_CTX_new(TLS_client_method());
    static const int newest[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(newest); i++) {
        assert_int_equal(SSL_CTX_set_max_proto_version(theirs, newest[i]), 1);
        for (size_t cut = 0, hello = 0; cut <= hello; cut++)
            hello = shake_hands_behind(theirs, cut);
    }
    SSL_CTX_free(theirs);
}

/* OpenSSL may ask for fewer octets than were read before. */
static void
octets_taken_one_by_one(void **state)
{
    static const char early[] = "read before";
    SSL_CTX          *theirs  = SSL_CTX_new(TLS_server_method());
    SSL              *ssl     = SSL_new(theirs);
    struct tls_wire   wire;
    char              c;

    (void)state;
    tls_wire_open(&wire, ssl, -1);
    tls_wire_put_early(&wire, span_of(early));
    tls_wire_take_turn(&wire);
    wire.readable = false;
    for (size_t i = 0; i < strlen(early); i++) {
        assert_int_equal(BIO_read(SSL_get_rbio(ssl), &c, 1), 1);
        assert_int_equal(c, early[i]);
    }
    assert_int_equal(BIO_read(SSL_get_rbio(ssl), &c, 1), -1);
    assert_true(BIO_should_read(SSL_get_rbio(ssl)));
    assert_null(wire.early);
    tls_wire_close(&wire);
    SSL_free(ssl);
    SSL_CTX_free(theirs);
}

static int
start(void **state)
{
    const struct setting_place place    = {.file = "proxy.conf", .line_of = no_line};
    struct tls_client_settings settings = {.common = {TLS_VERSION_1_2, "", ""}, .verify = true};
    struct error               error    = {0};

    if (set_up(state) != 0)
        return -1;
    write_site("site.pem", EVP_EC_gen("P-256"), "DNS:a.example");
    server = open_listener((struct tls_server_settings){.common = {TLS_VERSION_1_2, "", ""}, .name = "l"},
                           (char *[]){"site.pem"}, 1, &error);
    client = tls_client_new(&settings, &place, &error);
    return server != NULL && client != NULL ? 0 : -1;
}

static int
stop(void **state)
{
    tls_context_free(&server);
    tls_context_free(&client);
    return tear_down(state);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(hellos_that_were_read_before),
        cmocka_unit_test(octets_taken_one_by_one),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
