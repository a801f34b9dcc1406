/* proxy/net/tls_remote.h: what a connection to a server leaves for the next one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proxy/net/tls_context.h"
#include "proxy/net/tls_remote.h"
#include "tests/unit/net/tls_fixture.h"

enum { KEPT = 32 /* sessions */, MANY = 100 };

static struct tls_context *client;
static struct tls_remote  *remote;
static SSL_CTX            *server, *stranger;

static SSL_CTX *
make_server(const char *file)
{
    static const unsigned char id[] = "test";
    SSL_CTX                   *made = SSL_CTX_new(TLS_server_method());
    char                       path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(made, path), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(made, path, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_set_session_id_context(made, id, sizeof(id)), 1);
    return made;
}

/* A handshake, and what comes behind it. Was it resumed? */
static bool
visit(struct tls_remote *to, SSL_CTX *whom, enum tls_result result)
{
    struct tls_pair pair;
    char            data[16];
    size_t          got;
    bool            resumed;

    shake_hands_as_client(&pair, to, whom, false);
    assert_int_equal(pair.result, result);
    tls_readable(pair.ours, false);
    while (result == TLS_OK && tls_read(pair.ours, data, sizeof(data), &got) == TLS_OK)
        continue;
    resumed = tls_resumed(pair.ours);
    close_pair(&pair);
    return resumed;
}

/* From now on no certificate can be verified any more. */
static void
trust_nobody(void)
{
    SSL_CTX_set_cert_store(tls_context_ssl(client), X509_STORE_new());
}

static void
test_a_chain_is_verified_once(void **state)
{
    struct tls_remote *other = tls_remote_new(client, SPAN("b.example"));

    (void)state;
    assert_int_equal(SSL_CTX_set_num_tickets(server, 0), 1);
    assert_false(visit(remote, server, TLS_OK));
    trust_nobody();
    assert_false(visit(remote, server, TLS_OK));
    assert_false(visit(remote, stranger, TLS_FAILED));
    assert_false(visit(other, server, TLS_FAILED));
    assert_false(visit(remote, server, TLS_OK));
    tls_remote_free(&other);
}

static void
test_what_was_refused_is_not_kept(void **state)
{
    (void)state;
    assert_int_equal(SSL_CTX_set_num_tickets(server, 2), 1);
    trust_nobody();
    for (int i = 0; i < 3; i++)
        assert_false(visit(remote, server, TLS_FAILED));
}

static void
test_sessions_are_bounded(void **state)
{
    int resumed = 0;

    (void)state;
    assert_int_equal(SSL_CTX_set_num_tickets(server, MANY), 1);
    assert_false(visit(remote, server, TLS_OK));
    assert_int_equal(SSL_CTX_set_num_tickets(server, 0), 1);
    while (resumed < MANY && visit(remote, server, TLS_OK))
        resumed++;
    assert_int_equal(resumed, KEPT);
}

static void
test_unknown_offers_nothing(void **state)
{
    struct tls_pair pair;

    (void)state;
    assert_int_equal(SSL_CTX_set_num_tickets(server, 1), 1);
    assert_false(visit(remote, server, TLS_OK));
    open_ends(&pair);
    pair.ours = tls_connect(remote, pair.fds[0], true);
    assert_int_equal(tls_handshake(pair.ours), TLS_WANTS_READ);
    close_pair(&pair);
    assert_true(visit(remote, server, TLS_OK));
}

/* A handshake that breaks off behind an offer says so; and nothing of that server is offered after it. */
static void
test_an_offer_that_failed(void **state)
{
    struct tls_pair pair;

    (void)state;
    assert_int_equal(SSL_CTX_set_num_tickets(server, 2), 1);
    assert_false(visit(remote, server, TLS_OK));
    shake_hands_as_client(&pair, remote, NULL, false); /* greets in plain text */
    assert_int_equal(pair.result, TLS_FAILED);
    assert_true(tls_offer_failed(pair.ours));
    close_pair(&pair);
    shake_hands_as_client(&pair, remote, NULL, false);
    assert_false(tls_offer_failed(pair.ours));
    close_pair(&pair);
    assert_false(visit(remote, server, TLS_OK));
}

/* The server began a full handshake instead: what is wrong then is wrong without a session, too. */
static void
test_an_offer_that_was_passed_over(void **state)
{
    struct tls_pair pair;

    (void)state;
    assert_int_equal(SSL_CTX_set_num_tickets(server, 2), 1);
    assert_false(visit(remote, server, TLS_OK));
    shake_hands_as_client(&pair, remote, stranger, false);
    assert_int_equal(pair.result, TLS_FAILED);
    assert_non_null(strstr(pair.why, "certificate not accepted"));
    assert_false(tls_offer_failed(pair.ours));
    close_pair(&pair);
}

static int
begin(void **state)
{
    const struct setting_place place    = {.file = "proxy.conf", .line_of = no_line};
    struct tls_client_settings settings = {.common = {TLS_VERSION_1_2, "", ""}, .verify = true};
    struct error               error    = {0};
    char                       path[512];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/site.pem", folder);
    settings.ca = path;
    client      = tls_client_new(&settings, &place, &error);
    remote      = tls_remote_new(client, SPAN("a.example"));
    server      = make_server("site.pem");
    stranger    = make_server("stranger.pem");
    return client != NULL ? 0 : -1;
}

static int
end(void **state)
{
    (void)state;
    SSL_CTX_free(server);
    SSL_CTX_free(stranger);
    tls_remote_free(&remote);
    tls_context_free(&client);
    return 0;
}

static int
start(void **state)
{
    if (set_up(state) != 0)
        return -1;
    write_site("site.pem", EVP_EC_gen("P-256"), "DNS:a.example");
    write_site("stranger.pem", EVP_EC_gen("P-256"), "DNS:a.example");
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_chain_is_verified_once), TEST(test_what_was_refused_is_not_kept),
        TEST(test_sessions_are_bounded),     TEST(test_unknown_offers_nothing),
        TEST(test_an_offer_that_failed),     TEST(test_an_offer_that_was_passed_over),
    };

    return cmocka_run_group_tests(tests, start, tear_down);
}
