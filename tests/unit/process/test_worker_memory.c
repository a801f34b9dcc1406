/* What a worker keeps for its next session goes when most of its sessions have gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>

#include "proxy/net/tls_memory.h"
#include "proxy/process/worker_memory.h"

static void
test_kept_blocks_go_with_the_sessions(void **state)
{
    size_t kept;

    (void)state;
    worker_memory_start();
    OPENSSL_free(OPENSSL_malloc(5000));
    kept = tls_memory_kept();
    if (kept == 0)
        skip(); /* a sanitizer's build */
    worker_memory_give_back(1000);
    worker_memory_give_back(501);
    assert_int_equal(tls_memory_kept(), kept);
    worker_memory_give_back(500);
    assert_int_equal(tls_memory_kept(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_blocks_go_with_the_sessions),
    };

    tls_memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
