/* Which certificate a client sees: by the name that it asks for, and by the keys and ciphers that it can use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>

#include "base/count.h"
#include "proxy/net/tls_select.h"
#include "proxy/net/tls_words.h"
#include "tests/unit/net/tls_fixture.h"

static unsigned looks; /* into certificates, for a name */

/* In place of OpenSSL's, which does the work. */
int
X509_check_host(X509 *certificate, const char *name, size_t len, unsigned flags, char **found)
{
    static int (*real)(X509 *, const char *, size_t, unsigned, char **);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "X509_check_host");
    looks++;
    return real(certificate, name, len, flags, found);
}

/* In the order of proxy.conf; each is told by its first name and the kind of its key. */
static char *const files[] = {"ec-a.pem", "rsa-ab.pem", "rsa-a.pem", "ec-wild.pem", "rsa-wild.pem"};

enum { FILES = COUNT_OF(files) };

static void
write_files(void)
{
    write_site("ec-a.pem", EVP_EC_gen("P-256"), "DNS:a.example");
    write_site("rsa-ab.pem", EVP_RSA_gen(2048), "DNS:b.example,DNS:a.example");
    write_site("rsa-a.pem", EVP_RSA_gen(2048), "DNS:never.example,DNS:a.example");
    write_site("ec-wild.pem", EVP_EC_gen("P-256"), "DNS:*.wild.example");
    write_site("rsa-wild.pem", EVP_RSA_gen(2048), "DNS:rsa.wild.example,DNS:*.wild.example");
}

static SSL_CTX *
make_client(int version, bool rsa_alone)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    assert_int_equal(SSL_CTX_set_min_proto_version(client, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(client, version), 1);
    if (rsa_alone)
        assert_int_equal(SSL_CTX_set1_sigalgs_list(client, "RSA+SHA256:RSA-PSS+SHA256"), 1);
    return client;
}

/* "KIND NAME" of the certificate that the client sees; "none" if the handshake fails. */
static void
see(struct tls_context *server, SSL_CTX *client, const char *name, char seen[64])
{
    struct tls_pair pair;
    struct bytes    first = {0};

    (void)snprintf(seen, 64, "none");
    shake_hands(&pair, server, client, name, NULL);
    if (pair.result == TLS_OK) {
        X509 *certificate = SSL_get1_peer_certificate(pair.theirs);

        tls_words_first_name(certificate, &first);
        (void)snprintf(seen, 64, "%s %s", EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate)), first.data);
        X509_free(certificate);
        bytes_free(&first);
    }
    close_pair(&pair);
}

static const struct {
    const char *name;
    const char *any, *rsa; /* what a client sees that can use any key, and one that knows RSA alone */
} rows[] = {
    {"a.example", "EC a.example", "RSA b.example"},
    {"b.example", "RSA b.example", "RSA b.example"},
    {"never.example", "RSA never.example", "RSA never.example"},
    {"x.wild.example", "EC *.wild.example", "RSA rsa.wild.example"},
    {"rsa.wild.example", "EC *.wild.example", "RSA rsa.wild.example"},
    {"unknown.example", "EC a.example", "RSA b.example"},
    {NULL, "EC a.example", "RSA b.example"},
};

static struct tls_context *
open_with(const struct tls_settings *settings, const char *const *names, size_t count)
{
    const struct tls_server_settings all    = {.name = "l", .common = *settings};
    struct error                     error  = {0};
    struct tls_context              *server = open_listener(all, (char **)names, count, &error);

    if (server == NULL)
        fail_msg("%s", error_text(&error));
    return server;
}

static void
test_each_sees_what_it_can_use(void **state)
{
    static const int          versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct tls_settings settings   = {TLS_VERSION_1_2, "", ""};
    struct tls_context       *server     = open_with(&settings, (const char *const *)files, FILES);

    (void)state;
    for (size_t version = 0; version < 2; version++)
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            for (int rsa = 0; rsa < 2; rsa++) {
                SSL_CTX *client = make_client(versions[version], rsa == 1);
                char     seen[64];

                see(server, client, rows[i].name, seen);
                if (strcmp(seen, rsa == 1 ? rows[i].rsa : rows[i].any) != 0)
                    fail_msg("row %zu, version %zu, RSA alone %d: %s", i, version, rsa, seen);
                SSL_CTX_free(client);
            }
    tls_context_free(&server);
}

/* However many other names are asked for in between, what was found out of a name is not another's. */
static void
test_names_in_any_order(void **state)
{
    enum { OTHERS = 3 * TLS_ASKED_MAX };
    const struct tls_settings settings = {TLS_VERSION_1_2, "", ""};
    struct tls_context       *server   = open_with(&settings, (const char *const *)files, FILES);
    SSL_CTX                  *client   = make_client(TLS1_3_VERSION, false);
    char                      name[64], seen[64];

    (void)state;
    for (size_t i = 0; i < OTHERS; i++) {
        (void)snprintf(name, sizeof(name), i % 2 == 0 ? "x%zu.example" : "x%zu.wild.example", i);
        see(server, client, name, seen);
        assert_string_equal(seen, i % 2 == 0 ? "EC a.example" : "EC *.wild.example");
        looks = 0;
        see(server, client, name, seen);
        assert_int_equal(looks, 0);
        see(server, client, rows[i % COUNT_OF(rows)].name, seen);
        assert_string_equal(seen, rows[i % COUNT_OF(rows)].any);
    }
    SSL_CTX_free(client);
    tls_context_free(&server);
}

/* A client that is offered one ECDSA certificate for a name of which it could use none is not shown another name's. */
static void
test_no_other_names_certificate(void **state)
{
    const char *const         two[]    = {"ec-wild.pem", "rsa-ab.pem"};
    const struct tls_settings settings = {TLS_VERSION_1_2, "", ""};
    struct tls_context       *server   = open_with(&settings, two, 2);
    SSL_CTX                  *client   = make_client(TLS1_2_VERSION, true);
    char                      seen[64];

    (void)state;
    see(server, client, "x.wild.example", seen);
    assert_string_equal(seen, "none");
    see(server, client, "b.example", seen);
    assert_string_equal(seen, "RSA b.example");
    SSL_CTX_free(client);
    tls_context_free(&server);
}

/* Which ciphers are spoken: the client offers one alone. */
static const struct {
    const char         *offered;
    struct tls_settings settings;
    int                 version; /* the client's */
    bool                spoken;
} exchanges[] = {
    {"ECDHE-RSA-AES256-SHA", {TLS_VERSION_1_2, "", ""}, TLS1_2_VERSION, true}, /* Windows 7 and 8.1 */
    {"AES256-SHA", {TLS_VERSION_1_2, "", ""}, TLS1_2_VERSION, false},
    {"AES256-GCM-SHA384", {TLS_VERSION_1_2, "", ""}, TLS1_2_VERSION, false},
    {"DHE-RSA-AES256-SHA", {TLS_VERSION_1_2, "", ""}, TLS1_2_VERSION, false},
    {"AES256-SHA", {TLS_VERSION_1_2, "DEFAULT:kRSA", ""}, TLS1_2_VERSION, true},
    {"DHE-RSA-AES256-SHA", {TLS_VERSION_1_2, "DHE+AES", ""}, TLS1_2_VERSION, true},
    {"ECDHE-RSA-AES256-SHA", {TLS_VERSION_1_2, "DHE+AES", ""}, TLS1_2_VERSION, false},
    {"AES128-SHA:@SECLEVEL=0", {TLS_VERSION_1_0, "", ""}, TLS1_VERSION, true},
    {"DHE-RSA-AES128-SHA:@SECLEVEL=0", {TLS_VERSION_1_0, "", ""}, TLS1_VERSION, true},
    {"ECDHE-RSA-AES128-SHA:@SECLEVEL=0", {TLS_VERSION_1_0, "", ""}, TLS1_1_VERSION, true},
    {"DHE-RSA-AES128-SHA:@SECLEVEL=0", {TLS_VERSION_1_1, "", ""}, TLS1_1_VERSION, true},
};

static void
test_ciphers(void **state)
{
    const char *const rsa[] = {"rsa-ab.pem"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(exchanges); i++) {
        struct tls_context *server = open_with(&exchanges[i].settings, rsa, 1);
        SSL_CTX            *client = make_client(exchanges[i].version, false);
        struct tls_pair     pair;

        if (exchanges[i].version < TLS1_2_VERSION)
            SSL_CTX_set_security_level(client, 0);
        assert_int_equal(SSL_CTX_set_cipher_list(client, exchanges[i].offered), 1);
        shake_hands(&pair, server, client, NULL, NULL);
        if ((pair.result == TLS_OK) != exchanges[i].spoken)
            fail_msg("row %zu: %s", i, tls_error(pair.ours));
        close_pair(&pair);
        SSL_CTX_free(client);
        tls_context_free(&server);
    }
}

/* TLS 1.3's ciphers and the curves. */
static void
test_suites_and_curves(void **state)
{
    const char *const         one[]    = {"ec-a.pem"};
    const struct tls_settings settings = {TLS_VERSION_1_2, "TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM", "P-384"};
    struct tls_context       *server   = open_with(&settings, one, 1);
    SSL_CTX                  *client   = make_client(TLS1_3_VERSION, false);
    struct tls_pair           pair;

    (void)state;
    shake_hands(&pair, server, client, NULL, NULL);
    assert_int_equal(pair.result, TLS_OK);
    assert_string_equal(tls_cipher(pair.ours), "TLS_CHACHA20_POLY1305_SHA256");
    assert_int_equal(SSL_get_negotiated_group(pair.theirs), NID_secp384r1);
    close_pair(&pair);
    SSL_CTX_free(client);
    tls_context_free(&server);
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
        cmocka_unit_test(test_each_sees_what_it_can_use),  cmocka_unit_test(test_names_in_any_order),
        cmocka_unit_test(test_no_other_names_certificate), cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_suites_and_curves),
    };

    return cmocka_run_group_tests_name("tls_select", tests, set_up_files, tear_down);
}
