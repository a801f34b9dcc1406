/*
 * The rules of header_checks files: what applies to a header, and what is said of a file with mistakes. Called as
 * `test_header_checks RULES` it answers queries instead, for tests/system/test_postmap.py: each header on standard
 * input ends in a NUL, and so does each answer, "ACTION text" or nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/postfix/header_checks.h"
#include "tests/unit/postfix/check_fixture.h"

static const struct row {
    const char *rules, *header, *expect; /* NULL: no rule applies */
} rows[] = {
    {"/^Subject: a/ IGNORE\n", "Subject: abc", "IGNORE"},
    {"/^Subject: a/ IGNORE\n", "SUBJECT: ABC", "IGNORE"},
    {"/^Subject: a/i IGNORE\n", "SUBJECT: ABC", NULL},
    {"/^Subject: a/ii IGNORE\n", "SUBJECT: ABC", "IGNORE"},
    {"/^Subject: a/ IGNORE\n", "X-Subject: abc", NULL},
    {"/^Subject: a/ IGNORE\n", "Subject:", NULL},
    {"!/^Subject: a/ IGNORE\n", "Subject: abc", NULL},
    {"!/^Subject: a/ IGNORE\n", "Subject: b", "IGNORE"},
    {"/^B: c/m IGNORE\n", "A: b\nB: c", "IGNORE"},
    {"/^B: c/ IGNORE\n", "A: b\nB: c", NULL},
    {"/^A: b/x IGNORE\n", "A: b", NULL},
    {"/^A: b/x IGNORE\n", "A:b", "IGNORE"},
    {"/^A.B: c/ IGNORE\n", "A-B: c", "IGNORE"},
    {"/^A\\.B: c/ IGNORE\n", "A-B: c", NULL},
    {"/^A: b$/ IGNORE\n", "A: b", "IGNORE"},
    {"/^A: b|c/ IGNORE\n", "A: c", "IGNORE"},
    {"/a/ INFO one\n/a/ WARN two\n", "A: b", "INFO one"},
    {"/b$/ INFO one\n/a/ WARN two\n", "A: c", "WARN two"},
    {"/a/ DUNNO\n/a/ WARN two\n", "A: c", "DUNNO"},
    {"/a/ OK\n/a/ WARN two\n", "A: c", "DUNNO"},
    {"/a/ dunno some text\n", "A: c", "DUNNO some text"},
    {"/a/ iNfO  \t two  words \n", "A: c", "INFO two  words"},
    {"/a/\tstrip\n", "A: c", "STRIP"},
    {"/^(.): (.)/ REPLACE X: $1$2${1}$(2) $$1$$\n", "A: b", "REPLACE X: AbAb $1$"},
    {"/^(.): (.)(x)?(.)/ INFO -$3-$4\n", "A: bc", "INFO --c"},
    {"/^(.): (.)(x)?/ INFO -$3-\n", "A: bc", "INFO --"},
    {"/^A: (.*)/ INFO $1\n", "A:   two", "INFO two"},
    {"/^A:(.*)/ INFO $1$1 x\n", "A:  b", "INFO b  b x"},
    {"/^A:(.*)/ INFO $1\n", "A:", "INFO"},
    {"/(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)/ INFO $11 ${11}0\n", "abcdefghijk", "INFO k k0"},
    {"!/b/ WARN no b\n", "A: c", "WARN no b"},
    {"!/b/ WARN no b\n", "A: b", NULL},
    {"!!/b/ WARN b\n", "A: b", "WARN b"},
    {"! /b/ WARN no b\n", "A: c", "WARN no b"},
    {"!/b/ WARN no $$b\n", "A: c", "WARN no $b"},
    {"|a/b| INFO\n", "A/B: c", "INFO"},
    {"/a\\/b/ INFO\n", "A/B: c", "INFO"},
    {"~^a~ INFO\n", "A: c", "INFO"},
    {"{a{ INFO\n", "A: c", "INFO"},
    {"(a( INFO\n", "A: c", "INFO"},
    {"\"a b\" INFO\n", "A b", "INFO"},
    {"/a b/x INFO\n", "ab", "INFO"},
    {"/a b/x INFO\n", "a b", NULL},
    {"/a.b/ INFO\n", "a\nb", "INFO"},
    {"/a.b/s INFO\n", "a\nb", NULL},
    {"/^b/ INFO\n", "a\nb", NULL},
    {"/^b/m INFO\n", "a\nb", "INFO"},
    {"/a$/ INFO\n", "a\n", "INFO"},
    {"/a$/E INFO\n", "a\n", NULL},
    {"/b/A INFO\n", "ab", NULL},
    {"/b/AA INFO\n", "ab", "INFO"},
    {"/(a+)/ INFO $1\n", "aaa", "INFO aaa"},
    {"/(a+)/U INFO $1\n", "aaa", "INFO a"},
    {"/(a+?)/U INFO $1\n", "aaa", "INFO aaa"},
    {"/a/X INFO\n", "a", "INFO"},
    {"if /a/\n/b/ INFO in\nendif\n/b/ INFO out\n", "ab", "INFO in"},
    {"if /a/\n/b/ INFO in\nendif\n/b/ INFO out\n", "cb", "INFO out"},
    {"if !/a/\n/b/ INFO in\nendif\n/b/ INFO out\n", "cb", "INFO in"},
    {"IF /a/i\n/b/ INFO in\nEndIf\n/b/ INFO out\n", "Ab", "INFO out"},
    {"if/a/\n/b/ INFO in\nendif\n", "ab", "INFO in"},
    {"if /a/\nif /b/\n/c/ INFO 1\nendif\n/c/ INFO 2\nendif\n/c/ INFO 3\n", "abc", "INFO 1"},
    {"if /a/\nif /b/\n/c/ INFO 1\nendif\n/c/ INFO 2\nendif\n/c/ INFO 3\n", "ac", "INFO 2"},
    {"if /a/\nif /b/\n/c/ INFO 1\nendif\n/c/ INFO 2\nendif\n/c/ INFO 3\n", "bc", "INFO 3"},
    {"if /a/\nif /b/\nendif\nendif\n/c/ INFO 3\n", "abc", "INFO 3"},
    {"# comment\n\n  # comment\n   \n/a/ INFO\n", "a", "INFO"},
    {"/a/\n  INFO\n\ttwo\n", "a", "INFO two"},
    {"/a/ INFO one\n# comment\n\n two\n", "a", "INFO one two"},
    {"/a/ INFO one \r\n", "a", "INFO one"},
    {"/a/ INFO no line end", "a", "INFO no line end"},
    {"/a/ PREPEND X: y\n", "a", "PREPEND X: y"},
    {"/a/ PREPEND X :y\n", "a", "PREPEND X :y"},
    {"/(a)/ REPLACE $1\n", "a", "REPLACE a"},
    {"/(a)/ REPLACE X-$1: y\n", "a", "REPLACE X-a: y"},
    {"", "a", NULL},
    {"/(a+)+$/ INFO\n!/(a+)+$/ WARN\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", NULL},
};

static const struct error_row {
    const char *rules, *expect; /* without the file's name */
} error_rows[] = {
    {"/a/ REJECT no\n", "1: action REJECT makes no sense on retrieval\n"},
    {"\n/a/ discard\n", "2: action discard makes no sense on retrieval\n"},
    {"/a/ HOLD\n/a/ BCC a@b\n/a/ FILTER x:y\n/a/ REDIRECT a@b\n/a/ DELAY 1\n/a/ PASS\n/a/ ACCEPT\n",
     "1: action HOLD makes no sense on retrieval\n2: action BCC makes no sense on retrieval\n"
     "3: action FILTER makes no sense on retrieval\n4: action REDIRECT makes no sense on retrieval\n"
     "5: action DELAY makes no sense on retrieval\n6: action PASS makes no sense on retrieval\n"
     "7: action ACCEPT makes no sense on retrieval\n"},
    {"/a/ REWRITE x\n", "1: unknown action \"REWRITE\"\n"},
    {"/(a)/ $1\n", "1: unknown action \"$1\"\n"},
    {"/a/\n", "1: an action is missing behind the pattern\n"},
    {"/a/IGNORE\n", "1: unknown flag \"I\" behind the pattern\n"},
    {"/a/q IGNORE\n", "1: unknown flag \"q\" behind the pattern\n"},
    {"/a IGNORE\n", "1: the pattern has no closing delimiter \"/\"\n"},
    {"/a\\/ IGNORE\n", "1: the pattern has no closing delimiter \"/\"\n"},
    {"/a\\", "1: the pattern has no closing delimiter \"/\"\n"},
    {"!\n", "1: a pattern is missing, as /pattern/\n"},
    {"if\nendif\n", "1: a pattern is missing, as /pattern/\n"},
    {"!xax IGNORE\n", "1: a pattern is missing, as /pattern/\n"},
    {"/a(/ IGNORE\n", "1: missing closing parenthesis at offset 2 in the pattern \"a(\"\n"},
    {"if /[/\nendif\n", "1: missing terminating ] for character class at offset 1 in the pattern \"[\"\n"},
    {"/(a)/ INFO $2\n", "1: $2, but the pattern has 1 groups\n"},
    {"/(a)/ INFO $999999999999999999999999\n", "1: $999999999999999999999999, but the pattern has 1 groups\n"},
    {"!/(a)/ INFO $1\n", "1: $1 in a rule whose pattern is negated\n"},
    {"/(a)/ INFO $0\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/(a)/ INFO $x\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/(a)/ INFO $1x\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/(a)/ INFO $1_\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/(a)/ INFO $18446744073709551617\n", "1: $18446744073709551617, but the pattern has 1 groups\n"},
    {"/(a)/ INFO ${1\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/(a)/ INFO ${}\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/(a)/ INFO a $\n", "1: \"$\" must be followed by the number of a group, or by another \"$\"\n"},
    {"/a/ REPLACE\n", "1: REPLACE needs a field, as \"Name: value\"\n"},
    {"/a/ PREPEND text\n", "1: PREPEND needs a field, as \"Name: value\"\n"},
    {"/(a)/ PREPEND some text: $1\n", "1: PREPEND needs a field, as \"Name: value\"\n"},
    {"/a/ REPLACE : x\n", "1: REPLACE needs a field, as \"Name: value\"\n"},
    {"endif\n", "1: endif without if\n"},
    {"if /a/\n/b/ INFO\n", "1: if without endif\n"},
    {"if /a/\nif /b/\nendif\n", "1: if without endif\n"},
    {"if /a/\n /b/ INFO\nendif\n",
     "1: text behind if /pattern/: a rule in the block must not start with white space\n"},
    {"if /a/\nendif x\n", "2: text behind endif\n"},
    {" /a/ INFO\n", "1: a line that starts with white space, but no rule in front of it that it could continue\n"},
    {"# x\n\n  /a/ INFO\n/b/ X\n",
     "3: a line that starts with white space, but no rule in front of it that it could continue\n4: unknown action "
     "\"X\"\n"},
    {"Subject: IGNORE\n", "1: neither /pattern/, nor if, nor endif\n"},
    {"/a/\n\n\n  X\n/b/\n  Y\n", "1: unknown action \"X\"\n5: unknown action \"Y\"\n"},
};

/* A file with this content, under a name that the caller removes. */
static void
write_rules(const char *rules, size_t len, char *path)
{
    static const char template[] = "/tmp/header_checks.XXXXXX";
    int fd;

    memcpy(path, template, sizeof(template));
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rules, len), len);
    assert_int_equal(close(fd), 0);
}

static struct header_checks *
load(const char *rules, struct error *error)
{
    char                  path[40];
    char *const           paths[] = {path};
    struct header_checks *checks;

    write_rules(rules, strlen(rules), path);
    checks = header_checks_load(paths, 1, error);
    assert_int_equal(unlink(path), 0);
    return checks;
}

/* "ACTION text", as postmap(1) prints it, in `answer`. */
static bool
ask(const struct header_checks *checks, struct span header, struct bytes *answer)
{
    struct header_check check = {0};
    bool                found = find_check(checks, header, &check);

    bytes_clear(answer);
    if (found) {
        bytes_printf(answer, "%s", header_check_names[check.action]);
        if (check.text.len > 0)
            bytes_add_char(answer, ' ');
        bytes_add(answer, bytes_span(&check.text));
    }
    bytes_free(&check.text);
    return found;
}

static void
test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row     *row    = &rows[i];
        struct error          error  = {0};
        struct bytes          answer = {0};
        struct header_checks *checks = load(row->rules, &error);
        char                 *header = memory_resize(NULL, strlen(row->header));
        bool                  found;

        if (checks == NULL)
            fail_msg("%s: %s", row->rules, error_text(&error));
        memcpy(header, row->header, strlen(row->header));
        found = ask(checks, (struct span){header, strlen(row->header)}, &answer);
        if (found != (row->expect != NULL) || (found && strcmp(answer.data, row->expect) != 0))
            fail_msg("%s: \"%s\": \"%s\", not \"%s\"", row->rules, row->header, found ? answer.data : "(none)",
                     row->expect != NULL ? row->expect : "(none)");
        free(header);
        bytes_free(&answer);
        header_checks_free(&checks);
        assert_null(checks);
        error_free(&error);
    }
}

/* What is said, each line without the path it starts with. */
static void
strip_paths(const char *text, struct bytes *stripped)
{
    while (*text != '\0') {
        const char *end = strchr(text, '\n') + 1, *colon = strchr(text, ':');

        assert_non_null(colon);
        bytes_add(stripped, (struct span){colon + 1, (size_t)(end - colon) - 1});
        text = end;
    }
}

static void
test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(error_rows); i++) {
        const struct error_row *row    = &error_rows[i];
        struct error            error  = {0};
        struct bytes            said   = {0};
        struct header_checks   *checks = load(row->rules, &error);

        strip_paths(error_text(&error), &said);
        if (checks != NULL || said.len == 0 || strcmp(said.data, row->expect) != 0)
            fail_msg("%s: said \"%s\", not \"%s\"", row->rules, said.len > 0 ? said.data : "", row->expect);
        bytes_free(&said);
        error_free(&error);
    }
}

/* Several files are one list of rules; each rule knows where it stands. */
static void
test_files(void **state)
{
    char                  one[40], two[40], wrong[] = "/nonexistent/header_checks";
    char *const           paths[] = {one, two, wrong};
    struct error          error   = {0};
    struct header_check   check   = {0};
    struct header_checks *checks;

    (void)state;
    write_rules("/a/ INFO 1\n", 11, one);
    write_rules("\n/a/ INFO 2\n/b/ INFO 3\n", 23, two);
    checks = header_checks_load(paths, 2, &error);
    assert_non_null(checks);
    assert_true(find_check(checks, SPAN("a"), &check));
    assert_string_equal(check.text.data, "1");
    assert_true(find_check(checks, SPAN("b"), &check));
    assert_string_equal(check.text.data, "3");
    assert_string_equal(check.rule.file, two);
    assert_int_equal(check.rule.line, 3);
    header_checks_free(&checks);
    assert_null(header_checks_load(paths, 3, &error));
    assert_string_equal(error_text(&error), "/nonexistent/header_checks: No such file or directory\n");
    (void)unlink(one);
    (void)unlink(two);
    bytes_free(&check.text);
    error_free(&error);
}

/* Not a mistake, but hardly what was meant. */
static void
test_no_rules(void **state)
{
    char                  path[40];
    char *const           paths[] = {path};
    struct error          error   = {0};
    struct header_checks *checks;

    (void)state;
    write_rules("# /a/ IGNORE\n\n", 14, path);
    checks = header_checks_load(paths, 1, &error);
    assert_non_null(checks);
    assert_non_null(strstr(error_notes(&error), path));
    assert_non_null(strstr(error_notes(&error), "the file holds no rules: nothing is in it but comments"));
    header_checks_free(&checks);
    (void)unlink(path);
    error_free(&error);
}

static void
test_not_text(void **state)
{
    char         path[40], folder[] = "/tmp";
    char *const  paths[] = {path, folder};
    struct error error   = {0};

    (void)state;
    write_rules("/a/ INFO\n\n/b/ INFO\0\n", 20, path);
    assert_null(header_checks_load(paths, 2, &error));
    assert_non_null(strstr(error_text(&error), ":3: the file holds a NUL"));
    assert_non_null(strstr(error_text(&error), "/tmp: Is a directory"));
    (void)unlink(path);
    error_free(&error);
}

/* A NUL in a header neither ends it nor is lost. */
static void
test_nul_in_header(void **state)
{
    struct error          error  = {0};
    struct header_checks *checks = load("/b(.*)c/ INFO $1\n", &error);
    struct header_check   check  = {0};

    (void)state;
    assert_true(find_check(checks, SPAN("A: \0b\0c"), &check));
    assert_true(span_equal(bytes_span(&check.text), SPAN("\0")));
    bytes_free(&check.text);
    header_checks_free(&checks);
}

/* A clumsy pattern and a header made for it end at the match limit. */
static void
test_backtracking(void **state)
{
    struct error          error  = {0};
    struct header_checks *checks = load("/^(\\w+\\s?)*$/ INFO\n/(.*)*x\\d(?!y)$/ INFO\n", &error);
    struct header_check   check  = {0};
    char                  header[50000];
    clock_t               start = clock();

    (void)state;
    memset(header, 'a', sizeof(header));
    header[sizeof(header) - 1] = '!';
    assert_false(find_check(checks, (struct span){header, sizeof(header)}, &check));
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2);
    bytes_free(&check.text);
    header_checks_free(&checks);
}

/* The shipped file is an example: nothing in it is on, and every rule compiles once it is switched on. */
static void
test_shipped_file(void **state)
{
    FILE                 *stream = fopen("rules/header_checks", "r");
    struct error          error  = {0};
    struct header_check   check  = {0};
    struct bytes          on     = {0};
    char                  line[200], path[] = "rules/header_checks";
    char *const           paths[] = {path};
    struct header_checks *checks  = header_checks_load(paths, 1, &error);

    (void)state;
    assert_non_null(stream);
    assert_non_null(checks);
    assert_false(find_check(checks, SPAN("Return-Receipt-To: a@b"), &check));
    header_checks_free(&checks);
    while (fgets(line, sizeof(line), stream) != NULL)
        if (line[0] == '#' && strchr(" \n", line[1]) == NULL)
            bytes_add(&on, span_of(line + 1));
    assert_int_equal(fclose(stream), 0);
    checks = load(on.data, &error);
    if (checks == NULL)
        fail_msg("%s", error_text(&error));
    assert_true(find_check(checks, SPAN("Return-Receipt-To: a@b"), &check));
    assert_true(find_check(checks, SPAN("Subject: Re: [list] hello"), &check));
    assert_string_equal(check.text.data, "Subject: Re: hello");
    assert_false(find_check(checks, SPAN("From: a@mail.example.com"), &check));
    assert_true(find_check(checks, SPAN("From: a@example.org"), &check));
    assert_true(find_check(checks, SPAN("Received: from x (x [10.1.2.3])\n\tby y"), &check));
    bytes_free(&check.text);
    bytes_free(&on);
    header_checks_free(&checks);
    error_free(&error);
}

static int
answer_queries(char *path)
{
    struct error          error   = {0};
    char *const           paths[] = {path};
    struct header_checks *checks  = header_checks_load(paths, 1, &error);
    struct bytes          answer  = {0};
    char                 *header  = NULL;
    size_t                size    = 0;
    ssize_t               len;

    if (checks == NULL) {
        (void)fputs(error_text(&error), stderr);
        error_free(&error);
        return 1;
    }
    while ((len = getdelim(&header, &size, '\0', stdin)) > 0) {
        if (ask(checks, (struct span){header, (size_t)len - 1}, &answer))
            (void)fwrite(answer.data, 1, answer.len, stdout);
        (void)putchar('\0');
    }
    free(header);
    bytes_free(&answer);
    header_checks_free(&checks);
    return 0;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),        cmocka_unit_test(test_errors),       cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_rules),     cmocka_unit_test(test_not_text),     cmocka_unit_test(test_nul_in_header),
        cmocka_unit_test(test_backtracking), cmocka_unit_test(test_shipped_file),
    };

    if (argc == 2)
        return answer_queries(argv[1]);
    return cmocka_run_group_tests_name("header_checks", tests, NULL, NULL);
}
