/* A handshake that fails is told in words: who wanted what, and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/count.h"
#include "tests/unit/net/tls_fixture.h"

enum { DAY = 24 * 3600 };

static void
write_files(void)
{
    EVP_PKEY *key       = EVP_RSA_gen(2048);
    X509     *held_once = make_certificate(key, "DNS:old.example,IP:127.0.0.1", -3L * DAY, -2L * DAY);
    X509     *future    = make_certificate(key, "DNS:old.example", 2L * DAY, 3L * DAY);

    write_site("site.pem", EVP_EC_gen("P-256"), "DNS:a.example,DNS:b.example");
    write_pem("ended.pem", held_once, key, WRITE_CERTIFICATE | WRITE_KEY);
    write_pem("future.pem", future, key, WRITE_CERTIFICATE | WRITE_KEY);
    X509_free(held_once);
    X509_free(future);
    EVP_PKEY_free(key);
}

static char *
path_of(const char *file)
{
    struct bytes path = {0};

    bytes_printf(&path, "%s/%s", folder, file);
    return path.data;
}

static void
expect_words(const char *said, const char *expect)
{
    if (strstr(said, expect) == NULL)
        fail_msg("\"%s\" has no \"%s\"", said, expect);
}

/* Clients. `send` is what comes instead of TLS, NULL: a client that trusts nobody, of `newest` at most. */
static const struct {
    const char      *send;
    int              newest;
    enum tls_version least; /* of the listener */
    const char      *expect[2];
} clients[] = {
    {NULL,
     TLS1_3_VERSION,
     TLS_VERSION_1_2,
     {"the client does not accept our certificate, for it does not know its authority (it asked for b.example; it is "
      "for a.example, b.example, until 20",
      "the client has to know the authority"}},
    {NULL, TLS1_2_VERSION, TLS_VERSION_1_2, {"the client does not accept our certificate", "a.example, b.example"}},
    {NULL,
     TLS1_2_VERSION,
     TLS_VERSION_1_3,
     {"the client speaks no TLS as new as tls_min (it offers TLSv1.2)", "a lower tls_min"}},
    {NULL,
     TLS1_VERSION,
     TLS_VERSION_1_2,
     {"the client speaks no TLS as new as tls_min (it offers TLSv1.0)", "listener"}},
    {"USER bob\r\nPASS x\r\n",
     0,
     TLS_VERSION_1_2,
     {"the client does not speak TLS: set it to SSL/TLS on this port", ""}},
    {"GET / HTTP/1.1\r\n\r\n", 0, TLS_VERSION_1_2, {"the client speaks HTTP, and without TLS", ""}},
};

static SSL_CTX *
make_client(int newest)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    SSL_CTX_set_security_level(client, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(client, TLS1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, newest), 1);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    return client;
}

static void
test_clients(void **state)
{
    const char *const file[] = {"site.pem"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        const struct tls_server_settings settings = {.name = "l", .common = {clients[i].least, "", ""}};
        struct error                     error    = {0};
        struct tls_context              *server   = open_listener(settings, (char **)file, 1, &error);
        SSL_CTX                         *client   = make_client(clients[i].newest);
        struct tls_pair                  pair;

        if (clients[i].send != NULL)
            send_instead(&pair, server, clients[i].send);
        else
            shake_hands(&pair, server, client, "b.example", NULL);
        assert_int_equal(pair.result, TLS_FAILED);
        for (size_t k = 0; k < 2; k++)
            expect_words(pair.why, clients[i].expect[k]);
        close_pair(&pair);
        SSL_CTX_free(client);
        tls_context_free(&server);
    }
}

/* Servers, each with a certificate, the name that popgate wants, and what the server speaks at most. */
static const struct {
    const char      *file; /* NULL: the server greets in plain text */
    const char      *ca;   /* in the folder; NULL: the system's */
    const char      *name;
    int              newest;
    enum tls_version least;
    const char      *expect[2];
} servers[] = {
    {"site.pem",
     "site.pem",
     "pop.example",
     TLS1_3_VERSION,
     TLS_VERSION_1_2,
     {"certificate not accepted: hostname mismatch (it is for a.example, b.example, until 20", "): tls_name says"}},
    {"site.pem",
     "site.pem",
     "192.0.2.1",
     TLS1_3_VERSION,
     TLS_VERSION_1_2,
     {"IP address mismatch (it is for a.example, b.example", "tls_name"}},
    {"ended.pem",
     "ended.pem",
     "old.example",
     TLS1_3_VERSION,
     TLS_VERSION_1_2,
     {"certificate has expired (it is for old.example, 127.0.0.1, until ", " UTC): the server needs a new one"}},
    {"future.pem", "future.pem", "old.example", TLS1_3_VERSION, TLS_VERSION_1_2, {"is not yet valid", "clocks"}},
    {"site.pem", "ended.pem", "a.example", TLS1_3_VERSION, TLS_VERSION_1_2, {"self-signed certificate", "tls_ca"}},
    {"site.pem",
     "site.pem",
     "a.example",
     TLS1_2_VERSION,
     TLS_VERSION_1_3,
     {"the server wants another version of TLS than tls_min allows", "lower it"}},
    {NULL,
     "site.pem",
     "a.example",
     0,
     TLS_VERSION_1_2,
     {"the server does not speak TLS here: tls = \"implicit\" needs its port for that, 995 as a rule", "\"stls\""}},
};

static SSL_CTX *
make_server(const char *file, int newest)
{
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());
    char    *path   = path_of(file != NULL ? file : "site.pem");

    assert_int_equal(SSL_CTX_set_max_proto_version(server, newest), 1);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(server, path), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(server, path, SSL_FILETYPE_PEM), 1);
    free(path);
    return server;
}

static struct tls_context *
open_upstream(const char *ca, enum tls_version least, bool legacy)
{
    char                            *path     = path_of(ca);
    const struct setting_place       place    = {.file = "proxy.conf", .line_of = no_line};
    struct error                     error    = {0};
    const struct tls_client_settings settings = {
        .common = {least, "", ""}, .verify = true, .ca = path, .legacy_connect = legacy};
    struct tls_context *client = tls_client_new(&settings, &place, &error);

    assert_non_null(client);
    free(path);
    return client;
}

static void
test_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(servers); i++) {
        struct tls_context *client = open_upstream(servers[i].ca, servers[i].least, false);
        struct tls_remote  *remote = tls_remote_new(client, span_of(servers[i].name));
        SSL_CTX            *server = make_server(servers[i].file, servers[i].newest);
        struct tls_pair     pair;

        shake_hands_as_client(&pair, remote, servers[i].file != NULL ? server : NULL, false);
        assert_int_equal(pair.result, TLS_FAILED);
        for (size_t k = 0; k < 2; k++)
            expect_words(pair.why, servers[i].expect[k]);
        close_pair(&pair);
        SSL_CTX_free(server);
        tls_remote_free(&remote);
        tls_context_free(&client);
    }
}

/* A server that does not say that it knows RFC 5746: taken only where that is asked for. */
static void
test_legacy_server(void **state)
{
    (void)state;
    for (int legacy = 0; legacy < 2; legacy++) {
        struct tls_context *client = open_upstream("site.pem", TLS_VERSION_1_2, legacy == 1);
        struct tls_remote  *remote = tls_remote_new(client, SPAN("a.example"));
        SSL_CTX            *server = make_server("site.pem", TLS1_2_VERSION);
        struct tls_pair     pair;

        shake_hands_as_client(&pair, remote, server, true);
        if (legacy == 0)
            expect_words(pair.why, "the server cannot renegotiate safely (RFC 5746)");
        else
            expect_words(pair.why, "bad record mac"); /* it went on, to where the two disagree about what was said */
        close_pair(&pair);
        SSL_CTX_free(server);
        tls_remote_free(&remote);
        tls_context_free(&client);
    }
}

static int
set_up_files(void **state)
{
    int result = set_up(state);

    if (result == 0)
        write_files();
    return result;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_legacy_server),
    };

    return cmocka_run_group_tests_name("tls_explain", tests, set_up_files, tear_down);
}
