/*
 * Rule files: what they load to, what is wrong with those that do not load, and what rules hit. The rows are whole rule
 * files; the first rule file is called "a.cf", and others stand beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/count.h"
#include "rules/spamassassin/known_words.h"
#include "tests/unit/spamassassin/rule_fixture.h"

static const char mail_text[] = "From: \"Ann\" <ann@a.com>\n"
                                "To: b@b.com\n"
                                "Subject: buy now\n"
                                "Received: one\n"
                                "Received: two\n"
                                "Content-Type: text/html\n"
                                "\n"
                                "<p>cheap <b>pills</b>\npills pills</p>\n"
                                "<a href=\"http://c.com/%78\">x</a>\n";

/* Which rules hit that mail, those with __ among them, and the score. */
static const struct {
    const char *rules, *hits;
    double      score;
} cases[] = {
    {"", "", 0},
    {"# nothing\n\n   \n", "", 0},
    {"header A Subject =~ /buy/\n", "A", 1},
    {"header A Subject =~ /BUY/\n", "", 0},
    {"header A Subject =~ /BUY/i\n", "A", 1},
    {"  header   A\tSubject=~/buy/  # why not\n", "A", 1},
    {"HEADER A Subject =~ m{buy}i\n", "A", 1},
    {"header A Subject =~ m'buy'\nheader B Subject =~ m!buy!\nheader C Subject =~ qr(buy)\nheader D Subject =~ "
     "m|buy|x\n",
     "A,B,C,D", 4},
    {"header A Subject =~ /a\\/b|buy/\n", "A", 1},
    {"header A Subject !~ /buy/\nheader B Subject !~ /sell/\n", "B", 1},
    {"header A X-None =~ /^$/\nheader B X-None !~ /x/\nheader C X-None =~ /u/ [if-unset: unset]\n", "A,B,C", 3},
    {"header A X-None !~ /u/ [if-unset: unset]\n", "", 0},
    {"header A exists:Subject\nheader B exists:X-None\n", "A", 1},
    {"header A From:addr =~ /^ann\\@a\\.com$/\nheader B From:name =~ /^Ann$/\nheader C From:raw =~ /^ \"Ann/\n",
     "A,B,C", 3},
    {"header A Received =~ /^one\\ntwo\\n$/\nheader B Received:first =~ /two/\n", "A", 1},
    {"header A ALL =~ /^To: b.*^Subject: buy/ms\nheader B ToCc =~ /b\\@b/\n", "A,B", 2},
    {"body A /cheap pills pills/\nbody B /buy now/\nbody C /<b>/\n", "A,B", 2},
    {"body A /buy now/\ntflags A nosubject\n", "", 0},
    {"rawbody A /<b>pills<\\/b>\\n/\nrawbody B /buy/\n", "A", 1},
    {"full A /Content-Type.*<p>/s\nfull B /\\r/\n", "A", 1},
    {"uri A /^http:..c\\.com.x$/\nuri B /%78/\nuri C /^x/\n", "A,B", 2},
    {"body __A /pills/\nmeta B __A\nmeta C !__A\n", "B,__A", 1},
    {"body __A /pills/\ntflags __A multiple\nmeta B __A == 3\nmeta C __A == 1\n", "B,__A", 1},
    {"body __A /pills/\ntflags __A multiple maxhits=2\nmeta B __A == 2\n", "B,__A", 1},
    {"header __A Received =~ /o/\ntflags __A multiple\nmeta B __A == 2\n", "B,__A", 1},
    {"meta A B + 1\nmeta B C + 1\nmeta C D + 1\nbody D /pills/\nmeta E A == 4\n", "A,B,C,D,E", 5},
    {"meta A NOBODY || !NOBODY\n", "A", 1},
    {"body __A1 /pills/\nbody __A2 /cheap/\nmeta B rules_matching(__A*) == 2\n", "B,__A1,__A2", 1},
    {"body A /pills/\nscore A 2.5\n", "A", 2.5},
    {"score A 2.5\nbody A /pills/\n", "A", 2.5},
    {"score A 1 2 3 4\nbody A /pills/\n", "A", 1},
    {"body A /pills/\nscore A 1\nscore A (0.5)\n", "A", 1.5},
    {"body A /pills/\nscore A 0\nmeta B !A\n", "B", 1},
    {"body A /pills/\nscore A -3.25\n", "A", -3.25},
    {"score NOBODY 5\ndescribe NOBODY says\ntflags NOBODY nice\n", "", 0},
    {"body A /pills/\ntflags A nice\n", "A", -1},
    {"body T_A /pills/\n", "T_A", 0.01},
    {"body A /nothing/\nbody A /pills/\n", "A", 1},
    {"body A /pills/\nheader A exists:X-None\n", "", 0},
    {"body A /p\\#?ills/ # a comment\n", "A", 1},
    {"body A /pills/\r\nscore A 2\r\n", "A", 2},
    {"body A /pills/", "A", 1},
    {"body A /pills/\ntflags A nice,nosubject\n", "A", -1},
    {"rawbody A /p/\ntflags A multiple\nscore A 0.5\n", "A", 3.5},
    {"rawbody A /p/\ntflags A multiple,maxhits=3\nscore A 0.5\n", "A", 1.5},
    {"rawbody A /p/\ntflags A nice;maxhits=3;multiple\n", "A", -3},
    {"rawbody A /p/\ntflags A multiples maxhits=3\n", "A", 1},
    {"header A Received =~ /./m\ntflags A multiple maxhits=4\n", "A", 4},
    {"rawbody __A /p/\ntflags __A multiple maxhits=3\nmeta B __A\ntflags B multiple\n", "B,__A", 1},
    {"body A /.1 .2 .3/\nscore A 0.1\nbody B /pills/\nscore B 0.1\nbody C /cheap/\nscore C 0.2\n", "B,C", 0.3},
};

static void
check(size_t row, const struct score_rules *rules, const struct mail *mail)
{
    struct score_result result = {0};
    struct bytes        hits   = {0};

    bytes_add(&hits, SPAN(""));
    score_list_hits(rules, mail, &hits);
    score_run(rules, mail, &result);
    if (strcmp(hits.data, cases[row].hits) != 0)
        fail_msg("row %zu: %s hits %s and not %s", row, cases[row].rules, hits.data, cases[row].hits);
    if (result.score != cases[row].score)
        fail_msg("row %zu: %s scores %g and not %g", row, cases[row].rules, result.score, cases[row].score);
    if (result.rules.data != NULL)
        assert_null(strstr(result.rules.data, "__"));
    bytes_free(&hits);
    score_result_free(&result);
}

static void
test_hits(void **state)
{
    struct mail mail = {0};

    (void)state;
    mail_parse(&mail, NULL, span_of(mail_text));
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        struct score_rules *rules = load_text(cases[row].rules);

        check(row, rules, &mail);
        score_rules_free(&rules);
        assert_null(rules);
    }
    mail_free(&mail);
}

static void
write_hit(void *context, const struct score_hit *hit)
{
    bytes_printf(context, "%s%s %g x%u \"%.*s\" %s\n", hit->silent ? "silent " : "", hit->name, hit->points, hit->times,
                 SPAN_ARG(hit->matched), hit->describe != NULL ? hit->describe : "-");
}

/* What is said of the rules that hit that mail. */
static void
test_explained(void **state)
{
    struct score_rules *rules  = load_text("header A Subject =~ /b.y/\ndescribe A Wants money\nscore A 2\n"
                                            "header B Subject !~ /sell/\nheader C exists:To\n"
                                            "header D X-None =~ /n.*t/ [if-unset: unset]\n"
                                            "body __E /p\\w+s/\ntflags __E multiple\nbody F /buy/\ntflags F nosubject\n"
                                            "rawbody G /<b>.*?>/\nuri H /c\\.com/\nfull I /^From.*/\nmeta J A && __E\n"
                                            "rawbody K /p/\nscore K 0.5\ntflags K multiple\n");
    struct score_result result = {0};
    struct mail         mail   = {0};
    struct bytes        said   = {0};

    (void)state;
    mail_parse(&mail, NULL, span_of(mail_text));
    score_explain(rules, &mail, &result, write_hit, &said);
    assert_string_equal(said.data, "A 2 x1 \"buy\" Wants money\nB 1 x1 \"\" -\nC 1 x1 \"\" -\nD 1 x1 \"nset\" -\n"
                                   "G 1 x1 \"<b>pills</b>\" -\nH 1 x1 \"c.com\" -\n"
                                   "I 1 x1 \"From: \"Ann\" <ann@a.com>\" -\nJ 1 x3 \"\" -\nK 3.5 x7 \"p\" -\n"
                                   "silent __E 0 x3 \"pills\" -\n");
    assert_string_equal(result.rules.data, "A,B,C,D,G,H,I,J,K");
    assert_true(result.score == 12.5);
    bytes_free(&said);
    score_result_free(&result);
    mail_free(&mail);
    score_rules_free(&rules);
}

/* Every mistake of a file is named at its line; F stands for the file, D for its folder. */
static const struct {
    const char *rules, *errors;
} mistakes[] = {
    {"nonsense A\n", "F:1: unknown directive \"nonsense\"\n"},
    {"body A /ok/\n\nbod B /x/\nbody C /(/\n",
     "F:3: unknown directive \"bod\"\nF:4: C: missing closing parenthesis at offset 1\n"},
    {"body\n", "F:1: missing rule name\n"},
    {"body 1A /x/\n", "F:1: \"1A\" is no rule's name\n"},
    {"body A-B /x/\n", "F:1: \"A-B\" is no rule's name\n"},
    {"body A\n", "F:1: A: missing pattern\n"},
    {"body A x\n", "F:1: A: a pattern begins with / or m and a delimiter\n"},
    {"body A /x\n", "F:1: A: the pattern has no closing /\n"},
    {"body A /x/ y\n", "F:1: A: \" y\" behind the pattern\n"},
    {"body A /x/q\n", "F:1: A: unknown flag 'q'\n"},
    {"body A /a/b/i\n", "F:1: A: the pattern holds / without a backslash\n"},
    {"body A m\n", "F:1: A: no delimiter\n"},
    {"body A mxax\n", "F:1: A: no delimiter\n"},
    {"body A /\\C/\n", "F:1: A: using \\C is disabled by the application at offset 2\n"},
    {"body A /(?C1)/\n", "F:1: A: callouts (?C) are not allowed\n"},
    {"body A eval:check_it\n", "F:1: A: eval: needs a function and its arguments in parentheses\n"},
    {"uri A eval:check_it()\n", "F:1: A: a pattern begins with / or m and a delimiter\n"},
    {"header A Subject /x/\n", "F:1: A: =~ or !~ expected behind the field's name\n"},
    {"header A =~ /x/\n", "F:1: A: \"\" is no header field's name\n"},
    {"header A Sub,ject =~ /x/\n", "F:1: A: \"Sub,ject\" is no header field's name\n"},
    {"header A Subject:adr =~ /x/\n", "F:1: A: unknown modifier \":adr\"\n"},
    {"header A exists:\n", "F:1: A: \"\" is no header field's name\n"},
    {"meta A\n", "F:1: A: missing expression\n"},
    {"\nmeta A B &&\n", "F:2: A: value expected at the end\n"},
    {"meta A B\nmeta B C\nmeta C A\n", "F:3: C: it depends on itself\n"},
    {"meta A A\n", "F:1: A: it depends on itself\n"},
    {"score A\n", "F:1: a rule has one score or four\n"},
    {"score A 1 2\n", "F:1: a rule has one score or four\n"},
    {"score A 1 2 3 4 5\n", "F:1: a rule has one score or four\n"},
    {"score A x\n", "F:1: \"x\" is no score\n"},
    {"score A 1e9\n", "F:1: \"1e9\" is no score\n"},
    {"score A 1000000\n", "F:1: \"1000000\" is no score\n"},
    {"score A .1\n", "F:1: \".1\" is no score\n"},
    {"score A (1)\n", "F:1: \"(1)\" is no score\n"},
    {"score A nan\n", "F:1: \"nan\" is no score\n"},
    {"tflags A maxhits=x\n", "F:1: \"maxhits=x\": a number is missing\n"},
    {"include\n", "F:1: missing path\n"},
    {"include none\n", "F:1: D/none: No such file or directory\n"},
    {"body A /ok/\nmeta B A\nbody A /)/\n", "F:3: A: unmatched closing parenthesis at offset 0\n"},
};

static void
check_mistake(size_t row)
{
    struct error        error    = {0};
    struct bytes        expected = {0};
    char               *path     = path_of("a.cf");
    struct score_rules *rules;

    bytes_add(&expected, SPAN(""));
    for (const char *c = mistakes[row].errors; *c != '\0'; c++)
        if (c[0] == 'F' && c[1] == ':')
            bytes_add(&expected, span_of(path));
        else if (c[0] == 'D' && c[1] == '/')
            bytes_add(&expected, span_of(folder));
        else
            bytes_add_char(&expected, *c);
    write_file("a.cf", span_of(mistakes[row].rules));
    rules = load("a.cf", &error);
    assert_non_null(rules);
    assert_int_equal(error.count, 0);
    if (!span_equal(span_of(error_text(score_mistakes(rules))), bytes_span(&expected)))
        fail_msg("row %zu: %s says\n%sand not\n%s", row, mistakes[row].rules, error_text(score_mistakes(rules)),
                 expected.data);
    score_rules_free(&rules);
    bytes_free(&expected);
    free(path);
}

static void
test_mistakes(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(mistakes); row++)
        check_mistake(row);
}

/* A file that holds a NUL is no text, wherever that stands: an error at its line. */
static void
test_not_text(void **state)
{
    static const struct span texts[] = {
        SPAN("body A /x/\nok_locales\0 all\n"), SPAN("body A /x/\ntest\0\n"),    SPAN("body A /x/\nbody B /a\0b/\n"),
        SPAN("body A /x/\n# \0\nnonsense\n"),   SPAN("body A /x/\nscore A 1\0"),
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(texts); row++) {
        struct error error  = {0};
        struct bytes expect = {0};

        write_file("a.cf", texts[row]);
        assert_null(load("a.cf", &error));
        bytes_printf(&expect, "%s/a.cf:2: the file holds a NUL: it is no text\n", folder);
        assert_string_equal(error_text(&error), expect.data);
        error_free(&error);
        bytes_free(&expect);
    }
}

/* A word is known as a whole, whatever octets are in it. */
static void
test_known_words(void **state)
{
    (void)state;
    assert_int_equal(known_word(SPAN("test")), WORD_QUIET);
    assert_int_equal(known_word(SPAN("add_header")), WORD_QUIET);
    assert_int_equal(known_word(SPAN("whitelist_uri_host")), WORD_QUIET);
    assert_int_equal(known_word(SPAN("whitelist_from_spf")), WORD_PLUGIN);
    assert_int_equal(known_word(SPAN("hashbl_acl_x")), WORD_PLUGIN);
    assert_int_equal(known_word(SPAN("tes")), WORD_UNKNOWN);
    assert_int_equal(known_word(SPAN("tests")), WORD_UNKNOWN);
    assert_int_equal(known_word(SPAN("test\0")), WORD_UNKNOWN);
    assert_int_equal(known_word(SPAN("test\0time_limit time_limit time_limit")), WORD_UNKNOWN);
    assert_int_equal(known_word(SPAN("whitelist_uri_host\0 and behind the end of the last")), WORD_UNKNOWN);
    assert_int_equal(known_word(SPAN("")), WORD_UNKNOWN);
}

/* Which files of a path are read, and in which order. */
static void
test_files(void **state)
{
    struct error        error  = {0};
    struct bytes        expect = {0};
    struct score_rules *rules;
    char               *path = path_of("b");

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("b/2.cf", SPAN("score A 2\ninclude ../c\n"));
    write_file("b/1.CF", SPAN("body A /x/\nscore A (1)\n"));
    write_file("b/0.pre", SPAN("score A 3\n"));
    write_file("b/3.txt", SPAN("nonsense\n"));
    write_file("c", SPAN("body B /x/\ninclude c\ninclude b/2.cf\n"));
    rules = load("b", &error);
    assert_non_null(rules);
    assert_string_equal(error_text(score_mistakes(rules)), "");
    assert_int_equal(score_rules_count(rules), 2);
    score_rules_free(&rules);

    assert_null(load("none", &error));
    bytes_printf(&expect, "%s/none: No such file or directory\n", folder);
    assert_string_equal(error_text(&error), expect.data);
    error_free(&error);
    bytes_free(&expect);
    free(path);
}

/* Rules that never end on mails made for them: each is given up, and its meta counts it as no hit. */
static void
test_bounds(void **state)
{
    struct score_rules *rules =
        load_text("body A /(?:x+x+)+[vw]/\nheader B Subject !~ /(?:x+x+)+[vw]/\nfull C /(x|xx)+$/\n"
                  "rawbody D /(?:x+)+[vw]/\nmeta E !A\n");
    struct score_result result = {0};
    struct mail         mail   = {0};
    struct bytes        text   = {0};
    clock_t             start  = clock();

    (void)state;
    bytes_add(&text, SPAN("Subject: "));
    for (size_t i = 0; i < 200000; i++)
        bytes_add(&text, i == 5000 ? SPAN("\n\n") : i > 5000 && i % 2000 == 0 ? SPAN("\n\n") : SPAN("xx"));
    bytes_add(&text, SPAN("z"));
    mail_parse(&mail, NULL, bytes_span(&text));
    score_run(rules, &mail, &result);
    if (clock() - start > 10 * CLOCKS_PER_SEC)
        fail_msg("%ld ms", (long)((clock() - start) * 1000 / CLOCKS_PER_SEC));
    assert_string_equal(result.rules.data, "E");
    assert_int_equal(result.given_up, 4);
    score_result_free(&result);
    mail_free(&mail);
    bytes_free(&text);
    score_rules_free(&rules);
}

/* The rules that come with popgate load, and know the standard test message. */
static void
test_shipped(void **state)
{
    struct error        error  = {0};
    struct score_rules *rules  = score_load((const char *const[]){"rules/local.cf"}, 1, &error);
    struct score_result result = {0};
    struct mail         mail   = {0};

    (void)state;
    if (rules == NULL)
        fail_msg("%s", error_text(&error));
    mail_parse(
        &mail, NULL,
        SPAN("From: a@b.com\nTo: c@d.com\nMessage-ID: <a@b.com>\nDate: Mon, 5 Jan 2026 12:00:00 +0000\nSubject: x\n\n"
             "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"));
    score_run(rules, &mail, &result);
    assert_string_equal(result.rules.data, "GTUBE");
    assert_true(result.score == 1000);
    score_result_free(&result);
    mail_free(&mail);
    score_rules_free(&rules);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hits),        cmocka_unit_test(test_explained), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_not_text),    cmocka_unit_test(test_files),     cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_known_words), cmocka_unit_test(test_shipped),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
