/* Perl's patterns: what compiles, what matches, and that neither a pattern nor a subject can stop the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/regex/regex.h"
#include "rules/regex/regex_split.h"

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
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
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
    for (size_t row = 0; row < COUNT_OF(mistakes); row++) {
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
    for (size_t row = 0; row < COUNT_OF(explosions); row++) {
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

/* What a pattern is parted into; NULL: it stays whole. */
static const struct {
    const char *pattern, *left, *right;
} splits[] = {
    {"a|b", "a", "b"},
    {"a|b|c|d", "a|b", "c|d"},
    {"@(?:aa|bb|cc)$", "@(?:aa|bb)$", "@(?:cc)$"},
    {"^(?:x@(?:aaaaa|bbbbb))$", "^(?:x@(?:aaaaa))$", "^(?:x@(?:bbbbb))$"},
    {"(?i)aa|bb", "(?i)aa", "(?i)bb"},
    {"((?i)aaaa|bbbb)", "((?i)aaaa)", "((?i)bbbb)"},
    {"(?i:aaaa|bbbb)", "(?i:aaaa)", "(?i:bbbb)"},
    {"(?<N>aaaa|bbbb)", "(?<N>aaaa)", "(?<N>bbbb)"},
    {"(?P<N>aaaaa|bbbbb)", "(?P<N>aaaaa)", "(?P<N>bbbbb)"},
    {"(?'N'aaaa|bbbb)", "(?'N'aaaa)", "(?'N'bbbb)"},
    {"(x)(?:aaa|b(b)b|cc(c(c))|ddd)\\4(y)", "(x)(?:aaa|b(b)b(){0}(){0})\\4(y)", "(x)(?:(){0}cc(c(c))|ddd)\\4(y)"},
    {"aa\\|aa|b[|]b|[]|]", "aa\\|aa", "b[|]b|[]|]"},
    {"[^]|[:alpha:]|]aa|bb(|\\))|c", "[^]|[:alpha:]|]aa(){0}", "bb(|\\))|c"},
    {"(?=aa|bb)cccccccc|d", "(?=aa|bb)cccccccc", "d"},
    {"|a", "", "a"},
    {"abc", NULL, NULL},
    {"", NULL, NULL},
    {"(?:aaaa|bbbb)+", NULL, NULL},
    {"(?:aaaa|bbbb){2}", NULL, NULL},
    {"(?>aaaa|bbbb)c", NULL, NULL},
    {"(?!aaaa|bbbb)c", NULL, NULL},
    {"(?<=aaaa|bbbb)c", NULL, NULL},
    {"(?:a|b)ccccccccccccccc", NULL, NULL},
    {"a(?i)a|bb", NULL, NULL},
    {"(?x)aa|bb # c|d", NULL, NULL},
    {"(?ix:aa|bb)", NULL, NULL},
    {"(aa|bb)(?1)", NULL, NULL},
    {"(aa|bb)(?-1)", NULL, NULL},
    {"(?:aa|bb|(?R))", NULL, NULL},
    {"(?<N>aa|bb)(?&N)", NULL, NULL},
    {"(*COMMIT)aa|bb", NULL, NULL},
    {"(?|(aa)|(bb))", NULL, NULL},
    {"\\Qaa|bb\\E", NULL, NULL},
    {"\\Gaa|bb", NULL, NULL},
    {"(?:aa|bb", NULL, NULL},
};

static void
test_split(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(splits); row++) {
        struct bytes left = {0}, right = {0};
        bool         split = regex_split(span_of(splits[row].pattern), SPAN("a"), &left, &right);

        if (split != (splits[row].left != NULL) || !span_equal(bytes_span(&left), span_of(splits[row].left)) ||
            !span_equal(bytes_span(&right), span_of(splits[row].right)))
            fail_msg("%s: \"%s\" and \"%s\"", splits[row].pattern, left.data, right.data);
        bytes_free(&left);
        bytes_free(&right);
    }
    assert_false(regex_split(SPAN("aa|bb"), SPAN("x"), &(struct bytes){0}, &(struct bytes){0}));
    assert_false(regex_split(SPAN("(a)|(b)"), SPAN("n"), &(struct bytes){0}, &(struct bytes){0}));
}

/* The parts of a pattern match first where it does itself. */
static void
test_split_matches_the_same(void **state)
{
    static const char *const subjects[] = {
        "", "aa", "bb", "xaaaabbbb", "cccabbb@bbccaa", "x@bb\nx@aa", "aaaaa bbbbb ddd", "xccccccy", "b|b aa|aa ]|"};

    (void)state;
    for (size_t row = 0; row < COUNT_OF(splits); row++) {
        struct bytes  left = {0}, right = {0}, why = {0};
        struct regex *all, *parts[2];

        if (splits[row].left == NULL)
            continue;
        if (!regex_split(span_of(splits[row].pattern), SPAN(""), &left, &right))
            fail_msg("%s", splits[row].pattern);
        all      = regex_compile(span_of(splits[row].pattern), SPAN(""), &why);
        parts[0] = regex_compile(bytes_span(&left), SPAN(""), &why);
        parts[1] = regex_compile(bytes_span(&right), SPAN(""), &why);
        if (all == NULL || parts[0] == NULL || parts[1] == NULL)
            fail_msg("%s: %s", splits[row].pattern, why.data);
        assert_int_equal(regex_group_count(parts[0]), regex_group_count(all));
        assert_int_equal(regex_group_count(parts[1]), regex_group_count(all));
        for (size_t i = 0; i < COUNT_OF(subjects); i++) {
            size_t             expect = SIZE_MAX, least = SIZE_MAX;
            struct regex_found found;

            if (regex_find(all, span_of(subjects[i]), 0, &found))
                expect = found.ends[0];
            for (size_t part = 0; part < 2; part++)
                if (regex_find(parts[part], span_of(subjects[i]), 0, &found) && found.ends[0] < least)
                    least = found.ends[0];
            if (least != expect)
                fail_msg("%s on \"%s\"", splits[row].pattern, subjects[i]);
        }
        regex_free(&all);
        regex_free(&parts[0]);
        regex_free(&parts[1]);
        bytes_free(&left);
        bytes_free(&right);
        bytes_free(&why);
    }
}

/* Alternatives that PCRE2 refuses together: as rules that name domains one by one have them. */
static void
check_many(size_t count, const char *front, const char *behind)
{
    struct bytes       pattern = {0}, why = {0}, text = {0};
    struct regex      *regex;
    struct regex_found found;

    bytes_printf(&pattern, "%s", front);
    for (size_t i = 0; i < count; i++)
        bytes_printf(&pattern, "%sdomain%06zu\\.(?:example|test)\\.com", i > 0 ? "|" : "", i);
    bytes_printf(&pattern, "%s", behind);
    regex = regex_compile(bytes_span(&pattern), SPAN("ia"), &why);
    if (regex == NULL)
        fail_msg("%zu: %s", count, why.data);
    assert_true(span_equal(regex_pattern(regex), bytes_span(&pattern)));
    assert_int_equal(regex_group_count(regex), 1);
    assert_false(regex_is_anchored(regex));
    for (size_t i = 0; i < count; i += count / 7) {
        bytes_clear(&text);
        bytes_printf(&text, "x @DOMAIN%06zu.test.com domain%06zu.example.com y", i, count);
        assert_true(regex_find(regex, bytes_span(&text), 0, &found));
        assert_int_equal(found.ends[0], 2);
        assert_int_equal(regex_group(&found, 1).len, 21);
    }
    bytes_clear(&text); /* the first in the text is found first, whichever part has it */
    bytes_printf(&text, "@domain%06zu.test.com @domain000000.test.com @domain%06zu.test.com", count - 1, count / 2);
    for (size_t at = 0, hits = 0; hits < 3; hits++, at = regex_next(&found)) {
        assert_true(regex_find(regex, bytes_span(&text), at, &found));
        assert_int_equal(found.ends[0], 23 * hits);
    }
    assert_false(regex_find(regex, bytes_span(&text), found.ends[1], &found));
    assert_false(regex_find_between(regex, bytes_span(&text), 1, 22, &found));
    assert_false(regex_matches(regex, SPAN("@domain.test.com")));
    assert_int_equal(regex_limits_hit(), 0);
    regex_free(&regex);
    assert_null(regex);
    bytes_free(&pattern);
    bytes_free(&text);
    bytes_free(&why);
}

static void
test_many_alternatives(void **state)
{
    struct bytes why = {0}, pattern = {0};

    (void)state;
    check_many(70, "@(", ")");
    check_many(2000, "@(", ")");
    check_many(2000, "(?i)(?:@(", "))");
    check_many(14000, "@(", ")");
    while (pattern.len < 300 * 1024)
        bytes_printf(&pattern, "abcdefgh");
    assert_null(regex_compile(bytes_span(&pattern), SPAN(""), &why));
    assert_string_equal(why.data, "pattern is too long");
    bytes_clear(&why);
    pattern.len = 200 * 1024;
    assert_null(regex_compile(bytes_span(&pattern), SPAN(""), &why));
    assert_non_null(strstr(why.data, "too large"));
    bytes_free(&pattern);
    bytes_free(&why);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_matches_the_same),
        cmocka_unit_test(test_many_alternatives),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
