/* proxy/net/tls_chain.h: which chains count as the same, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "proxy/net/tls_chain.h"
#include "tests/unit/net/tls_fixture.h"

enum { HOUR = 3600, NOW = 1000 };

static X509 *leaf, *other, *authority;

static void
digest_of(X509 **certificates, size_t count, unsigned char digest[TLS_CHAIN_DIGEST_LEN])
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    for (size_t i = 0; i < count; i++)
        assert_true(sk_X509_push(chain, certificates[i]) > 0);
    assert_true(tls_chain_digest(chain, digest));
    sk_X509_free(chain);
}

/* Order, number and every certificate count. */
static void
test_chains_that_differ(void **state)
{
    X509 *const   chains[][3] = {{leaf, authority},       {leaf}, {authority, leaf}, {leaf, other}, {other, authority},
                                 {leaf, authority, other}};
    const size_t  counts[]    = {2, 1, 2, 2, 2, 3};
    unsigned char digests[COUNT_OF(chains)][TLS_CHAIN_DIGEST_LEN], again[TLS_CHAIN_DIGEST_LEN];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(chains); i++) {
        digest_of((X509 **)chains[i], counts[i], digests[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(digests[i], digests[k], TLS_CHAIN_DIGEST_LEN);
    }
    digest_of((X509 **)chains[0], counts[0], again);
    assert_memory_equal(again, digests[0], TLS_CHAIN_DIGEST_LEN);
}

static void
test_no_chain(void **state)
{
    unsigned char digest[TLS_CHAIN_DIGEST_LEN];
    STACK_OF(X509) *chain = sk_X509_new_null();

    (void)state;
    assert_false(tls_chain_digest(chain, digest));
    assert_false(tls_chain_digest(NULL, digest));
    sk_X509_free(chain);
}

/* An hour; or until the first of them ends, be it the authority. */
static void
test_how_long_a_chain_is_good(void **state)
{
    static const struct {
        long own, authority, good;
    } rows[] = {
        {30 * HOUR, 40 * HOUR, HOUR}, {600, 40 * HOUR, 600}, {40 * HOUR, 600, 600},
        {2 * HOUR, 900, 900},         {-1, HOUR, 0},         {HOUR, -100 * HOUR, 0},
    };
    EVP_PKEY *key = EVP_EC_gen("P-256");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        STACK_OF(X509) *chain = sk_X509_new_null();
        int64_t due;

        assert_true(sk_X509_push(chain, make_certificate(key, "DNS:a.example", -200 * HOUR, rows[i].own)) > 0);
        assert_true(sk_X509_push(chain, make_certificate(key, "DNS:b.example", -200 * HOUR, rows[i].authority)) > 0);
        due = tls_chain_due(chain, NOW);
        assert_in_range(due, NOW + (rows[i].good > 2 ? rows[i].good - 2 : 0) * 1000, NOW + rows[i].good * 1000);
        sk_X509_pop_free(chain, X509_free);
    }
    EVP_PKEY_free(key);
}

static void
test_table(void **state)
{
    unsigned char     digests[TLS_CHAINS + 1][TLS_CHAIN_DIGEST_LEN] = {{0}};
    struct tls_chains chains                                        = {0};

    (void)state;
    assert_int_equal(tls_chains_find(&chains, digests[0], 0), 0);
    for (size_t i = 0; i < COUNT_OF(digests); i++) {
        digests[i][TLS_CHAIN_DIGEST_LEN - 1] = (unsigned char)i;
        tls_chains_note(&chains, digests[i], NOW + 1);
        assert_int_equal(tls_chains_find(&chains, digests[i], NOW), NOW + 1);
        assert_int_equal(tls_chains_find(&chains, digests[i], NOW + 1), 0);
    }
    assert_int_equal(tls_chains_find(&chains, digests[0], NOW), 0);
    assert_int_equal(tls_chains_find(&chains, digests[1], NOW), NOW + 1);
}

static int
start(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    leaf      = make_certificate(key, "DNS:a.example", 0, HOUR);
    other     = make_certificate(key, "DNS:a.example,DNS:b.example", 0, HOUR);
    authority = make_certificate(key, "DNS:ca.example", 0, HOUR);
    EVP_PKEY_free(key);
    return set_up(state);
}

static int
stop(void **state)
{
    X509_free(leaf);
    X509_free(other);
    X509_free(authority);
    return tear_down(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains_that_differ),
        cmocka_unit_test(test_no_chain),
        cmocka_unit_test(test_how_long_a_chain_is_good),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
