/* Lines, and their words, signs and numbers. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/text.h"

static const struct {
    const char *line;
    const char *words[4]; /* the last ones may be NULL: there are none */
} lines[] = {
    {"", {NULL}}, {"  ", {NULL}}, {"a", {"a"}}, {"  a  bc ", {"a", "bc"}}, {"a\tb c", {"a\tb", "c"}},
};

static void
words_are_taken_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct span rest = span_of(lines[i].line);

        for (size_t j = 0; j < COUNT_OF(lines[i].words); j++) {
            struct span word = text_next_word(&rest);

            if (!span_equal(word, span_of(lines[i].words[j])) || (word.data == NULL) != (word.len == 0))
                fail_msg("row %zu, word %zu: \"%.*s\"", i, j, SPAN_ARG(word));
        }
        assert_int_equal(rest.len, 0);
    }
}

static const struct {
    const char *word;
    uint64_t    least, most;
    bool        good;
    uint64_t    number;
} numbers[] = {
    {"0", 0, 9, true, 0},
    {"9", 0, 9, true, 9},
    {"10", 0, 9, false, 0},
    {"0", 1, 9, false, 0},
    {"1", 1, 1, true, 1},
    {"00000000000000000000000000000012", 0, 99, true, 12},
    {"4294967295", 0, UINT32_MAX, true, UINT32_MAX},
    {"4294967296", 0, UINT32_MAX, false, 0},
    {"18446744073709551617", 0, UINT64_MAX >> 5, false, 0},
    {"", 0, 9, false, 0},
    {"+1", 0, 9, false, 0},
    {"-1", 0, 9, false, 0},
    {" 1", 0, 9, false, 0},
    {"1 ", 0, 9, false, 0},
    {"1a", 0, 9, false, 0},
    {"0x1", 0, 9, false, 0},
};

static void
numbers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uint64_t number = 77;
        bool     good   = text_read_number(span_of(numbers[i].word), numbers[i].least, numbers[i].most, &number);

        if (good != numbers[i].good || number != (good ? numbers[i].number : 77))
            fail_msg("row %zu \"%s\": %" PRIu64, i, numbers[i].word, number);
    }
}

static void
controls_are_told_from_the_rest(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = {'a', (char)c};

        assert_int_equal(text_has_control((struct span){text, 2}), c < 32 || c == 127);
        assert_int_equal(text_is_alphanumeric((char)c),
                         c > 0 && strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", c) != NULL);
    }
}

static void
lines_are_taken_off(void **state)
{
    struct span rest = SPAN("one\n\ntwo");

    (void)state;
    assert_true(span_equal(text_line(rest), SPAN("one\n")));
    assert_true(span_equal(text_next_line(&rest), SPAN("one\n")));
    assert_true(span_equal(text_next_line(&rest), SPAN("\n")));
    assert_true(span_equal(text_next_line(&rest), SPAN("two")));
    assert_int_equal(text_next_line(&rest).len, 0);
    assert_int_equal(text_line((struct span){0}).len, 0);
}

static void
tokens_are_taken_off(void **state)
{
    struct span rest = SPAN("\ta\vbc  d \n");

    (void)state;
    assert_true(span_equal(text_next_token(&rest), SPAN("a")));
    assert_true(span_equal(rest, SPAN("bc  d")));
    assert_true(span_equal(text_next_token(&rest), SPAN("bc")));
    assert_true(span_equal(text_next_token(&rest), SPAN("d")));
    assert_int_equal(text_next_token(&rest).len, 0);
}

static void
signs_are_taken_off(void **state)
{
    struct span rest = SPAN(" \t( \n");

    (void)state;
    assert_false(text_accept(&rest, ')'));
    assert_true(text_accept(&rest, '('));
    assert_false(text_accept(&rest, '('));
    assert_int_equal(rest.len, 0);
}

static void
white_space_is_trimmed(void **state)
{
    static const struct {
        const char *text, *trimmed;
    } rows[] = {{"", ""}, {" \t\r\n", ""}, {"a", "a"}, {"\v a b\f\n", "a b"}, {"\xa0", "\xa0"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!span_equal(text_trim(span_of(rows[i].text)), span_of(rows[i].trimmed)) ||
            text_is_blank(span_of(rows[i].text)) != (rows[i].trimmed[0] == '\0'))
            fail_msg("row %zu", i);
}

static bool
is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* Each octet at each place of a text of each length, which lies in a block of its exact size. */
static void
plain_octets_are_counted(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 50; len++)
        for (size_t place = 0; place < len; place++)
            for (unsigned c = 0; c < 256; c++) {
                char  *text   = memset(memory_new(len), 'x', len);
                size_t expect = is_plain((unsigned char)c) ? len : place;
                size_t found;

                text[place] = (char)c;
                found       = text_plain_length((struct span){text, len}, '"', '\\');
                free(text);
                if (found != expect)
                    fail_msg("octet %u at %zu of %zu: %zu", c, place, len, found);
            }
    assert_int_equal(text_plain_length((struct span){NULL, 0}, '"', '\\'), 0);
}

static void
numbers_are_written(void **state)
{
    static const uint64_t all[] = {0, 1, 9, 10, 99, 100, 4294967296, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        char        room[TEXT_NUMBER_SIZE], expect[TEXT_NUMBER_SIZE + 1];
        struct span digits = text_number(all[i], room);

        (void)snprintf(expect, sizeof(expect), "%" PRIu64, all[i]);
        assert_true(span_equal(digits, span_of(expect)));
    }
}

/* Spans may hold NUL, which ends nothing. */
static void
case_is_ignored(void **state)
{
    static const struct {
        struct span a, b;
        bool        equal;
    } pairs[] = {
        {SPAN(""), SPAN(""), true},          {SPAN("aZ-09"), SPAN("Az-09"), true}, {SPAN("a"), SPAN("ab"), false},
        {SPAN("ab"), SPAN("ac"), false},     {SPAN("@[\\"), SPAN("`{|"), false},   {SPAN("1"), SPAN("\21"), false},
        {SPAN("\xc4"), SPAN("\xe4"), false}, {SPAN("a\0b"), SPAN("A\0B"), true},   {SPAN("a\0b"), SPAN("A\0C"), false},
        {SPAN("\0"), SPAN(" "), false},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(pairs); row++)
        if (span_equal_nocase(pairs[row].a, pairs[row].b) != pairs[row].equal)
            fail_msg("row %zu", row);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken_off),    cmocka_unit_test(words_are_taken_off),
        cmocka_unit_test(tokens_are_taken_off),   cmocka_unit_test(signs_are_taken_off),
        cmocka_unit_test(numbers_are_read),       cmocka_unit_test(controls_are_told_from_the_rest),
        cmocka_unit_test(white_space_is_trimmed), cmocka_unit_test(plain_octets_are_counted),
        cmocka_unit_test(numbers_are_written),    cmocka_unit_test(case_is_ignored),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
