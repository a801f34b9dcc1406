/*
 * Line ends that matter: what is found in texts of all lengths and at all places is what an octet by octet look finds.
 * The texts lie in blocks of their exact length, where a sanitizer sees each octet read beyond them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/lines.h"
#include "base/memory.h"

enum { LONGEST = 300 };

static bool
is_odd(struct span text, size_t at)
{
    if (text.data[at] != '\n')
        return false;
    return text.data[at - 1] != '\r' || at + 1 == text.len || text.data[at + 1] == '.';
}

static size_t
slow_odd(struct span text, size_t from)
{
    while (from < text.len && !is_odd(text, from))
        from++;
    return from;
}

static size_t
slow_empty(struct span text)
{
    for (size_t at = 0; at + 4 <= text.len; at++)
        if (memcmp(text.data + at, "\r\n\r\n", 4) == 0)
            return at + 4;
    return 0;
}

static size_t
slow_copy(char *to, struct span text)
{
    size_t len = 0;

    for (size_t at = 0; at < text.len; at++)
        if (text.data[at] != '\r' || at + 1 == text.len || text.data[at + 1] != '\n')
            to[len++] = text.data[at];
    return len;
}

static void
check_copy(struct span text)
{
    char  *found = memory_new(text.len), *expected = memory_new(text.len);
    size_t len = slow_copy(expected, text);

    assert_int_equal(lines_copy_with_lf(found, text), len);
    assert_memory_equal(found, expected, len);
    free(found);
    free(expected);
}

/* The line at `from`, or the next, that begins with one of these. */
static size_t
slow_line(struct span text, size_t from, const char *signs)
{
    size_t at = from;

    while (at < text.len && (text.data[at] == '\0' || strchr(signs, text.data[at]) == NULL)) {
        while (at < text.len && text.data[at] != '\n')
            at++;
        at += at < text.len;
    }
    return at;
}

static void
check_beginnings(struct span text)
{
    size_t from = 0, longest = 0;

    while (from < text.len) {
        size_t start = from;

        assert_int_equal(lines_find_dash(text, from), slow_line(text, from, "-"));
        assert_int_equal(lines_find_space(text, from), slow_line(text, from, " \t\n\v\f\r"));
        while (from < text.len && text.data[from] != '\n')
            from++;
        from += from < text.len;
        longest = from - start > longest ? from - start : longest;
    }
    for (size_t most = 1; most <= text.len; most++)
        assert_int_equal(lines_have_long(text, most), longest > most);
}

static void
check(struct span text)
{
    check_copy(text);
    check_beginnings(text);
    for (size_t from = 1; from <= text.len; from++)
        assert_int_equal(lines_find_odd(text, from), slow_odd(text, from));
    assert_int_equal(lines_find_empty(text), slow_empty(text));
}

/* Text whose line ends are ordinary, but for one time in `odds`. */
static void
fill(char *text, size_t len, int odds)
{
    static const char octets[] = {'\r', '\n', '.', 'a', '\0', '\x8a', '-', ' ', '\t', '\x0e', '\x08'};

    for (size_t i = 0; i < len; i++) {
        text[i] = i % 7 == 5 ? '\r' : i % 7 == 6 ? '\n' : 'a';
        if (rand() % odds == 0)
            text[i] = octets[(size_t)rand() % sizeof(octets)];
    }
}

static void
test_all_lengths(void **state)
{
    (void)state;
    srand(1);
    for (size_t len = 0; len <= LONGEST; len++)
        for (int odds = 1; odds <= 1024; odds *= 8) {
            char *text = memory_new(len);

            fill(text, len, odds);
            check((struct span){text, len});
            free(text);
        }
}

/* One mark at each place of an ordinary text. */
static void
test_all_places(void **state)
{
    static const char *const odd[] = {"x\n", "\r\n.", "\r\n\r\n", "\r\n\r", "\n\r\n"};

    (void)state;
    for (size_t at = 0; at < LONGEST; at++)
        for (size_t i = 0; i < COUNT_OF(odd); i++) {
            size_t more = strlen(odd[i]), len = at + more > LONGEST ? at + more : LONGEST;
            char  *text = memory_new(len);

            memset(text, 'a', len);
            memcpy(text + at, odd[i], more);
            check((struct span){text, len});
            free(text);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_all_places),
    };

    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
