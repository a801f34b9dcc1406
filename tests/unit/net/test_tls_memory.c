/* Blocks that OpenSSL gives back and takes again: large enough, aligned, not too many kept, and given back when asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "proxy/net/tls_memory.h"

enum {
    LARGE = 20 * 1024 /* octets: more than any block that is kept */,
    STEP  = 16 /* octets from one size to the next */
};

/* Sanitizers are to see each block go: the tests of what is kept are for other builds. */
static void
keep(void)
{
    void *block;

    tls_memory_give_back();
    tls_memory_keep();
    block = OPENSSL_malloc(100);
    assert_non_null(block);
    OPENSSL_free(block);
    if (tls_memory_kept() == 0)
        skip();
    tls_memory_give_back();
}

static void *
take(size_t size)
{
    void *block = OPENSSL_malloc(size);

    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    assert_true(malloc_usable_size(block) >= size);
    memset(block, 0x5a, size);
    return block;
}

/* The first of all: keeping has no end. */
static void
test_nothing_is_kept_unasked(void **state)
{
    (void)state;
    OPENSSL_free(take(100));
    assert_int_equal(tls_memory_kept(), 0);
}

/* What came back goes to whoever wants as much, or a little less, and to nobody who wants more. */
static void
test_blocks_of_each_size(void **state)
{
    (void)state;
    keep();
    for (size_t size = 1; size < LARGE; size++) {
        void *block = take(size);

        OPENSSL_free(block);
        for (size_t other = size > STEP ? size - STEP : 1; other <= size + STEP; other++) {
            void *again = take(other);

            OPENSSL_free(again);
        }
        tls_memory_give_back();
    }
}

static void
test_the_last_is_the_first(void **state)
{
    void *blocks[3];

    (void)state;
    keep();
    for (size_t i = 0; i < 3; i++)
        blocks[i] = take(300);
    for (size_t i = 0; i < 3; i++)
        OPENSSL_free(blocks[i]);
    for (size_t i = 3; i-- > 0;)
        assert_ptr_equal(take(300), blocks[i]);
    for (size_t i = 0; i < 3; i++)
        OPENSSL_free(blocks[i]);
    assert_true(tls_memory_kept() >= 3 * 300);
}

/* Each record has such a buffer. */
static void
test_the_buffer_of_a_record_is_kept(void **state)
{
    enum { RECORD = 16 * 1024 + 512 };
    void *block;

    (void)state;
    keep();
    block = take(RECORD);
    OPENSSL_free(block);
    assert_true(tls_memory_kept() >= RECORD);
    assert_ptr_equal(take(RECORD), block);
    assert_int_equal(tls_memory_kept(), 0);
    OPENSSL_free(block);
}

static void
test_contents_move_along(void **state)
{
    unsigned char *block;

    (void)state;
    keep();
    block    = OPENSSL_realloc(NULL, 1);
    block[0] = 0;
    for (size_t size = 2; size < LARGE; size += 7) {
        block = OPENSSL_realloc(block, size);
        assert_non_null(block);
        for (size_t i = 0; i < size; i++) {
            if (i < size - 7 && size > 7)
                assert_int_equal(block[i], (unsigned char)i);
            block[i] = (unsigned char)i;
        }
    }
    block = OPENSSL_realloc(block, 20);
    for (size_t i = 0; i < 20; i++)
        assert_int_equal(block[i], (unsigned char)i);
    OPENSSL_free(block);
}

static void
test_no_more_than_the_limit_is_kept(void **state)
{
    enum { BLOCKS = 3 * TLS_MEMORY_KEPT / 1000 };
    static void *blocks[BLOCKS];

    (void)state;
    keep();
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = take(i % 2 == 0 ? 1500 : 500);
    for (size_t i = 0; i < BLOCKS; i++)
        OPENSSL_free(blocks[i]);
    assert_in_range(tls_memory_kept(), TLS_MEMORY_KEPT - 2000, TLS_MEMORY_KEPT);
    OPENSSL_free(take(LARGE));
    assert_in_range(tls_memory_kept(), TLS_MEMORY_KEPT - 2000, TLS_MEMORY_KEPT);
}

static void
test_all_is_given_back(void **state)
{
    const size_t before = mallinfo2().uordblks;

    (void)state;
    keep();
    for (size_t size = 1; size < LARGE; size += 100)
        OPENSSL_free(take(size));
    assert_true(tls_memory_kept() > 0);
    tls_memory_give_back();
    assert_int_equal(tls_memory_kept(), 0);
    assert_true(mallinfo2().uordblks <= before);
    OPENSSL_free(take(100));
}

static void *
take_and_give(void *unused)
{
    OPENSSL_free(OPENSSL_malloc(5000));
    return unused;
}

/* The last of all: a process that has had a thread does not forget it. */
static void
test_nothing_is_kept_beside_a_thread(void **state)
{
    pthread_t thread;
    size_t    before;

    (void)state;
    keep();
    before = tls_memory_kept();
    assert_int_equal(pthread_create(&thread, NULL, take_and_give, NULL), 0);
    OPENSSL_free(take(6000));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(tls_memory_kept(), before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_kept_unasked), cmocka_unit_test(test_blocks_of_each_size),
        cmocka_unit_test(test_the_last_is_the_first),   cmocka_unit_test(test_the_buffer_of_a_record_is_kept),
        cmocka_unit_test(test_contents_move_along),     cmocka_unit_test(test_no_more_than_the_limit_is_kept),
        cmocka_unit_test(test_all_is_given_back),       cmocka_unit_test(test_nothing_is_kept_beside_a_thread),
    };

    tls_memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
