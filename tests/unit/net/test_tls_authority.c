/* proxy/net/tls_authority.h: which upstreams share a store of authorities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proxy/net/tls_context.h"
#include "tests/unit/net/tls_fixture.h"

static X509_STORE *
store_of(const struct tls_context *context)
{
    return SSL_CTX_get_cert_store(tls_context_ssl(context));
}

static struct tls_context *
open_client(const char *ca, struct tls_authorities *authorities, struct error *error)
{
    const struct setting_place       place = {.file = "proxy.conf", .line_of = no_line};
    char                             path[512];
    const struct tls_client_settings settings = {.common      = {TLS_VERSION_1_2, "", ""},
                                                 .verify      = true,
                                                 .ca          = ca != NULL ? path : NULL,
                                                 .authorities = authorities};

    (void)snprintf(path, sizeof(path), "%s/%s", folder, ca != NULL ? ca : "");
    return tls_client_new(&settings, &place, error);
}

/* Those of one path, in one reading of the configuration. They outlive the table. */
static void
test_one_store_for_each_path(void **state)
{
    const char *const       paths[] = {"first.pem", "first.pem", "second.pem", NULL, NULL};
    struct tls_context     *contexts[5];
    struct tls_authorities *table = tls_authorities_new(), *later = tls_authorities_new();
    struct tls_context     *alone, *then;
    struct error            error = {0};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        contexts[i] = open_client(paths[i], table, &error);
        assert_non_null(contexts[i]);
    }
    alone = open_client("first.pem", NULL, &error);
    then  = open_client("first.pem", later, &error);
    assert_ptr_equal(store_of(contexts[0]), store_of(contexts[1]));
    assert_ptr_equal(store_of(contexts[3]), store_of(contexts[4]));
    assert_ptr_not_equal(store_of(contexts[0]), store_of(contexts[2]));
    assert_ptr_not_equal(store_of(contexts[0]), store_of(contexts[3]));
    assert_ptr_not_equal(store_of(contexts[0]), store_of(alone));
    assert_ptr_not_equal(store_of(contexts[0]), store_of(then));
    tls_authorities_free(&table);
    tls_authorities_free(&later);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(store_of(contexts[1]))), 1);
    for (size_t i = 0; i < 5; i++)
        tls_context_free(&contexts[i]);
    tls_context_free(&alone);
    tls_context_free(&then);
}

/* What cannot be read is said each time that it is named. */
static void
test_every_mistake_is_told(void **state)
{
    struct tls_authorities *table = tls_authorities_new();
    struct error            error = {0};

    (void)state;
    assert_null(open_client("nfirst.pem", table, &error));
    assert_null(open_client("nfirst.pem", table, &error));
    assert_int_equal(error.count, 2);
    tls_authorities_free(&table);
    error_free(&error);
}

static int
start(void **state)
{
    if (set_up(state) != 0)
        return -1;
    write_site("first.pem", EVP_EC_gen("P-256"), "DNS:a.example");
    write_site("second.pem", EVP_EC_gen("P-256"), "DNS:b.example");
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_store_for_each_path),
        cmocka_unit_test(test_every_mistake_is_told),
    };

    return cmocka_run_group_tests(tests, start, tear_down);
}
