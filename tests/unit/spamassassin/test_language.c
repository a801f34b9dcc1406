/*
 * SpamAssassin's rule language: conditions, directives, tags in patterns, captures; and what is said of what was left
 * out. What whole rule files hit stands in tests/language.rules; run from the root of the sources, as make does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/spamassassin/condition.h"
#include "rules/spamassassin/pattern.h"
#include "tests/unit/spamassassin/rule_fixture.h"

#define PLUGIN "Mail::SpamAssassin::Plugin::"
#define CONF "Mail::SpamAssassin::Conf::"

static const struct {
    const char *text;
    bool        result;
    const char *why; /* NULL: it can be read */
} conditions[] = {
    {"1", true, NULL},
    {"0", false, NULL},
    {"version >= 3.004002", true, NULL},
    {"(version >= 3.4)", true, NULL},
    {"version >= 4.000001", true, NULL},
    {"version == 4.000001", true, NULL},
    {"version > 4.000001", false, NULL},
    {"(version < 4.000000)", false, NULL},
    {"!((version >= 3.003000))", false, NULL},
    {"perl_version >= 5.010000", true, NULL},
    {"perl_version >= 6", false, NULL},
    {"local_tests_only", true, NULL},
    {"plugin(" PLUGIN "HeaderEval)", true, NULL},
    {"plugin (" PLUGIN "ReplaceTags)", true, NULL},
    {"plugin(" PLUGIN "Check)", true, NULL},
    {"!plugin(" PLUGIN "Bayes)", true, NULL},
    {"plugin(" PLUGIN "URIDNSBL)", false, NULL},
    {"plugin(HeaderEval)", false, NULL},
    {"plugin(" PLUGIN "RaciallyCharged)", true, NULL}, /* the plugin went, its rules stayed */
    {"can(" CONF "feature_bug6558_free)", true, NULL},
    {"!(can(" CONF "feature_bug6558_free))", false, NULL},
    {"can(" CONF "feature_nobody_has)", false, NULL},
    {"can(" CONF "perl_min_version_5010000)", true, NULL},
    {"can(" CONF "compat_welcomelist_blocklist)", false, NULL},
    {"has(" CONF "has_tflags_nosubject)", true, NULL},
    {"can(" PLUGIN "HeaderEval::check_for_missing_to_header)", false, NULL},
    {"has(" PLUGIN "HeaderEval::check_for_missing_to_header)", true, NULL},
    {"has(" PLUGIN "HeaderEval::check_for_nothing)", false, NULL},
    {"can(" PLUGIN "DKIM::has_arc)", false, NULL},
    {"can(HeaderEval)", false, NULL},
    {"version >= 3 && plugin(" PLUGIN "Check)", true, NULL},
    {"version >= 5 || !plugin(" PLUGIN "SPF) && 1", true, NULL},
    {"version >= 5 ? 1 : 0", false, NULL},
    {"1 + 1 == 2", true, NULL},
    {"nonsense(" PLUGIN "Check)", false, "\"nonsense\" is unknown"},
    {"nonsense", false, "\"nonsense\" is unknown"},
    {"plugin", false, "plugin needs a name in parentheses"},
    {"can()", false, "can needs a name in parentheses"},
    {"(1", false, "')' expected at the end"},
    {"1 1", false, "operator expected at \"1\""},
    {"", false, "value expected at the end"},
};

static void
test_conditions(void **state)
{
    struct plugins *plugins = plugins_new();

    (void)state;
    for (size_t row = 0; row < COUNT_OF(conditions); row++) {
        struct bytes why    = {0};
        bool         result = condition_true(span_of(conditions[row].text), plugins, &why);

        if (result != conditions[row].result)
            fail_msg("row %zu: %s is %s", row, conditions[row].text, result ? "true" : "false");
        if (!span_equal(bytes_span(&why), span_of(conditions[row].why)))
            fail_msg("row %zu: %s: %s", row, conditions[row].text, why.data);
        bytes_free(&why);
    }
    plugins_free(&plugins);
}

/* A block of tests/language.rules: what stands behind its "###", and the lines up to the next. */
struct block {
    struct span head, text;
};

/* Takes the block at the front of `rest`. False: there is none. */
static bool
next_block(struct span *rest, struct block *block)
{
    const char *newline = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    const char *end;

    if (newline == NULL)
        return false;
    block->head = text_trim((struct span){rest->data + 3, (size_t)(newline - rest->data) - 3});
    *rest       = span_tail(*rest, (size_t)(newline - rest->data)); /* the newline is in front of the next block */
    end         = memmem(rest->data, rest->len, "\n###", 4);
    block->text = end != NULL ? span_head(*rest, (size_t)(end - rest->data) + 1) : *rest;
    block->text = span_tail(block->text, 1 - (block->text.len == 0));
    *rest       = end != NULL ? span_tail(*rest, (size_t)(end - rest->data) + 1) : SPAN("");
    return true;
}

/* All of the file from the first block on. */
static struct span
read_blocks(struct bytes *text)
{
    FILE       *file = fopen("tests/language.rules", "re");
    const char *first;
    size_t      got;

    assert_non_null(file);
    while ((got = fread(bytes_reserve(text, 4096), 1, 4096, file)) > 0)
        text->len += got;
    assert_int_equal(fclose(file), 0);
    first = memmem(text->data, text->len, "\n###", 4);
    assert_non_null(first);
    return span_tail(bytes_span(text), (size_t)(first - text->data) + 1);
}

static void
check_block(const struct block *block, const struct mail *mail)
{
    struct error        error = {0};
    struct bytes        hits  = {0};
    struct score_rules *rules;

    write_file("a.cf", block->text);
    rules = load("a.cf", &error);
    assert_non_null(rules);
    score_list_hits(rules, mail, &hits);
    if (!span_equal(bytes_span(&hits), block->head))
        fail_msg("%.*s hits %.*s and not %.*s\n%s", SPAN_ARG(block->text), SPAN_ARG(bytes_span(&hits)),
                 SPAN_ARG(block->head), error_text(score_mistakes(rules)));
    bytes_free(&hits);
    score_rules_free(&rules);
}

static void
test_hits(void **state)
{
    struct bytes text    = {0};
    struct span  rest    = read_blocks(&text);
    struct mail  mail    = {0};
    struct block block   = {0};
    size_t       checked = 0;

    (void)state;
    assert_true(next_block(&rest, &block));
    mail_parse(&mail, NULL, block.text);
    while (next_block(&rest, &block)) {
        if (block.head.len > 0 && block.head.data[0] == '#')
            continue;
        check_block(&block, &mail);
        checked++;
    }
    assert_true(checked > 30);
    mail_free(&mail);
    bytes_free(&text);
}

/* With the compatible way, patterns that ask are not put together again: other mails' texts are in none, so that
 * SpamAssassin, which keeps those of the first mail, has it so for all others. */
static void
test_kept_captures(void **state)
{
    struct score_rules *rules = load_text(
        "enable_compat capture_first_mail\nheader __A Subject =~ /(?<TAG>.*)/\nbody B /%{TAG}/\nbody C /%{TAG}|V1/\n"
        "header D Subject !~ /%{TAG}/\nbody E /%{NOBODY}|V1/\nfull F /V1 %{TAG}/\n");
    struct bytes hits = {0};
    struct mail  mail = {0};

    (void)state;
    mail_parse(&mail, NULL, SPAN("Subject: x\n\nV1 x\n"));
    score_list_hits(rules, &mail, &hits);
    assert_string_equal(hits.data, "C,D,F,__A");
    mail_free(&mail);
    bytes_free(&hits);
    score_rules_free(&rules);
}

/* Files *.pre choose among the plugins; a line elsewhere adds one to those chosen, or to all. */
static void
test_plugins_chosen(void **state)
{
    static const struct {
        const char *pre, *rules;
        size_t      count;
    } rows[] = {
        {"", "", 4},
        {"", "loadplugin " PLUGIN "TextCat\n", 4},
        {"", "loadplugin " PLUGIN "BodyEval\n", 4},
        {"loadplugin " PLUGIN "Check\n", "", 1},
        {"loadplugin " PLUGIN "HeaderEval\n", "", 2},
        {"loadplugin " PLUGIN "HeaderEval\n", "loadplugin " PLUGIN "TextCat\n", 2},
        {"loadplugin " PLUGIN "HeaderEval\n", "loadplugin " PLUGIN "BodyEval\n", 3},
        {"include chosen\n", "", 2},
        {"", "include chosen\n", 4},
    };
    char *path = path_of("plugins");

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("plugins/chosen", SPAN("tryplugin " PLUGIN "HeaderEval\n"));
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct error        error = {0};
        struct bytes        text  = {0};
        struct score_rules *rules;

        bytes_printf(&text,
                     "%sbody A /x/\nifplugin " PLUGIN "HeaderEval\nbody B /x/\nendif\nifplugin " PLUGIN
                     "BodyEval\nbody C /x/\nendif\nifplugin " PLUGIN "MIMEHeader\nbody D /x/\nendif\n",
                     rows[row].rules);
        write_file("plugins/a.pre", span_of(rows[row].pre));
        write_file("plugins/a.cf", bytes_span(&text));
        rules = load("plugins", &error);
        assert_non_null(rules);
        if (score_rules_count(rules) != rows[row].count)
            fail_msg("row %zu: %zu rules", row, score_rules_count(rules));
        score_rules_free(&rules);
        bytes_free(&text);
    }
    free(path);
}

/* The manual has it that a backslash makes %{NAME} plain text; newer Perls refuse that pattern. */
static void
test_escaped_name(void **state)
{
    struct score_rules *rules = load_text("body A /\\%{NOBODY}|V1/\nbody B /%{NOBODY}|V1/\nbody C /V1\\%{NAME}/\n");
    struct bytes        hits  = {0};
    struct mail         mail  = {0};

    (void)state;
    mail_parse(&mail, NULL, SPAN("Subject: x\n\nV1%{NAME}\n"));
    score_list_hits(rules, &mail, &hits);
    assert_string_equal(hits.data, "A,C");
    mail_free(&mail);
    bytes_free(&hits);
    score_rules_free(&rules);
}

/* Mistakes that stand at the line F:n, F being the file. */
static const struct {
    const char *rules, *errors;
} mistakes[] = {
    {"if\nbody A /x/\nendif\n",
     "F:1: missing condition\nF:1: the condition cannot be read: value expected at the end\n"},
    {"if nonsense\nnonsense\nendif\n", "F:1: the condition cannot be read: \"nonsense\" is unknown\n"},
    {"ifplugin\nendif\n", "F:1: missing condition\nF:1: the condition cannot be read: value expected at the end\n"},
    {"if 1\nif 0\nendif\n", "F:1: if without endif\n"},
    {"else\nendif\n", "F:1: else without if\nF:2: endif without if\n"},
    {"if 1\nelse x\nendif x\nendif\n", "F:2: else stands alone on its line\nF:3: endif stands alone on its line\n"},
    {"require_version 3.004\nnonsense\n", "F:1: the rest of the file is for version 3.004, not 4.000001\n"},
    {"require_version\n", "F:1: missing version\n"},
    {"priority A\n", "F:1: \"\" is no priority\n"},
    {"priority A high\n", "F:1: \"high\" is no priority\n"},
    {"required_score many\n", "F:1: required_score needs a number\n"},
    {"rewrite_header X-Other y\n", "F:1: rewrite_header is about Subject, From or To\n"},
    {"replace_tag A\n", "F:1: replace_tag needs a name and what it stands for\n"},
    {"replace_start\n", "F:1: replace_start needs a mark\n"},
    {"replace_rules\n", "F:1: missing rule name\n"},
    {"replace_rules A B-C\n", "F:1: \"B-C\" is no rule's name\n"},
    {"replace_tag X (\nreplace_rules A\nbody A /<X>/\n", "F:3: A: missing closing parenthesis at offset 15\n"},
    {"loadplugin\n", "F:1: loadplugin needs the name of a plugin\n"},
    {"reports x\n", "F:1: unknown directive \"reports\"\n"},
};

static void
test_mistakes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(mistakes); row++) {
        struct error        error    = {0};
        struct bytes        expected = {0};
        char               *path     = path_of("a.cf");
        struct score_rules *rules;

        for (const char *c = mistakes[row].errors; *c != '\0'; c++)
            bytes_add(&expected, c[0] == 'F' && c[1] == ':' ? span_of(path) : (struct span){c, 1});
        write_file("a.cf", span_of(mistakes[row].rules));
        rules = load("a.cf", &error);
        assert_non_null(rules);
        if (!span_equal(span_of(error_text(score_mistakes(rules))), bytes_span(&expected)))
            fail_msg("row %zu: %s says\n%sand not\n%s", row, mistakes[row].rules, error_text(score_mistakes(rules)),
                     expected.data);
        score_rules_free(&rules);
        bytes_free(&expected);
        free(path);
    }
}

/* Tags: the pattern, and what it becomes, first in place and then with calls. */
static const struct {
    const char *pattern, *expanded, *shared;
} replacements[] = {
    {"", "", "(?(DEFINE))"},
    {"x<none>y", "x<none>y", "x<none>y(?(DEFINE))"},
    {"a<A>b", "a[a4]b", "a(?&tag0)b(?(DEFINE)(?<tag0>[a4]))"},
    {"<A><B><A>", "[a4](?:b|8)[a4]", "(?&tag0)(?&tag1)(?&tag0)(?(DEFINE)(?<tag0>[a4])(?<tag1>(?:b|8)))"},
    {"<OPEN>x", "a|bx", "a|bx(?(DEFINE))"}, /* what is not one thing stands where it stood */
    {"<PAIR>+", "(a)(b)+", "(a)(b)+(?(DEFINE))"},
    {"<CLASS>", "[])(]", "(?&tag0)(?(DEFINE)(?<tag0>[])(]))"},
    {"<DEEP>", "(?:x[a4]y)", "(?&tag0)(?(DEFINE)(?<tag0>(?:x(?&tag1)y))(?<tag1>[a4]))"},
    {"x<inter S><A><B>-<A>", "x[a4]\\s?(?:b|8)-[a4]",
     "x(?&tag0)\\s?(?&tag1)-(?&tag0)"
     "(?(DEFINE)(?<tag0>[a4])(?<tag1>(?:b|8)))"},
    {"<inter S><A><B>", "\\s?[a4]\\s?(?:b|8)", "\\s?(?&tag0)\\s?(?&tag1)(?(DEFINE)(?<tag0>[a4])(?<tag1>(?:b|8)))"},
    {"x<post P><A><B>y", "x[a4]{1,2}(?:b|8){1,2}y",
     "x(?&tag0){1,2}(?&tag1){1,2}y"
     "(?(DEFINE)(?<tag0>[a4])(?<tag1>(?:b|8)))"},
    {"x<pre Q><A><none>y", "x\\b[a4]\\b<none>y", "x\\b(?&tag0)\\b<none>y(?(DEFINE)(?<tag0>[a4]))"},
    {"(?<!x)<A>(?<y>z)", "(?<!x)[a4](?<y>z)", "(?<!x)(?&tag0)(?<y>z)(?(DEFINE)(?<tag0>[a4]))"},
    {"<a<A>>", "<a[a4]>", "<a(?&tag0)>(?(DEFINE)(?<tag0>[a4]))"},
    {"<LOOP>", "<LOOP>", "<LOOP>(?(DEFINE))"},
};

static void
test_tags(void **state)
{
    struct replace_tags *tags = replace_tags_new();

    (void)state;
    replace_tags_set(tags, REPLACE_TAG, SPAN("A"), SPAN("before"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("A"), SPAN("[a4]"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("B"), SPAN("(?:b|8)"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("OPEN"), SPAN("a|b"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("PAIR"), SPAN("(a)(b)"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("CLASS"), SPAN("[])(]"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("DEEP"), SPAN("(?:x<A>y)"));
    replace_tags_set(tags, REPLACE_TAG, SPAN("LOOP"), SPAN("<LOOP>"));
    replace_tags_set(tags, REPLACE_INTER, SPAN("S"), SPAN("\\s?"));
    replace_tags_set(tags, REPLACE_POST, SPAN("P"), SPAN("{1,2}"));
    replace_tags_set(tags, REPLACE_PRE, SPAN("Q"), SPAN("\\b"));
    for (size_t row = 0; row < COUNT_OF(replacements); row++) {
        struct span  pattern  = span_of(replacements[row].pattern);
        struct bytes expanded = {0}, shared = {0};

        assert_int_equal(replace_tags_expand(tags, pattern, &expanded), 0);
        assert_int_equal(replace_tags_share(tags, pattern, &shared), 0);
        if (!span_equal(bytes_span(&expanded), span_of(replacements[row].expanded)))
            fail_msg("row %zu: %s becomes %s", row, pattern.data, expanded.data);
        if (strcmp(shared.data, replacements[row].shared) != 0)
            fail_msg("row %zu: %s shared becomes %s", row, pattern.data, shared.data);
        bytes_free(&expanded);
        bytes_free(&shared);
    }
    replace_tags_free(&tags);
}

/* A pattern that PCRE2 finds too large means the same with calls. */
static void
test_large_patterns(void **state)
{
    struct bytes        text = {0}, hits = {0};
    struct score_rules *rules;
    struct mail         mail = {0};

    (void)state;
    bytes_add(&text, SPAN("replace_tag V (?:v"));
    for (size_t i = 0; i < 60; i++)
        bytes_printf(&text, "|[x%c]%zu[y%c]", (char)('A' + i % 26), i, (char)('A' + i % 13));
    bytes_add(&text, SPAN(")\nreplace_rules A B\nbody A /"));
    for (size_t i = 0; i < 50; i++)
        bytes_add(&text, SPAN("<V>?"));
    bytes_add(&text, SPAN("\\bV<V>?1/\nbody B /(?:"));
    for (size_t i = 0; i < 50; i++)
        bytes_add(&text, SPAN("<V><V>"));
    bytes_add(&text, SPAN("){2}/i\n"));
    rules = load_text(text.data);
    mail_parse(&mail, NULL, SPAN("Subject: x\n\nV1agra now\n"));
    score_list_hits(rules, &mail, &hits);
    assert_string_equal(hits.data, "A");
    mail_free(&mail);
    bytes_free(&hits);
    bytes_free(&text);
    score_rules_free(&rules);
}

/* What is left out is counted, by what it is. */
static void
test_report(void **state)
{
    struct score_rules *rules =
        load_text("body A /x/\nbody B /x/\nscore B 0\nmeta C A\nscore C 0\nmeta D C\nbody E eval:nobody_has_it()\n"
                  "body F eval:nobody_has_it()\nbody G eval:nor_that()\nheader H eval:check_rbl('x', 'y')\n"
                  "header I eval:check_for_missing_to_header()\ntflags I learn\nuridnsbl J z. TXT\naskdns K x A 1\n"
                  "uridnsbl L z. TXT\nifplugin " PLUGIN "DCC\nbody M /x/\nif 0\nmeta N M\nendif\nscore M 2\nelse\n"
                  "endif\nif 0\nifplugin " PLUGIN "SPF\nbody O /x/\nendif\nbody P /x/\nendif\n");
    struct bytes text = {0};

    (void)state;
    score_report(rules, &text);
    assert_string_equal(text.data, "1 of 9 rules run\n2 rules have no points\n1 rule needs the network\n"
                                   "1 rule needs what was learnt\n1 meta asks for a meta that does not run\n"
                                   "3 rules call functions that are not there: nobody_has_it 2, nor_that 1\n"
                                   "2 rules are for plugins that are not there: DCC 2\n"
                                   "3 lines belong to plugins that are not there: uridnsbl 2, askdns 1\n");
    assert_int_equal(score_rules_count(rules), 1);
    bytes_free(&text);
    score_rules_free(&rules);

    rules = load_text("body A /x/\n");
    score_report(rules, &text);
    assert_int_equal(text.len, 0);
    score_rules_free(&rules);
}

/* Metas that ask for rules which are nowhere, and folders without rules, are named; both may be right. */
static void
test_notes(void **state)
{
    struct bytes        text = {0}, expect = {0};
    struct error        error = {0};
    struct score_rules *rules = load_text("body A /x/\nmeta B A && NONE\nifplugin " PLUGIN "DCC\nbody C /x/\nendif\n"
                                          "if 0\nheader D X =~ /x/\nendif\nuridnsbl E z. TXT\nmeta F C && D && E\n"
                                          "score NOBODY 1\nmeta G NONE || (rules_matching(H*) && NOR_THIS)\n");
    char               *path  = path_of("empty");

    (void)state;
    bytes_printf(&expect, "%s/a.cf:2: B asks for NONE, which is not there\n", folder);
    bytes_printf(&expect, "%s/a.cf:12: G asks for NONE, which is not there\n", folder);
    bytes_printf(&expect, "%s/a.cf:12: G asks for NOR_THIS, which is not there\n", folder);
    assert_string_equal(error_notes(score_mistakes(rules)), expect.data);
    score_rules_free(&rules);
    bytes_clear(&expect);

    for (unsigned i = 1; i <= 14; i++) {
        bytes_printf(&text, "meta A%02u NONE%02u\n", i, i);
        if (i <= 12)
            bytes_printf(&expect, "%s/a.cf:%u: A%02u asks for NONE%02u, which is not there\n", folder, i, i, i);
    }
    bytes_printf(&expect, "metas ask for 2 more names that are not there\n");
    rules = load_text(text.data);
    assert_string_equal(error_notes(score_mistakes(rules)), expect.data);
    score_rules_free(&rules);
    bytes_clear(&expect);

    assert_int_equal(mkdir(path, 0700), 0);
    write_file("empty/a.pre", SPAN("loadplugin " PLUGIN "Check\n"));
    rules = load("empty", &error);
    bytes_printf(&expect, "%s: the folder holds no rules: no file *.cf is in it\n", path);
    assert_string_equal(error_notes(score_mistakes(rules)), expect.data);
    score_rules_free(&rules);
    bytes_clear(&expect);

    rules = load_text("# nothing but this\n\n");
    bytes_printf(&expect, "%s/a.cf: the file holds no rules: nothing is in it but comments\n", folder);
    assert_string_equal(error_notes(score_mistakes(rules)), expect.data);
    score_rules_free(&rules);
    bytes_free(&expect);
    bytes_free(&text);
    free(path);
}

/* What the files say about the verdict. */
static void
test_verdict(void **state)
{
    struct score_rules *rules    = load_text("body A /x/\nrewrite_header From (spam)\n");
    double              required = 0;

    (void)state;
    assert_false(score_required(rules, &required));
    assert_null(score_subject_tag(rules));
    score_rules_free(&rules);

    rules = load_text("required_score 5\nrequired_hits 7.5\nrewrite_header subject *SPAM* _SCORE_\n");
    assert_true(score_required(rules, &required));
    assert_true(required == 7.5);
    assert_string_equal(score_subject_tag(rules), "*SPAM* _SCORE_");
    score_rules_free(&rules);

    rules = load_text("rewrite_header Subject x\nrewrite_header Subject\n");
    assert_null(score_subject_tag(rules));
    score_rules_free(&rules);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),     cmocka_unit_test(test_hits),     cmocka_unit_test(test_kept_captures),
        cmocka_unit_test(test_escaped_name),   cmocka_unit_test(test_mistakes), cmocka_unit_test(test_tags),
        cmocka_unit_test(test_large_patterns), cmocka_unit_test(test_report),   cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_plugins_chosen), cmocka_unit_test(test_notes),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
