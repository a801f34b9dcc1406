/* base/utf8.h: every character there is, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/utf8.h"

/* Every character there is, whole, cut by one octet, and with its last octet spoiled. */
static void
reads_utf8(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x110800; code++) {
        char     text[4] = {(char)code};
        size_t   len     = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        unsigned got     = 0;
        bool     good    = code < 0x110000 && (code < 0xd800 || code > 0xdfff);

        for (size_t i = len; len > 1 && i-- > 0;)
            text[i] = (char)((i > 0 ? 0x80 : 0xf0 << (4 - len) & 0xff) |
                             ((code >> (6 * (len - 1 - i))) & (i > 0 ? 0x3fU : 0x7fU >> len)));
        if (utf8_read((struct span){text, len}, &got) != (good ? len : 0) || (good && got != code))
            fail_msg("U+%04X", code);
        if (len > 1) {
            assert_int_equal(utf8_read((struct span){text, len - 1}, &got), 0);
            text[len - 1] = 'x';
            assert_int_equal(utf8_read((struct span){text, len}, &got), 0);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_utf8),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
