/*
 * Paragraphs: what is made of texts of all lengths is what a look at one character after the other makes of them. The
 * texts lie in blocks of their exact length, where a sanitizer sees each octet read beyond them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/mail/charset.h"
#include "rules/mail/paragraphs.h"

enum { LONGEST = 300 };

static void
slow_collapse(struct span text, struct bytes *lines)
{
    while (text.len > 0) {
        size_t len = 0, one, line_ends = 0, first = 0, behind = 0;

        for (; (one = charset_white_space(span_tail(text, len))) > 0; len += one)
            if (text.data[len] == '\n') {
                first  = line_ends++ == 0 ? len : first;
                behind = len + 1;
            }
        if (line_ends > 1) {
            bytes_add(lines, first > 0 ? SPAN(" \n") : SPAN("\n"));
            bytes_add(lines, behind < len ? SPAN(" ") : SPAN(""));
        } else if (len > 0)
            bytes_add_char(lines, ' ');
        else
            bytes_add_char(lines, (char)(text.data[0] != '\0' ? text.data[0] : '\n'));
        text = span_tail(text, len > 0 ? len : 1);
    }
}

static void
check(struct span text)
{
    struct bytes found = {0}, expected = {0};

    bytes_add(&found, SPAN("Subject\n"));
    bytes_add(&expected, SPAN("Subject\n"));
    paragraphs_collapse(text, &found);
    slow_collapse(text, &expected);
    assert_int_equal(found.len, expected.len);
    assert_memory_equal(found.data, expected.data, expected.len + 1);
    bytes_free(&found);
    bytes_free(&expected);
}

/* Words, and one time in `odds` something else. */
static void
fill(struct bytes *text, size_t len, int odds)
{
    static const struct span others[] = {
        {" ", 1},        {"\n", 1},           {"\r", 1},           {"\t", 1},       {"  ", 2},   {"\n\n", 2},
        {" \n \n ", 5},  {"\0", 1},           {"\x1b", 1},         {"\x7f", 1},     {"\xff", 1}, {"\xc2\xa0", 2},
        {"\xc2\x85", 2}, {"\xe2\x80\x83", 3}, {"\xe3\x80\x80", 3}, {"\xc3\xa9", 2}, {"\xe2", 1}, {"\x85\xc2", 2}};

    bytes_clear(text);
    while (text->len < len)
        if (rand() % odds == 0)
            bytes_add(text, others[(size_t)rand() % COUNT_OF(others)]);
        else
            bytes_add_char(text, rand() % 6 == 0 ? ' ' : rand() % 70 == 0 ? '\n' : 'a');
    text->len = len;
}

static void
test_all_lengths(void **state)
{
    struct bytes text = {0};

    (void)state;
    srand(1);
    for (size_t len = 0; len <= LONGEST; len++)
        for (int odds = 2; odds <= 1024; odds *= 2) {
            char *exact = memory_new(len);

            fill(&text, len, odds);
            if (len > 0)
                memcpy(exact, text.data, len);
            check((struct span){exact, len});
            free(exact);
        }
    bytes_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
    };

    return cmocka_run_group_tests_name("paragraphs", tests, NULL, NULL);
}
