/*
 * Rules and mails that are made for each other to take long: what a rule costs is bounded whatever it looks at, with
 * PCRE2's machine code and without, and so is what all rules cost together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/budget.h"
#include "base/count.h"
#include "tests/unit/spamassassin/rule_fixture.h"

/* A rule has 10 ms, and its last call what it has left of its steps: twice as long on a slow machine. */
enum { MEGABYTE = 1024 * 1024, RULE_MS = 100 };

static long
cpu_ms(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A mail of "aaaa...!" wherever rules look: two header fields, paragraphs, a long line, an address, a part's header. */
static void
make_mail(struct mail *mail)
{
    static char  as[MEGABYTE];
    struct bytes text = {0};
    struct span  all  = {as, sizeof(as)};

    memset(as, 'a', sizeof(as));
    bytes_add(&text, SPAN("From: a@b.com\nSubject: "));
    bytes_add(&text, span_head(all, 5000));
    bytes_add(&text,
              SPAN("!\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\nContent-ID: "));
    bytes_add(&text, span_head(all, 60000));
    bytes_add(&text, SPAN("!\n\nhttp://www.example.com/"));
    bytes_add(&text, span_head(all, 3000));
    bytes_add(&text, SPAN("!\n\n"));
    bytes_add(&text, all);
    bytes_add(&text, SPAN("!\n--x--\n"));
    mail_parse(mail, NULL, bytes_span(&text));
    bytes_free(&text);
}

static const char *const kinds[] = {"header T Subject =~ ",
                                    "header T Subject !~ ",
                                    "header T ALL =~ ",
                                    "body T ",
                                    "rawbody T ",
                                    "full T ",
                                    "uri T ",
                                    "mimeheader T Content-ID =~ "};

/* PCRE2 counts the steps of some, and goes through the text once more for each octet of others. */
static const char *const patterns[] = {
    "(a+)+$",
    "(a|aa)+$",
    "(?:a+a+)+[bv]",
    "(?s)a*a*a*b",
    "(?s).*.*.*z",
    "(?:a?){20}a{99}b",
    "(?:a|a|a)*b",
    "^(?:a(?R)?a|a)*b$",
    "(?=(a+))\\1*b",
    "(?:.*?.*?)*z",
    "(?s)(.{1,30000}b)?(.{1,30000}c)?d",
    "(?s)a{7}a*a*[bx]z",
};

static void
check_rule(const char *kind, const char *verb, const char *pattern, const struct mail *mail)
{
    struct score_result result = {0};
    struct bytes        text   = {0};
    struct score_rules *rules;
    long                took;

    bytes_printf(&text, "%s/%s%s/\n", kind, verb, pattern);
    rules = load_text(text.data);
    took  = cpu_ms();
    score_run(rules, mail, &result);
    took = cpu_ms() - took;
    if (took > RULE_MS)
        fail_msg("%s took %ld ms", text.data, took);
    score_result_free(&result);
    score_rules_free(&rules);
    bytes_free(&text);
}

static void
test_one_rule(void **state)
{
    struct mail mail = {0};

    (void)state;
    make_mail(&mail);
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        for (size_t row = 0; row < COUNT_OF(patterns); row++) {
            check_rule(kinds[kind], "", patterns[row], &mail);
            check_rule(kinds[kind], "(*NO_JIT)", patterns[row], &mail);
        }
    }
    mail_free(&mail);
}

/* What meets a bound does not match, negated or not, and is counted; what hits before that counts. */
static void
test_given_up(void **state)
{
    struct score_rules *rules  = load_text("header A Subject =~ /^(a+)+$/\nheader B Subject !~ /^(a+)+$/\n"
                                            "header C Subject =~ /^a/\nmeta D !A && !B\nmeta E A || B\n");
    struct score_result result = {0};
    struct mail         mail   = {0};

    (void)state;
    make_mail(&mail);
    score_run(rules, &mail, &result);
    assert_string_equal(result.rules.data, "C,D");
    assert_int_equal(result.given_up, 2);
    assert_false(result.late);
    score_result_free(&result);
    mail_free(&mail);
    score_rules_free(&rules);
}

/* Hundreds of slow rules: the time of a mail is met. What was found is there, and nothing that needs the rest. */
static void
test_time_limit(void **state)
{
    struct score_result result = {0};
    struct mail         mail   = {0};
    struct bytes        text   = {0};
    struct budget       budget = {0};
    struct score_rules *rules;
    long                took;

    (void)state;
    for (unsigned i = 0; i < 500; i++)
        bytes_printf(&text, "full SLOW%u /(?:(?:a+)+|b{%u})+$/\n", i, i % 50 + 2);
    bytes_add(&text,
              SPAN("header FIRST Subject =~ /^aaa/\nbody SECOND /aaa/\nuri LAST /www/\nmeta KNOWN FIRST && SECOND\n"
                   "meta UNKNOWN FIRST && !LAST\nmeta DEEPER UNKNOWN || KNOWN\nmeta __KNOWN2 KNOWN\n"));
    rules = load_text(text.data);
    make_mail(&mail);
    took = cpu_ms();
    budget_begin(&budget, 200000);
    score_run(rules, &mail, &result);
    budget_end(&budget);
    took = cpu_ms() - took;
    assert_true(result.late);
    assert_string_equal(result.rules.data, "FIRST,KNOWN,SECOND");
    assert_in_range(took, 190, 200 + RULE_MS);
    assert_in_range(result.given_up, 2, 499);

    mail_free(&mail);
    mail_parse(&mail, NULL, SPAN("Subject: aaaa\n\nhttp://www.example.com/\n"));
    budget_begin(&budget, 60000000);
    score_run(rules, &mail, &result);
    budget_end(&budget);
    assert_false(result.late);
    assert_string_equal(result.rules.data, "DEEPER,FIRST,KNOWN,LAST,SECOND");
    score_result_free(&result);
    mail_free(&mail);
    score_rules_free(&rules);
    bytes_free(&text);
}

/* A rule that counts hits, of which there are as many as octets. */
static void
test_many_hits(void **state)
{
    struct score_rules *rules =
        load_text("rawbody __A /a/\ntflags __A multiple\nfull __B /(?:a|x)/\ntflags __B multiple\n"
                  "body __C /a*?/\ntflags __C multiple\nmeta A __A > 4000\nmeta B __B > 2000\n");
    struct score_result result = {0};
    struct mail         mail   = {0};
    long                took;

    (void)state;
    make_mail(&mail);
    took = cpu_ms();
    score_run(rules, &mail, &result);
    took = cpu_ms() - took;
    assert_in_range(took, 0, 1000);
    assert_string_equal(result.rules.data, "A,B");
    score_result_free(&result);
    mail_free(&mail);
    score_rules_free(&rules);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_rule),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_many_hits),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
