/* Fields that are written: folded, cleaned, and unfolded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "filters/fold.h"
#include "filters/headers.h"
#include "tests/unit/octets.h"

#define LINE_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GAP_32 "                                "

/* What was written parses again to what was meant, whatever octets the value has. */
static void
check_folding(struct span name, struct span value)
{
    struct header_list  list = {0}, again = {0};
    struct bytes        out = {0}, before = {0}, after = {0};
    struct headers_scan scan = {0};

    headers_parse(&list, SPAN("A: b\r\n\r\n"));
    headers_insert(&list, 0, name, value);
    headers_unfold(&list.fields[0], &before);
    headers_write(&list, &out);
    assert_int_equal(headers_length(bytes_span(&out), &scan), out.len);
    headers_parse(&again, bytes_span(&out));
    assert_int_equal(again.count, 2);
    headers_unfold(&again.fields[0], &after);
    expect_span("folding", "unfolded", bytes_span(&after), bytes_span(&before));
    assert_null(memchr(out.data, '\0', out.len));
    for (struct span rest = bytes_span(&out); rest.len > 2;) {
        size_t len = (size_t)((char *)memchr(rest.data, '\n', rest.len) - rest.data) + 1;

        assert_true(len <= 1000 && len > 2 && rest.data[len - 2] == '\r');
        assert_true(strspn(rest.data, " \t") < len - 2);
        rest = span_tail(rest, len);
    }
    headers_free(&list);
    headers_free(&again);
    bytes_free(&out);
    bytes_free(&before);
    bytes_free(&after);
}

static void
test_folding(void **state)
{
    char              name[997];
    static const char octets[] = {'a', ' ', '\t', '\r', '\n', '\0', '.', ':', (char)0xc3, (char)0xbc};

    (void)state;
    memset(name, 'n', sizeof(name));
    srand(1);
    for (size_t round = 0; round < 3000; round++) {
        size_t len = (size_t)rand() % 3000, stretch = 1 + (size_t)rand() % 1200;
        char  *value = memory_new(len + 1);

        for (size_t i = 0; i < len; i++)
            value[i] =
                (size_t)rand() % stretch == 0 ? octets[(size_t)rand() % sizeof(octets)] : value[i > 0 ? i - 1 : 0];
        check_folding(SPAN("X-Name"), (struct span){value, len});
        if (round % 100 == 0)
            check_folding((struct span){name, sizeof(name)}, (struct span){value, len});
        free(value);
    }
}

/* A word longer than a line is broken between characters, and nothing of it is lost. */
static void
test_long_word(void **state)
{
    char              *word   = repeat("\xe2\x82\xac", 1000);
    struct header_list list   = {0};
    struct bytes       text   = {0};
    size_t             octets = 0;

    (void)state;
    headers_parse(&list, SPAN("\r\n"));
    headers_insert(&list, 0, SPAN("X"), span_of(word));
    headers_unfold(&list.fields[0], &text);
    for (const char *piece = strtok(text.data, " "); piece != NULL; piece = strtok(NULL, " ")) {
        assert_int_equal(strlen(piece) % 3, 0);
        octets += strlen(piece);
    }
    assert_int_equal(octets, 3000);
    headers_free(&list);
    bytes_free(&text);
    free(word);
}

/* A word is left whole wherever a line of 998 octets can take it, on a line of its own if need be. */
static void
test_words_stay_whole(void **state)
{
    static const struct {
        size_t      name, word;
        const char *between;
    } sizes[] = {{7, 60, ": "},      {7, 80, ": "},      {7, 989, ": "},
                 {7, 990, ":\r\n "}, {7, 997, ":\r\n "}, {997, 10, ":\r\n "}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char        *name = repeat("n", sizes[i].name), *word = repeat("w", sizes[i].word);
        struct bytes expect = {0}, got = {0};

        bytes_printf(&expect, "%s%s%s\r\n", name, sizes[i].between, word);
        fold_field(&got, span_of(name), span_of(word), SPAN("\r\n"));
        assert_string_equal(got.data, expect.data);
        bytes_free(&expect);
        bytes_free(&got);
        free(name);
        free(word);
    }
}

/* What a line can take stays on it; what is longer, or is no text for a line, is put together word by word. */
static void
test_short_values(void **state)
{
    static const struct {
        struct span value;
        const char *expect;
    } shorts[] = {
        {SPAN("b"), "A: b\r\n"},
        {SPAN(""), "A:\r\n"},
        {SPAN(" \t\r\n "), "A:\r\n"},
        {SPAN(" \tb  c\td \0"), "A: b  c\td\r\n"},
        {SPAN("b\r\n c"), "A: b c\r\n"},
        {SPAN("b\nc\0d"), "A: b c d\r\n"},
        {SPAN(LINE_64 " 12345678 1"), "A: " LINE_64 " 12345678 1\r\n"},
        {SPAN(LINE_64 " 12345678 12"), "A: " LINE_64 " 12345678\r\n 12\r\n"},
        {SPAN("b" GAP_32 "c"), "A: b" GAP_32 "c\r\n"},
        {SPAN("b" GAP_32 " c"), "A: b" GAP_32 "c\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(shorts); i++) {
        struct bytes got = {0};

        fold_field(&got, SPAN("A"), shorts[i].value, SPAN("\r\n"));
        assert_string_equal(got.data, shorts[i].expect);
        bytes_free(&got);
    }
}

static const struct unfold_row {
    struct span block, expect;
} unfolds[] = {
    {SPAN("A: b\r\n\r\n"), SPAN("b")},
    {SPAN("A:b\r\n\tc\r\n  d \r\n\r\n"), SPAN("b\tc  d")},
    {SPAN("A:\r\n b\n c\n\n"), SPAN("b c")},
    {SPAN("A: \r\n \t\r\n \r\n\r\n"), SPAN("")},
    {SPAN("A: b\r\n \r\n c\r\n\r\n"), SPAN("b  c")},
    {SPAN("A: b\rc\0d\r\n\r\n"), SPAN("b\rc\0d")},
    {SPAN("A:"), SPAN("")},
};

static void
test_unfold(void **state)
{
    struct bytes value = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(unfolds); i++) {
        struct header_list list = {0};

        headers_parse(&list, unfolds[i].block);
        headers_unfold(&list.fields[0], &value);
        expect_span(unfolds[i].block.data, "unfolded", bytes_span(&value), unfolds[i].expect);
        headers_free(&list);
    }
    bytes_free(&value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folding),      cmocka_unit_test(test_long_word), cmocka_unit_test(test_words_stay_whole),
        cmocka_unit_test(test_short_values), cmocka_unit_test(test_unfold),
    };

    return cmocka_run_group_tests_name("headers_fold", tests, NULL, NULL);
}
