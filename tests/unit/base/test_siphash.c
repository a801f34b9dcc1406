/* base/siphash.h: what OpenSSL makes of the same key and text, and that pieces make no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/siphash.h"

enum { LONGEST = 100 };

static const struct siphash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

static void
fill(char text[LONGEST])
{
    for (size_t i = 0; i < LONGEST; i++)
        text[i] = (char)(i * 37);
}

/* On machines that have the lowest octet first. */
static void
is_siphash(void **state)
{
    EVP_MAC     *mac     = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    char         text[LONGEST];

    (void)state;
    fill(text);
    for (size_t len = 0; len <= LONGEST; len++) {
        struct siphash hash;
        unsigned char  expected[SIPHASH_OCTETS];
        uint64_t       found[SIPHASH_OCTETS / 8];
        size_t         size;

        siphash_begin(&hash, &key);
        siphash_add(&hash, (struct span){text, len});
        siphash_end(&hash, found);
        assert_int_equal(EVP_MAC_init(context, (const unsigned char *)&key, sizeof(key), NULL), 1);
        assert_int_equal(EVP_MAC_update(context, (const unsigned char *)text, len), 1);
        assert_int_equal(EVP_MAC_final(context, expected, &size, sizeof(expected)), 1);
        assert_int_equal(size, sizeof(expected));
        assert_memory_equal(found, expected, sizeof(expected));
    }
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

static void
pieces_make_no_difference(void **state)
{
    uint64_t       whole[SIPHASH_OCTETS / 8], cut[SIPHASH_OCTETS / 8];
    char           text[LONGEST];
    struct siphash hash;

    (void)state;
    fill(text);
    siphash_begin(&hash, &key);
    siphash_add(&hash, (struct span){text, LONGEST});
    siphash_end(&hash, whole);
    for (size_t first = 0; first < 20; first++)
        for (size_t second = 0; second < 20; second++) {
            siphash_begin(&hash, &key);
            siphash_add(&hash, (struct span){text, first});
            siphash_add(&hash, (struct span){text + first, second});
            siphash_add(&hash, (struct span){text + first + second, LONGEST - first - second});
            siphash_end(&hash, cut);
            assert_memory_equal(cut, whole, sizeof(whole));
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_siphash),
        cmocka_unit_test(pieces_make_no_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
