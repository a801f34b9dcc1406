/* Perl's patterns: what compiles, what matches, and that neither a pattern nor a subject can stop the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "rules/regex.h"

static const struct {
    const char *pattern, *flags, *subject;
    bool        matches;
} cases[] = {
    {"foo", "", "a foo b", true},
    {"foo", "", "a FOO b", false},
    {"foo", "i", "a FOO b", true},
    {"^b$", "", "a\nb\nc", false},
    {"^b$", "m", "a\nb\nc", true},
    {"a.b", "", "a\nb", false},
    {"a.b", "s", "a\nb", true},
    {"a b", "x", "ab", true},
    {"a$", "", "a\n", true},
    {"a\\z", "", "a\n", false},
    {"b", "A", "ab", false},
    {"a$", "E", "a\n", false},
    {"(?i)foo", "go", "FOO", true},
    {"(?<!x)y", "", "ay", true},
    {"\\bfoo\\b", "",
     "\xe9"
     "foo",
     true}, /* octets, not characters */
    {"\\xe9", "", "\xe9", true},
    {"\\(?Click\\)?", "", "(Click", true}, /* looks like a callout */
    {"[(?C]", "", "?", true},
    {"", "", "", true},
    {"^$", "", "", true},
    {"(a)|(b)", "n", "b", true},
    {"\\Qa.b\\E", "", "a.b", true},
    {"\\xe9", "i", "\xc9", false}, /* Latin-1 has cases only under the flag a */
    {"\\xe9", "ia", "\xc9", true},
    {"\xc9", "ia", "\xe9", true},
    {"[\\xe0-\\xef]", "ia", "\xc9", true},
    {"\\xe9", "a", "\xc9", false},
    {"\\xf7|\\xff", "ia", "\xd7\xdf", false}, /* no letter, and one whose other case is none of Latin-1 */
    {"\\w|[[:alpha:]]", "ia", "\xe9", false},
    {"k", "ia", "K", true},
};

static void
test_matches(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof cases / sizeof cases[0]; row++) {
        struct bytes  why   = {0};
        struct regex *regex = regex_compile(span_of(cases[row].pattern), span_of(cases[row].flags), &why);
        size_t        len   = strlen(cases[row].subject);
        char         *exact = malloc(len > 0 ? len : 1);

        assert_non_null(exact);
        memcpy(exact, cases[row].subject, len);
        if (regex == NULL)
            fail_msg("row %zu: %s: %s", row, cases[row].pattern, why.data);
        if (regex_matches(regex, (struct span){len > 0 ? exact : NULL, len}) != cases[row].matches)
            fail_msg("row %zu: /%s/%s on %s", row, cases[row].pattern, cases[row].flags, cases[row].subject);
        free(exact);
        regex_free(&regex);
        assert_null(regex);
    }
}

static const struct {
    const char *pattern, *flags, *why;
} mistakes[] = {
    {"(foo", "", "missing closing parenthesis at offset 4"},
    {"a**b", "", "quantifier does not follow a repeatable item at offset 2"},
    {"a", "iq", "unknown flag 'q'"},
    {"a", "e", "unknown flag 'e'"},
    {"a", "\x01", "unknown flag \\x01"},
    {"a(?C1)b", "", "callouts (?C) are not allowed"},
    {"\\C", "", "using \\C is disabled by the application at offset 2"},
    {"(*UTF)a", "", "using UTF is disabled by the application at offset 6"},
};

static void
test_mistakes(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof mistakes / sizeof mistakes[0]; row++) {
        struct bytes why = {0};

        if (regex_compile(span_of(mistakes[row].pattern), span_of(mistakes[row].flags), &why) != NULL)
            fail_msg("row %zu: %s compiles", row, mistakes[row].pattern);
        if (!span_equal(bytes_span(&why), span_of(mistakes[row].why)))
            fail_msg("row %zu: %s", row, why.data);
        bytes_free(&why);
    }
}

static void
test_groups(void **state)
{
    struct bytes       why   = {0};
    struct regex      *regex = regex_compile(SPAN("(a+)|(b*)"), SPAN(""), &why);
    struct regex_found found;
    struct span        subject = SPAN("aabb");

    (void)state;
    assert_non_null(regex);
    assert_int_equal(regex_group_count(regex), 2);
    assert_true(regex_find(regex, subject, 0, &found));
    assert_true(span_equal(regex_group(&found, 0), SPAN("aa")));
    assert_true(span_equal(regex_group(&found, 1), SPAN("aa")));
    assert_null(regex_group(&found, 2).data);
    assert_null(regex_group(&found, 7).data);
    assert_int_equal(regex_next(&found), 2);
    assert_true(regex_find(regex, subject, 2, &found));
    assert_true(span_equal(regex_group(&found, 2), SPAN("bb")));
    assert_true(regex_find(regex, subject, 4, &found)); /* an empty match at the end */
    assert_int_equal(regex_group(&found, 0).len, 0);
    assert_int_equal(regex_next(&found), 5);
    regex_free(&regex);
}

/* A match may begin where it is asked for alone, and end where it likes. */
static void
test_beginnings(void **state)
{
    struct bytes       why     = {0};
    struct regex      *regex   = regex_compile(SPAN("(?<=x)y+"), SPAN(""), &why);
    struct span        subject = SPAN("xyyxyy");
    struct regex_found found;

    (void)state;
    assert_non_null(regex);
    assert_true(regex_find_between(regex, subject, 0, 1, &found));
    assert_true(span_equal(regex_group(&found, 0), SPAN("yy")));
    assert_int_equal(regex_next(&found), 3);
    assert_false(regex_find_between(regex, subject, 0, 0, &found));
    assert_false(regex_find_between(regex, subject, 2, 3, &found));
    assert_true(regex_find_between(regex, subject, 2, 4, &found));
    assert_int_equal(regex_next(&found), 6);
    regex_free(&regex);
}

/* Patterns and subjects that would run for ages: no match within a second each, and the bound is counted. */
static const char *const explosions[] = {
    "^(a+)+$", "^(a|aa)+$", "(.*)*(.*)*x\\1", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:(?:a?){30}){30}b", "^(?:a(?R)?a|a)*b$",
};

static void
test_bounds(void **state)
{
    size_t   len  = 100000;
    char    *text = memory_new(len);
    uint64_t hits = regex_limits_hit();

    (void)state;
    memset(text, 'a', len);
    for (size_t row = 0; row < sizeof explosions / sizeof explosions[0]; row++) {
        struct bytes  why   = {0};
        struct regex *regex = regex_compile(span_of(explosions[row]), SPAN(""), &why);
        clock_t       start = clock();
        bool          matches;

        assert_non_null(regex);
        matches = regex_matches(regex, (struct span){text, len - 1});
        if (clock() - start > 2 * CLOCKS_PER_SEC)
            fail_msg("row %zu: %s took %ld ms", row, explosions[row],
                     (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
        if (matches && row != 0 && row != 1)
            fail_msg("row %zu: %s matches", row, explosions[row]);
        regex_free(&regex);
    }
    assert_true(regex_limits_hit() > hits);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),    cmocka_unit_test(test_mistakes), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_beginnings), cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
