/*
 * The index over header_checks rules changes nothing: for generated rules and fields, what is found is what is found
 * when the rules are tried one by one. And it spares nearly all of the work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/postfix/check_index.h"
#include "tests/unit/octets.h"
#include "tests/unit/postfix/check_fixture.h"

enum { RULES_MAX = 400 };

/* --- The names that a pattern says. --- */

static const struct {
    const char *pattern, *flags;
    const char *names; /* NULL: any */
} patterns[] = {
    {"^Subject:", "i", "subject"},
    {"^Subject:", "", "subject"},
    {"^Subject: (.*)", "is", "subject"},
    {"\\ASubject:", "i", "subject"},
    {"Subject:", "A", "subject"},
    {"^(To|Cc|B[Cc]C):", "i", "bcc cc to"},
    {"^(?:X-(?:A|B)|Y):", "i", "x-a x-b y"},
    {"^(?:resent-)?to:", "i", "resent-to to"},
    {"^X-?Y{2}:", "i", "x-yy xyy"},
    {"^X-[1-3]:", "i", "x-1 x-2 x-3"},
    {"^Subject\\s*:", "i", "subject"},
    {"^Subject:+", "i", "subject"},
    {"^(?=.*spam)Subject:", "i", "subject"},
    {"^(?i)SUBJECT:", "", "subject"},
    {"^ sub ject : # a comment", "x", "subject"},
    {"^\\QX.Y\\E:", "i", "x.y"},
    {"^(A|A):", "i", "a"},
    {"^A B:", "i", ""},
    {"^[^a-z]:", "i", NULL},
    {"^Subject", "i", NULL},
    {"^Subject.*:", "i", NULL},
    {"^Subject:", "im", NULL},
    {"Subject:", "i", NULL},
    {"^A:|B:", "i", NULL},
    {"(^A:)?", "i", NULL},
    {"^(A:|B)", "i", NULL},
    {"^X-\\w+:", "i", NULL},
    {".*A:", "is", NULL},
    {"^(?<n>A):", "i", NULL},
    {"(*LIMIT_MATCH=1)^A:", "i", NULL},
    {"^((((((((((a|b)|c)|d)|e)|f)|g)|h)|i)|j)|k):", "i", "a b c d e f g h i j k"},
    {"^(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d)(a|b|c|d):", "i", NULL},
    {"^(a*)*:", "i", NULL},
    {"", "i", NULL},
};

static void
test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct bytes  why = {0}, found = {0};
        struct regex *regex = regex_compile(span_of(patterns[i].pattern), span_of(patterns[i].flags), &why);
        struct arena  arena = {0};
        struct spans  names = {0};

        assert_non_null(regex);
        if (check_names_find(&names, &arena, regex))
            bytes_add(&found, SPAN(""));
        spans_sort_unique(&names);
        for (size_t n = 0; n < names.count; n++)
            bytes_printf(&found, "%s%.*s", n > 0 ? " " : "", SPAN_ARG(names.items[n]));
        if (!span_equal(bytes_span(&found), span_of(patterns[i].names)) ||
            (found.data == NULL) != (patterns[i].names == NULL))
            fail_msg("%s: \"%s\"", patterns[i].pattern, found.data != NULL ? found.data : "any");
        spans_free(&names);
        arena_free(&arena);
        bytes_free(&found);
        regex_free(&regex);
    }
}

static void
test_rest(void **state)
{
    static const char *const rests[][3] = {
        {"^Subject:.*x", "i", ".*x"},  {"^(To|Cc): x", "i", " x"},   {"^(?:To|Cc): x", "i", "^(?:To|Cc): x"},
        {"^X-[:a]: x:y", "i", " x:y"}, {"^a:(b|c)", "i", "(b|c)"},   {"^a:b|^c:d", "i", "^a:b|^c:d"},
        {"^a:+b", "i", "^a:+b"},       {"^a:", "i", "^a:"},          {"^a", "i", "^a"},
        {"^a:b", "ix", "^a:b"},        {"^(?i)a:b", "", "^(?i)a:b"}, {"^\\Qa:b\\E:c", "i", "^\\Qa:b\\E:c"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rests); i++) {
        struct bytes  why   = {0};
        struct regex *regex = regex_compile(span_of(rests[i][0]), span_of(rests[i][1]), &why);

        assert_non_null(regex);
        expect_span(rests[i][0], "rest", check_names_rest(regex), span_of(rests[i][2]));
        regex_free(&regex);
    }
}

/* --- Generated rules. --- */

/* Rules in a file, and one by one. */
struct rules {
    struct bytes          file;
    struct check_rule     rules[RULES_MAX];
    size_t                count;
    unsigned              lines;
    struct header_checks *checks;
};

static const char *
one_of(const char *const *words, size_t count)
{
    return words[(size_t)rand() % count];
}

#define ONE_OF(words) one_of(words, COUNT_OF(words))

/* One in `odds` is of a kind that many fields match: with it the rules behind would hardly ever be tried. */
static void
add_pattern(struct bytes *line, size_t odds)
{
    static const char *const wide[]  = {"^",     "",           "^X-A", "^(?:To|X-.*):", "Subject\\b", "b",
                                        "!^X-B", "!^Subject:", "!z"};
    static const char *const names[] = {"^Subject:",      "^To:",    "^(From|To):", "^X-[AB]:", "^Received:",
                                        "^(X-)?Subject:", "^X-\\w:", "^X-A",        "X-B:",     "^Cc\\s*:",
                                        "^Date:",         "",        "^A name:",    "^:",       "!^X-A:\\s*[^y]"};
    static const char *const words[] = {
        " hello", " spam",          " a", " b",  " money",   " .",     ".*spam",     ".*(money|free)",
        " [a-c]", ".*\\bviagra\\b", "@$", "z.x", ".*\\d{3}", ".*a.*b", ".*(a).*\\1", "(?!.*money) x",
        "\\n\\t", ".*(x|y)z",       "::", ".*@@"};
    static const char *const flags[] = {"", "", "", "", "i", "m", "s", "A", "U", "E", "x"};
    const char              *start   = (size_t)rand() % odds == 0 ? ONE_OF(wide) : ONE_OF(names);

    bytes_printf(line, "%s/%s", start[0] == '!' ? "!" : "", start + (start[0] == '!'));
    for (int i = 1 + rand() % 2; i > 0; i--)
        bytes_printf(line, "%s", ONE_OF(words));
    bytes_printf(line, "/%s", ONE_OF(flags));
}

static struct check_rule *
begin_rule(struct rules *all, struct span line)
{
    bytes_add(&all->file, line);
    bytes_add_char(&all->file, '\n');
    all->rules[all->count].line  = ++all->lines;
    all->rules[all->count].start = (struct span){0}; /* the pattern alone decides */
    return &all->rules[all->count++];
}

/* Rules, some of them in an if. */
static void
add_rules(struct rules *all, size_t count, size_t odds, unsigned depth)
{
    struct bytes line  = {0};
    struct error error = {0};

    while (count-- > 0 && all->count < RULES_MAX) {
        bytes_clear(&line);
        if (depth < 3 && rand() % 10 == 0) {
            struct check_rule *rule;

            add_pattern(&line, 2);
            assert_int_equal(check_rule_read_if(&all->rules[all->count], bytes_span(&line), &error), 0);
            rule = &all->rules[all->count];
            bytes_add(&all->file, SPAN("if "));
            (void)begin_rule(all, bytes_span(&line));
            add_rules(all, (size_t)rand() % 8, odds, depth + 1);
            rule->behind = (ssize_t)all->count;
            bytes_add(&all->file, SPAN("endif\n"));
            all->lines++;
        } else {
            add_pattern(&line, odds);
            bytes_add(&line, SPAN(" INFO"));
            assert_int_equal(check_rule_read(&all->rules[all->count], bytes_span(&line), &error), 0);
            (void)begin_rule(all, bytes_span(&line));
        }
    }
    bytes_free(&line);
}

static void
load(struct rules *all)
{
    char         path[]  = "/tmp/check_index.XXXXXX";
    char        *paths[] = {path};
    struct error error   = {0};
    int          fd      = mkstemp(path);

    assert_int_equal(write(fd, all->file.data, all->file.len), all->file.len);
    assert_int_equal(close(fd), 0);
    all->checks = header_checks_load(paths, 1, &error);
    if (all->checks == NULL)
        fail_msg("%s", error_text(&error));
    assert_int_equal(unlink(path), 0);
}

static void
rules_free(struct rules *all)
{
    for (size_t i = 0; i < all->count; i++)
        check_rule_free(&all->rules[i]);
    bytes_free(&all->file);
    header_checks_free(&all->checks);
}

/* The line of the first rule that applies, each being tried in its turn; 0: none. */
static unsigned
try_one_by_one(const struct rules *all, struct span header)
{
    struct regex_found found;
    size_t             at = 0;

    while (at < all->count) {
        const struct check_rule *rule    = &all->rules[at];
        bool                     applies = check_rule_applies(rule, header, &found) == CHECK_APPLIES;

        if (applies && !rule->is_if)
            return rule->line;
        at = applies || !rule->is_if ? at + 1 : (size_t)rule->behind;
    }
    return 0;
}

static void
make_header(struct bytes *header)
{
    static const char *const names[] = {
        "Subject",   "SUBJECT",
        "To",        "From",
        "X-A",       "x-b",
        "X-Subject", "Received",
        "Cc",        "Date",
        "X-Other",   "Subjec",
        "Subject-2", "A name",
        "",          "X-A-very-long-name-that-no-rule-knows-of-and-that-does-not-end-for-some-time"};
    static const char *const words[] = {" ",     "hello", "spam",   "money", "free",
                                        "a",     "b",     "viagra", "xz",    "123",
                                        "\n\t",  ":",     "@",      ".",     "\nSubject: hello",
                                        "\nTo: "};

    bytes_clear(header);
    bytes_printf(header, "%s%s", ONE_OF(names), rand() % 50 == 0 ? "" : rand() % 3 == 0 ? ":" : ": ");
    for (int i = rand() % 8; i > 0; i--)
        bytes_printf(header, "%s", ONE_OF(words));
}

static void
check_rules(struct rules *all, struct header_check *check, size_t *applied)
{
    struct bytes header = {0};

    for (int i = 0; i < 200; i++) {
        unsigned line;
        bool     found;

        make_header(&header);
        line  = try_one_by_one(all, bytes_span(&header));
        found = find_check(all->checks, bytes_span(&header), check);
        if ((found ? check->rule.line : 0) != line)
            fail_msg("\"%s\": line %u, not %u, of\n%s", header.data, found ? check->rule.line : 0, line,
                     all->file.data);
        *applied += found;
    }
    bytes_free(&header);
}

static void
test_generated(void **state)
{
    static const size_t counts[] = {1, 3, 10, 30, 100, 350};
    struct header_check check    = {0};
    size_t              applied  = 0;

    (void)state;
    srand(1);
    for (int round = 0; round < 300; round++) {
        struct rules all = {.count = 0};

        add_rules(&all, counts[(size_t)round % COUNT_OF(counts)], counts[(size_t)round % COUNT_OF(counts)], 0);
        load(&all);
        check_rules(&all, &check, &applied);
        rules_free(&all);
    }
    assert_true(applied > 10000);
    bytes_free(&check.text);
}

/* --- What the index spares. --- */

/* How many of the rules are tried on the header, of which none applies. */
static size_t
count_tries(const struct check_index *index, const struct check_rule *rules, size_t count, struct span header)
{
    struct regex_found         found;
    struct check_walk          walk;
    size_t                     tries    = 0;
    const struct header_rules *for_name = check_index_find(index, name_of(header));

    check_walk_begin(&walk, index, for_name, header);
    for (size_t at = 0; (at = check_walk_next(&walk, at)) < count; at++, tries++)
        assert_int_equal(check_rule_applies(&rules[at], header, &found), CHECK_PASSES);
    return tries;
}

/* Of many rules few are tried, be they for many names, for one name, or for any. */
static void
test_few_are_tried(void **state)
{
    enum { COUNT = 1000 };
    static const struct {
        const char *before, *behind; /* the rule's number */
    } forms[] = {
        {"/^X-Name-", ": v/ IGNORE"},
        {"/^Subject:.*word", "/ WARN"},
        {"/^Received: from host", "\\.example\\.org/ IGNORE"},
        {"/^(X-A|X-B", "): yes/ IGNORE"},
        {"/\\bcasino", "\\b/ WARN"},
    };
    static const char *const headers[] = {
        "Subject: the figures of the week",
        "Received: from relay.example.org\n\tby mx.example.net; Tue,  3 Mar 2026 08:12:00",
        "X-B13: no",
        "X-Name-6: w",
        "X-Other: word",
        "From: Ann <ann@example.org>",
    };
    struct check_rule  *rules = memory_new(COUNT * sizeof(*rules));
    struct check_index *index;
    struct error        error = {0};
    struct bytes        line  = {0};

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        bytes_clear(&line);
        bytes_printf(&line, "%s%u%s", forms[i % COUNT_OF(forms)].before, i, forms[i % COUNT_OF(forms)].behind);
        assert_int_equal(check_rule_read(&rules[i], bytes_span(&line), &error), 0);
    }
    index = check_index_new(rules, COUNT);
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        assert_in_range(count_tries(index, rules, COUNT, span_of(headers[i])), 0, 2);
    check_index_free(&index);
    for (unsigned i = 0; i < COUNT; i++)
        check_rule_free(&rules[i]);
    free(rules);
    bytes_free(&line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_few_are_tried),
    };

    return cmocka_run_group_tests_name("check_index", tests, NULL, NULL);
}
