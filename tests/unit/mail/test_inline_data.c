/* rules/mail/inline_data.h: what is left of texts with data in them, whole and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/count.h"
#include "rules/mail/inline_data.h"

enum { LONG = INLINE_DATA_KEPT + 5000 };

static void
add_run(struct bytes *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes_add_char(text, "ABcd09+/"[i % 8]);
}

/* What is kept of the text where it comes in pieces of `piece` octets, each in a block of its own. */
static struct bytes
pass(struct span text, size_t piece)
{
    struct inline_data data = {0};
    struct bytes       out  = {0};

    while (text.len > 0) {
        size_t      len  = piece < text.len ? piece : text.len;
        char       *copy = malloc(len);
        struct span rest = {copy, len}, kept;

        assert_non_null(copy);
        memcpy(copy, text.data, len);
        while (inline_data_next(&data, &rest, &kept))
            bytes_add(&out, kept);
        assert_int_equal(rest.len, 0);
        free(copy);
        text = span_tail(text, len);
    }
    return out;
}

static void
assert_left(const struct bytes *text, const struct bytes *expected)
{
    static const size_t pieces[] = {1, 2, 3, 7, 8, 9, 1000, 4096, INLINE_DATA_KEPT, 1 << 20};

    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct bytes out = pass(bytes_span(text), pieces[i]);

        if (!span_equal(bytes_span(&out), bytes_span(expected)))
            fail_msg("in pieces of %zu: %zu octets, not %zu", pieces[i], out.len, expected->len);
        bytes_free(&out);
    }
}

static void
leaves_the_text_around_long_data(void **state)
{
    struct bytes text = {0}, expected = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        bytes_printf(&text, "<p>one;base6 ;;base64;<img src=\"data:image/png;base64,");
        bytes_add(
            &expected,
            span_tail(bytes_span(&text),
                      i == 0 ? 0 : text.len - (sizeof("<p>one;base6 ;;base64;<img src=\"data:image/png;base64,") - 1)));
        add_run(&text, LONG);
        add_run(&expected, INLINE_DATA_KEPT);
        bytes_printf(&text, "\">two\r\n");
        bytes_printf(&expected, "\">two\r\n");
    }
    assert_left(&text, &expected);
    bytes_free(&text);
    bytes_free(&expected);
}

static void
takes_soft_line_ends_for_data_and_others_for_the_end(void **state)
{
    struct bytes text = {0}, expected = {0}, data = {0};

    (void)state;
    while (data.len < LONG) {
        add_run(&data, 75);
        bytes_printf(&data, "=\r\n");
    }
    bytes_printf(&text, "x;base64,%s\"behind", data.data);
    bytes_printf(&expected, "x;base64,%.*s\"behind", INLINE_DATA_KEPT, data.data);
    assert_left(&text, &expected);

    bytes_clear(&text);
    bytes_printf(&text, "x;base64,");
    for (int i = 0; i < 1000; i++) {
        add_run(&text, 76);
        bytes_printf(&text, "\r\n"); /* an attachment's lines, or somebody's words */
    }
    assert_left(&text, &text);
    bytes_free(&text);
    bytes_free(&expected);
    bytes_free(&data);
}

static void
keeps_short_data_and_other_texts(void **state)
{
    static const char *const texts[] = {
        "", ";", ";base64", ";base64,", "a;base64,AAAA\">", ";base6;base64,AA;base64,B", "no data at all\r\n"};
    struct bytes run = {0};

    (void)state;
    add_run(&run, LONG); /* without the token */
    assert_left(&run, &run);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        bytes_clear(&run);
        bytes_add(&run, span_of(texts[i]));
        assert_left(&run, &run);
    }
    bytes_free(&run);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_the_text_around_long_data),
        cmocka_unit_test(takes_soft_line_ends_for_data_and_others_for_the_end),
        cmocka_unit_test(keeps_short_data_and_other_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
