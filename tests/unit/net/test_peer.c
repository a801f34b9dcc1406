/*
 * proxy/net/peer.h against the other end of a real connection, which speaks, closes and resets at the worst moment:
 * what a peer does breaks that peer, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/count.h"
#include "base/memory.h"
#include "proxy/net/peer.h"
#include "tests/unit/config_fixture.h"

enum { STUCK = 20 /* seconds: then a test is in a loop that does not end */, ROUNDS = 200 };

static struct event_base  *base;
static struct tls_context *context;
static SSL_CTX            *their_context;
static struct peer         peer;
static int                 theirs; /* the other end's socket */
static SSL                *ssl;    /* and its TLS, which writes to memory; NULL: in the clear */

static void
wake(void *arg)
{
    (void)arg;
}

/* The two ends of a connection over the loopback interface: a socketpair(2) knows no reset. */
static void
connect_ends(int ends[2])
{
    const int          on = 1, narrow = 16 * 1024;
    struct sockaddr_in address  = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          len      = sizeof(address);
    int                listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &narrow, sizeof(narrow)), 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&address, sizeof(address)), 0);
    ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(ends[0] >= 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &narrow, sizeof(narrow)), 0);
    (void)close(listener);
}

/* What was sent comes a little later, even over the loopback interface. */
static void
turn(void)
{
    struct pollfd ready = {.fd = peer.fd, .events = POLLIN};

    (void)poll(&ready, 1, 10);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

/* What the other end's TLS has written goes out, in one write. */
static void
send_theirs(void)
{
    static char octets[256 * 1024];
    int         len = BIO_read(SSL_get_wbio(ssl), octets, sizeof(octets));

    if (len > 0)
        assert_int_equal(send(theirs, octets, (size_t)len, MSG_NOSIGNAL), len);
}

/* Reads what has come for the other end. False: nothing has. */
static bool
take_theirs(void)
{
    static char octets[256 * 1024];
    ssize_t     len = recv(theirs, octets, sizeof(octets), MSG_DONTWAIT);

    if (len > 0 && ssl != NULL)
        assert_int_equal(BIO_write(SSL_get_rbio(ssl), octets, (int)len), len);
    return len > 0;
}

static void
start_their_tls(void)
{
    ssl = SSL_new(their_context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
    SSL_set_connect_state(ssl);
}

static void
start_tls(void)
{
    peer_start_tls(&peer, tls_open(context, peer.fd));
    start_their_tls();
}

static void
go_on_shaking_hands(void)
{
    for (int round = 0; round < ROUNDS && (peer.state == PEER_HANDSHAKE || !SSL_is_init_finished(ssl)); round++) {
        (void)SSL_do_handshake(ssl);
        send_theirs();
        turn();
        (void)peer_handshake(&peer);
        (void)take_theirs();
    }
    assert_int_equal(peer.state, PEER_OPEN);
}

static void
shake_hands(void)
{
    start_tls();
    go_on_shaking_hands();
}

static int
begin(void **state)
{
    int ends[2];

    (void)state;
    connect_ends(ends);
    theirs = ends[1];
    (void)alarm(STUCK);
    return peer_open(&peer, base, ends[0], false, PEER_BATCH, wake, NULL);
}

static void
reset_theirs(void)
{
    const struct linger now = {.l_onoff = 1};

    assert_int_equal(setsockopt(theirs, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    (void)close(theirs);
    theirs = -1;
}

static int
end(void **state)
{
    (void)state;
    peer_close(&peer);
    SSL_free(ssl);
    ssl = NULL;
    if (theirs >= 0)
        (void)close(theirs);
    (void)alarm(0);
    return 0;
}

/* As a session does it: everything is read, before anything is written. */
static void
read_all(void)
{
    turn();
    while (peer_fill(&peer, SIZE_MAX))
        ;
}

static void
say(const char *text)
{
    assert_true(SSL_write(ssl, text, (int)strlen(text)) > 0);
}

static void
put(size_t octets)
{
    char *data = memory_new(octets);

    peer_put(&peer, (struct span){data, octets});
    free(data);
}

/* A command and the end in one write, and a reset before the answer: that the peer ended well is no excuse. */
static void
answer_behind_close_notify(size_t octets, bool complete, bool reset_first)
{
    shake_hands();
    say("what\r\n");
    (void)SSL_shutdown(ssl);
    send_theirs();
    if (reset_first)
        reset_theirs();
    read_all();
    assert_int_equal(peer.state, PEER_ENDED);
    assert_int_equal(peer_waiting(&peer), 6);
    if (!reset_first)
        reset_theirs();
    turn();
    put(octets);
    if (complete)
        peer_put_end(&peer);
    assert_true(peer_flush(&peer));
    assert_int_equal(peer.state, PEER_BROKEN);
    assert_non_null(peer.why);
    assert_false(peer_flush(&peer));
    assert_int_equal(peer.sent, 0);
}

static void
write_that_fails_behind_close_notify(void **state)
{
    static const size_t answers[] = {1, 100, TLS_RECORD_MAX, TLS_RECORD_MAX + 1, 40 * TLS_RECORD_MAX};

    for (size_t i = 0; i < 4 * COUNT_OF(answers); i++) {
        if (i > 0)
            assert_int_equal(end(state) + begin(state), 0);
        answer_behind_close_notify(answers[i / 4], i % 2 == 1, i / 2 % 2 == 1);
    }
}

/* Nothing can be written, until the other end reads. */
static void
fill_socket(void)
{
    for (int quiet = 0; quiet < 3; quiet++) {
        for (; peer.writable; quiet = 0) {
            put(PEER_BATCH);
            (void)peer_flush(&peer);
        }
        turn();
    }
}

/* Reading needs to write, and cannot: it waits, and does not try for ever. */
static void
read_that_waits_for_a_write(void **state)
{
    size_t got;
    char   scrap[TLS_RECORD_MAX];

    (void)state;
    shake_hands();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        say("NOOP\r\n");
    }
    send_theirs();
    fill_socket();
    while (peer_fill(&peer, SIZE_MAX))
        ;
    assert_int_equal(peer.state, PEER_OPEN);
    for (int round = 0; round < ROUNDS && (peer_waiting(&peer) < 18 || peer_unsent(&peer) > 0); round++) {
        while (take_theirs())
            while (SSL_read_ex(ssl, scrap, sizeof(scrap), &got) == 1)
                ;
        read_all();
        (void)peer_flush(&peer);
    }
    assert_int_equal(peer_waiting(&peer), 18);
    assert_int_equal(peer_unsent(&peer), 0);
}

/* A record for each few octets of an answer (RFC 6066, 4): one that is cut in the middle goes on where it was. */
static void
many_small_records_to_a_slow_reader(void **state)
{
    enum { SIZE = 1024 * 1024 };
    size_t total = 0, got;
    char   scrap[TLS_RECORD_MAX];

    (void)state;
    SSL_CTX_set_tlsext_max_fragment_length(their_context, TLSEXT_max_fragment_length_512);
    shake_hands();
    SSL_CTX_set_tlsext_max_fragment_length(their_context, TLSEXT_max_fragment_length_DISABLED);
    put(SIZE);
    for (int round = 0; round < 10 * ROUNDS && total < SIZE; round++) {
        turn();
        (void)peer_flush(&peer);
        assert_int_equal(peer.state, PEER_OPEN);
        (void)take_theirs();
        while (SSL_read_ex(ssl, scrap, sizeof(scrap), &got) == 1)
            total += got;
    }
    assert_int_equal(total, SIZE);
    assert_int_equal(peer.sent, SIZE);
}

/* An end in the handshake, however polite, is none in good order. */
static void
handshake_that_the_peer_ends(void **state)
{
    static const unsigned char alert[] = {21, 3, 3, 0, 2, 1, 0}; /* a warning: close_notify (RFC 5246, 7.2) */

    (void)state;
    start_tls();
    assert_int_equal(send(theirs, alert, sizeof(alert), 0), sizeof(alert));
    turn();
    assert_true(peer_handshake(&peer));
    assert_int_equal(peer.state, PEER_BROKEN);
    assert_non_null(peer.why);
}

/* Why a peer broke stays what it was when TLS fails elsewhere for another reason. */
static void
reason_that_is_a_peers_own(void **state)
{
    char       *why;
    struct tls *other;
    int         ends[2];

    (void)state;
    start_tls();
    assert_int_equal(send(theirs, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    turn();
    assert_true(peer_handshake(&peer));
    assert_int_equal(peer.state, PEER_BROKEN);
    why = memory_copy_string(peer.why);
    connect_ends(ends);
    (void)close(ends[1]);
    other = tls_open(context, ends[0]);
    tls_readable(other, true);
    assert_int_equal(tls_handshake(other), TLS_FAILED);
    assert_string_not_equal(tls_error(other), why);
    assert_string_equal(peer.why, why);
    assert_false(peer_break(&peer, "another reason"));
    assert_string_equal(peer.why, why);
    tls_free(&other);
    (void)close(ends[0]);
    free(why);
}

/* Their first octets of TLS as one span. */
static struct span
say_hello(void)
{
    char *hello;
    long  len;

    start_their_tls();
    assert_int_equal(SSL_do_handshake(ssl), -1);
    len = BIO_get_mem_data(SSL_get_wbio(ssl), &hello);
    assert_true(len > 100);
    return (struct span){hello, (size_t)len};
}

/* A head in plain text and the first `cut` octets of TLS come in one segment, the others later; then both sides talk.
 */
static void
hello_behind_a_head(size_t cut)
{
    static const struct span head  = {"PROXY TCP4 192.0.2.1 192.0.2.2 50000 995\r\n", 42};
    const struct span        hello = say_hello();
    struct bytes             first = {0};

    bytes_add(&first, head);
    bytes_add(&first, span_head(hello, cut));
    assert_int_equal(send(theirs, first.data, first.len, 0), first.len);
    read_all();
    assert_int_equal(peer_waiting(&peer), first.len);
    buffer_drain(&peer.in, head.len);
    peer_start_tls(&peer, tls_open(context, peer.fd));
    assert_int_equal(peer_waiting(&peer), 0);
    assert_int_equal(peer.received, head.len);
    (void)peer_handshake(&peer); /* before the rest */
    assert_int_equal(send(theirs, hello.data + cut, hello.len - cut, 0), hello.len - cut);
    (void)BIO_reset(SSL_get_wbio(ssl));
    go_on_shaking_hands();
    say("NOOP\r\n");
    send_theirs();
    read_all();
    assert_int_equal(peer_waiting(&peer), 6);
    assert_int_equal(peer.received, head.len + 6);
    bytes_free(&first);
}

static void
handshake_that_began_in_plain_text(void **state)
{
    size_t len = say_hello().len;

    for (size_t cut = 0; cut <= len; cut++) {
        assert_int_equal(end(state) + begin(state), 0);
        hello_behind_a_head(cut);
    }
}

/* What was read in plain text is not TLS: it is neither used nor seen again. */
static void
plain_text_in_place_of_a_handshake(void **state)
{
    (void)state;
    assert_int_equal(send(theirs, "USER ann\r\nPASS secret\r\n", 23, 0), 23);
    read_all();
    peer_start_tls(&peer, tls_open(context, peer.fd));
    assert_true(peer_handshake(&peer));
    assert_int_equal(peer.state, PEER_BROKEN);
    assert_int_equal(peer_waiting(&peer), 0);
}

static unsigned
no_line(const struct setting_place *place, const char *key)
{
    (void)place;
    (void)key;
    return 0;
}

/* No name to verify is no verification: it breaks this peer, and not the process. */
static void
server_without_a_name(void **state)
{
    static const struct span   names[]  = {{"", 0}, {"pop.example\0.evil.example", 25}, {".example", 8}};
    const struct setting_place place    = {.file = "proxy.conf", .line_of = no_line};
    struct tls_client_settings settings = {.common = {TLS_VERSION_1_2, "", ""}, .verify = true};
    struct error               error    = {0};
    struct tls_context        *client   = tls_client_new(&settings, &place, &error);

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct tls_remote *remote = tls_remote_new(client, names[i]);

        assert_int_equal(end(state) + begin(state), 0);
        peer_start_tls(&peer, tls_connect(remote, peer.fd, false));
        assert_int_equal(peer.state, PEER_BROKEN);
        assert_non_null(strstr(peer.why, "not that of a host"));
        assert_false(peer_handshake(&peer) || take_theirs());
        tls_remote_free(&remote);
    }
    tls_context_free(&client);
}

/* The same without TLS: a write that fails behind the end breaks. */
static void
write_that_fails_behind_the_end(void **state)
{
    (void)state;
    assert_int_equal(send(theirs, "NOOP\r\n", 6, 0), 6);
    assert_int_equal(shutdown(theirs, SHUT_WR), 0);
    read_all();
    assert_int_equal(peer.state, PEER_ENDED);
    assert_int_equal(peer_waiting(&peer), 6);
    reset_theirs();
    turn();
    put(10);
    assert_true(peer_flush(&peer));
    assert_int_equal(peer.state, PEER_BROKEN);
    assert_int_equal(peer.sent, 0);
}

static int
start(void **state)
{
    const struct setting_place place = {.file = "proxy.conf", .line_of = no_line};
    char                       path[512];
    char                      *file        = path;
    const struct setting_list  certificate = {.items = &file, .count = 1}, none = {0};
    struct error               error    = {0};
    struct tls_server_settings settings = {
        .common = {TLS_VERSION_1_2, "", ""}, .name = "l", .certificate = &certificate, .key = &none};

    if (set_up(state) != 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/one.pem", folder);
    base          = event_base_new();
    context       = tls_server_new(&settings, &place, &error);
    their_context = SSL_CTX_new(TLS_client_method());
    return base != NULL && context != NULL && their_context != NULL ? 0 : -1;
}

static int
stop(void **state)
{
    SSL_CTX_free(their_context);
    tls_context_free(&context);
    event_base_free(base);
    return tear_down(state);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    static const struct CMUnitTest tests[] = {
        TEST(write_that_fails_behind_close_notify),
        TEST(read_that_waits_for_a_write),
        TEST(many_small_records_to_a_slow_reader),
        TEST(handshake_that_the_peer_ends),
        TEST(write_that_fails_behind_the_end),
        TEST(reason_that_is_a_peers_own),
        TEST(handshake_that_began_in_plain_text),
        TEST(plain_text_in_place_of_a_handshake),
        TEST(server_without_a_name),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
