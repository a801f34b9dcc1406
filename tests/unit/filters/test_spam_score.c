/*
 * The module "spam-score" in a chain of its own: each row is a message, and what comes out of it. Every message goes
 * through cut in two at every place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "filters/chain.h"
#include "filters/spam_score.h"
#include "tests/unit/filters/kept_memory.h"

#define V POPGATE_VERSION

static const char rules_text[] = "body PILLS /pills/\nscore PILLS 7.1\nbody NEARLY /nearly/\nscore NEARLY 4.96\nbody "
                                 "GOOD /friend/\nscore GOOD -2.04\n"
                                 "body LOTS /lots/\nscore LOTS 60\nmeta LOTS_OF_A_FIRST_RATHER_LONG_NAME LOTS\nmeta "
                                 "LOTS_OF_A_SECOND_RATHER_LONG_NAME LOTS\n"
                                 "meta LOTS_OF_A_THIRD_RATHER_LONG_NAME LOTS\nmeta LOTS_OF_A_FOURTH_RATHER_LONG_NAME "
                                 "LOTS\nheader VOUCHED X-Spam-Status =~ /No/\n"
                                 "score VOUCHED -100\n";

static char rules_path[] = "/tmp/test_spam_score.XXXXXX";

static unsigned
line_of(const struct setting_place *place, const char *key)
{
    return place->line + (strcmp(key, "subject_tag") == 0);
}

static const struct setting_place place = {"proxy.conf", 7, line_of};

#define SPAM_LINES                                                                                                     \
    "X-Spam-Flag: YES\r\nX-Spam-Score: 7.1\r\nX-Spam-Level: *******\r\n"                                               \
    "X-Spam-Status: Yes, score=7.1 required=5.0 tests=PILLS popgate=" V "\r\n"
#define HAM_LINES                                                                                                      \
    "X-Spam-Score: 0.0\r\nX-Spam-Level:\r\nX-Spam-Status: No, score=0.0 required=5.0 tests=none popgate=" V "\r\n"

static const struct {
    const char *tag, *message, *expect;
} cases[] = {
    {"", "Subject: hi\r\n\r\nbody\r\n", HAM_LINES "Subject: hi\r\n\r\nbody\r\n"},
    {"", "Subject: hi\r\n\r\npills\r\n", SPAM_LINES "Subject: hi\r\n\r\npills\r\n"},
    {"", "Subject: hi\n\npills\n",
     "X-Spam-Flag: YES\nX-Spam-Score: 7.1\nX-Spam-Level: *******\n"
     "X-Spam-Status: Yes, score=7.1 required=5.0 tests=PILLS popgate=" V "\nSubject: hi\n\npills\n"},
    /* what a sender says of itself goes, and is not believed */
    {"",
     "X-Spam-Status: No,\r\n\tscore=-5\r\nx-spam-FLAG : NO\r\nX-Spam-Level:\r\nA: b\r\nX-SPAM-SCORE: "
     "0\r\nX-Spam-Other: x\r\n\r\npills",
     SPAM_LINES "A: b\r\nX-Spam-Other: x\r\n\r\npills"},
    /* behind lines that are no fields as well: programs go on to the empty line, or find one in front of the body */
    {"[SPAM] ", "A: b\r\nno field\r\nX-Spam-Flag: NO\r\nSubject: hi\r\n\r\npills",
     SPAM_LINES "A: b\r\nno field\r\nSubject: [SPAM] hi\r\n\r\npills"},
    {"[SPAM] ", "A: b\r\nFrom c\r\nD: e\r\n\r\npills",
     SPAM_LINES "A: b\r\nSubject: [SPAM]\r\nFrom c\r\nD: e\r\n\r\npills"},
    {"", "A: b\r\n--c\r\nX-Spam-Flag: pills\r\n\r\n", SPAM_LINES "A: b\r\n\r\n--c\r\nX-Spam-Flag: pills\r\n\r\n"},
    {"", "A: b\r\n.\r\n.\r\n.\r\n.\r\nX-Spam-Flag: pills\r\n",
     SPAM_LINES "A: b\r\n.\r\n.\r\n.\r\n\r\n.\r\nX-Spam-Flag: pills\r\n"},
    /* no rounding over the limit */
    {"", "A: b\r\n\r\nnearly\r\n",
     "X-Spam-Score: 4.9\r\nX-Spam-Level: ****\r\nX-Spam-Status: No, score=4.9 required=5.0 tests=NEARLY popgate=" V
     "\r\nA: b\r\n\r\nnearly\r\n"},
    {"", "A: b\r\n\r\nfriend\r\n",
     "X-Spam-Score: -2.0\r\nX-Spam-Level:\r\nX-Spam-Status: No, score=-2.0 required=5.0 tests=GOOD popgate=" V
     "\r\nA: b\r\n\r\nfriend\r\n"},
    /* fifty stars, and names folded at a comma */
    {"", "A: b\r\n\r\nlots\r\n",
     "X-Spam-Flag: YES\r\nX-Spam-Score: 64.0\r\nX-Spam-Level: **************************************************\r\n"
     "X-Spam-Status: Yes, score=64.0 required=5.0\r\n tests=LOTS,LOTS_OF_A_FIRST_RATHER_LONG_NAME,\r\n"
     " LOTS_OF_A_FOURTH_RATHER_LONG_NAME, LOTS_OF_A_SECOND_RATHER_LONG_NAME,\r\n"
     " LOTS_OF_A_THIRD_RATHER_LONG_NAME popgate=" V "\r\nA: b\r\n\r\nlots\r\n"},
    /* without a header, without a body */
    {"", "\r\npills\r\n", SPAM_LINES "\r\npills\r\n"},
    {"", "Subject: pills\r\n", SPAM_LINES "Subject: pills\r\n"},
    {"", "", HAM_LINES "\r\n"},
    /* the Subject */
    {"[SPAM] ", "Subject: hi\r\n\r\nbody\r\n", HAM_LINES "Subject: hi\r\n\r\nbody\r\n"},
    {"[SPAM] ", "Subject: hi\r\n\r\npills\r\n", SPAM_LINES "Subject: [SPAM] hi\r\n\r\npills\r\n"},
    {"[SPAM] ", "SUBJECT:hi\r\n\there\r\n\r\npills\r\n", SPAM_LINES "SUBJECT: [SPAM] hi\there\r\n\r\npills\r\n"},
    {"[SPAM] ", "Subject: [SPAM] hi\r\n\r\npills\r\n", SPAM_LINES "Subject: [SPAM] hi\r\n\r\npills\r\n"},
    {"[SPAM] ", "Subject: =?utf-8?q?=5BSPAM=5D_hi?=\r\n\r\npills\r\n",
     SPAM_LINES "Subject: =?utf-8?q?=5BSPAM=5D_hi?=\r\n\r\npills\r\n"},
    {"[SPAM] ", "Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\npills\r\n",
     SPAM_LINES "Subject: [SPAM] =?utf-8?q?caf=C3=A9?=\r\n\r\npills\r\n"},
    {"[SPAM]", "Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\npills\r\n",
     SPAM_LINES "Subject: [SPAM] =?utf-8?q?caf=C3=A9?=\r\n\r\npills\r\n"},
    {"[SPAM] ", "A: b\r\n\r\npills\r\n", SPAM_LINES "A: b\r\nSubject: [SPAM]\r\n\r\npills\r\n"},
    {"[SPAM] ", "Subject:\r\nA: b\r\n\r\npills\r\n", SPAM_LINES "Subject: [SPAM]\r\nA: b\r\n\r\npills\r\n"},
    {"[SPAM] ", "Subject: a\r\nSubject: b\r\n\r\npills\r\n",
     SPAM_LINES "Subject: [SPAM] a\r\nSubject: [SPAM] b\r\n\r\npills\r\n"},
    {"\u00dcble Post: ", "Subject: hi\r\n\r\npills\r\n",
     SPAM_LINES "Subject: =?UTF-8?B?w5xibGUgUG9zdDo=?= hi\r\n\r\npills\r\n"},
    {"\u00dcble Post: ", "Subject: =?utf-8?q?hi?=\r\n\r\npills\r\n",
     SPAM_LINES "Subject: =?UTF-8?B?w5xibGUgUG9zdDog?= =?utf-8?q?hi?=\r\n\r\npills\r\n"},
    {"\u00dcble Post: ", "Subject: =?UTF-8?B?w5xibGUgUG9zdDo=?= hi\r\n\r\npills\r\n",
     SPAM_LINES "Subject: =?UTF-8?B?w5xibGUgUG9zdDo=?= hi\r\n\r\npills\r\n"},
};

static char *paths[] = {rules_path};

static struct spam_score
conf_with(const char *tag)
{
    return (struct spam_score){
        .rule_paths     = {paths, 1},
        .required_score = 5.0,
        .subject_tag    = (char *)tag,
        .hold_limit     = 4096,
    };
}

/* Hands `text` on in a block of its exact size. */
static void
show(struct chain_run *run, struct span text)
{
    char *exact = malloc(text.len > 0 ? text.len : 1);

    assert_non_null(exact);
    if (text.len > 0)
        memcpy(exact, text.data, text.len);
    assert_int_equal(chain_body(run, (struct span){exact, text.len}), FILTER_CONTINUE);
    free(exact);
}

/* The message as it leaves, its body cut at `cut`. */
static void
filter(const struct spam_score *conf, struct span message, size_t cut, struct message_report *report, struct bytes *out)
{
    static const struct message_info info   = {0};
    static const struct chain_host   host   = {.keep = keep_in_memory, .kept = show_memory, .drop = drop_memory};
    struct chain_filter              setup  = {&spam_score_module, "score", (void *)conf, CHAIN_PASS, 0, 0};
    struct chain                     chain  = {(const struct chain_filter *[]){&setup}, 1};
    struct header_list               list   = {0};
    struct chain_run                *run    = chain_open(&chain, &info, report, &host);
    struct headers_scan              scan   = {0};
    ssize_t                          length = headers_length(message, &scan);
    struct span                      body;

    length = length < 0 ? (ssize_t)message.len : length;
    body   = span_tail(message, (size_t)length);
    cut    = cut < body.len ? cut : body.len;
    headers_parse(&list, message);
    assert_int_equal(chain_headers(run, &list), FILTER_CONTINUE);
    show(run, span_head(body, cut));
    show(run, span_tail(body, cut));
    assert_int_equal(chain_end(run), FILTER_CONTINUE);
    assert_int_equal(chain_reach(run), FILTER_SKIPS);
    headers_write(&list, out);
    bytes_add(out, body);
    headers_free(&list);
    chain_close(&run);
}

static void
check(size_t row, const struct spam_score *conf, size_t cut)
{
    struct message_report report = {0};
    struct bytes          out    = {0};

    filter(conf, span_of(cases[row].message), cut, &report, &out);
    if (strcmp(out.data, cases[row].expect) != 0)
        fail_msg("row %zu, cut at %zu:\n%s\nis not\n%s", row, cut, out.data, cases[row].expect);
    assert_true(report.scored);
    assert_true(report.required == 5.0);
    bytes_free(&report.rules);
    bytes_free(&out);
}

static void
test_messages(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        struct spam_score conf  = conf_with(cases[row].tag);
        struct error      error = {0};

        assert_int_equal(spam_score_module.configure(&conf, &place, &error), 0);
        for (size_t cut = 0; cut <= strlen(cases[row].message); cut++)
            check(row, &conf, cut);
        spam_score_module.release(&conf);
        assert_null(conf.rules);
    }
}

static void
test_report(void **state)
{
    struct spam_score     conf   = conf_with("");
    struct message_report report = {0};
    struct error          error  = {0};
    struct bytes          out    = {0};

    (void)state;
    assert_int_equal(spam_score_module.configure(&conf, &place, &error), 0);
    filter(&conf, SPAN("A: b\r\n\r\npills and a friend\r\n"), 5, &report, &out);
    assert_true(report.scored);
    assert_true(report.score == 5.06);
    assert_string_equal(report.rules.data, "GOOD,PILLS");
    bytes_free(&report.rules);
    bytes_free(&out);
    spam_score_module.release(&conf);
}

/* A message longer than the limit is scored by what is below it, and goes on from there. */
static void
test_limit(void **state)
{
    static const struct {
        const char *front;
        size_t      fill;
        const char *behind;
        double      score;
    } rows[] = {
        {"A: b\r\n\r\n", 4000, " pills\r\n", 7.1},
        {"A: b\r\n\r\npills ", 100000, "\r\n", 7.1},
        {"A: b\r\n\r\n", 4100, " pills\r\n", 0},
        {"A: b\r\n\r\n", 4083, " pills\r\n", 0},                   /* cut in the word */
        {"Subject: pills\r\nA: ", 5000, "\r\n\r\npills\r\n", 7.1}, /* a header that is longer */
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct spam_score     conf    = conf_with("");
        struct message_report report  = {0};
        struct error          error   = {0};
        struct bytes          message = {0}, out = {0};

        bytes_add(&message, span_of(rows[row].front));
        for (size_t i = 0; i < rows[row].fill; i++)
            bytes_add_char(&message, i % 70 == 69 ? ' ' : 'x');
        bytes_add(&message, span_of(rows[row].behind));
        assert_int_equal(spam_score_module.configure(&conf, &place, &error), 0);
        filter(&conf, bytes_span(&message), 2000, &report, &out);
        if (!report.scored || report.score != rows[row].score)
            fail_msg("row %zu: %g", row, report.score);
        assert_true(out.len > message.len);
        bytes_free(&report.rules);
        bytes_free(&message);
        bytes_free(&out);
        spam_score_module.release(&conf);
    }
}

static void
test_mistakes(void **state)
{
    static const struct {
        const char *tag, *rules, *errors;
    } rows[] = {
        {"", "/none", "proxy.conf:7: rules /none: No such file or directory\n"},
        {"\xff", rules_path, "proxy.conf:8: subject_tag is not UTF-8\n"},
        {"a\nb", rules_path, "proxy.conf:8: subject_tag has a control character in it\n"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
         rules_path, "proxy.conf:8: subject_tag has more than 200 octets\n"},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct spam_score conf  = conf_with(rows[row].tag);
        struct error      error = {0};

        conf.rule_paths.items = (char *[]){(char *)rows[row].rules};
        assert_int_equal(spam_score_module.configure(&conf, &place, &error), -1);
        assert_string_equal(error_text(&error), rows[row].errors);
        spam_score_module.release(&conf);
        error_free(&error);
    }
}

/* What proxy.conf does not say, the rules do; and what they do not either is 5, and no tag. */
static void
test_left_out(void **state)
{
    static const struct {
        double      required;
        const char *tag, *rules, *score, *subject;
    } rows[] = {
        {NAN, NULL, "", "score=6.0 required=5.0", "Subject: hi\r\n"},
        {NAN, NULL, "required_score 5.5\nrewrite_header Subject [_SCORE_ of _REQD_]\n", "score=6.0 required=5.5",
         "Subject: [6.0 of 5.5] hi\r\n"},
        {NAN, NULL, "required_hits 7\nrewrite_header Subject [SPAM]\n", "score=6.0 required=7.0", "Subject: hi\r\n"},
        {4, "", "required_score 7\nrewrite_header Subject [SPAM]\n", "score=6.0 required=4.0", "Subject: hi\r\n"},
        {0, "<_HITS__X_> ", "required_score 7\n", "score=6.0 required=0.0", "Subject: <6.0_X_> hi\r\n"},
    };
    char path[] = "/tmp/test_spam_score.XXXXXX";
    int  fd     = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct spam_score     conf   = conf_with(rows[row].tag);
        struct message_report report = {0};
        struct error          error  = {0};
        struct bytes          out    = {0};

        conf.rule_paths.items = (char *[]){path};
        conf.required_score   = rows[row].required;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_true(pwrite(fd, "body A /x/\nscore A 6\n", 21, 0) == 21);
        assert_true(pwrite(fd, rows[row].rules, strlen(rows[row].rules), 21) == (ssize_t)strlen(rows[row].rules));
        assert_int_equal(spam_score_module.configure(&conf, &place, &error), 0);
        filter(&conf, SPAN("Subject: hi\r\n\r\nx\r\n"), 0, &report, &out);
        if (strstr(out.data, rows[row].score) == NULL || strstr(out.data, rows[row].subject) == NULL)
            fail_msg("row %zu: %s", row, out.data);
        bytes_free(&report.rules);
        bytes_free(&out);
        spam_score_module.release(&conf);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

/* Mistakes in rules stop nothing, and are noted beside what was left out. */
static void
test_notes(void **state)
{
    static const char text[] = "body A /(/\nbody B /x/\nbody C eval:nobody_has_it()\n";
    char              path[] = "/tmp/test_spam_score.XXXXXX", expect[256];
    int               fd     = mkstemp(path);
    struct spam_score conf   = conf_with("");
    struct error      error  = {0};

    (void)state;
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
    conf.rule_paths.items = (char *[]){path};
    assert_int_equal(spam_score_module.configure(&conf, &place, &error), 0);
    (void)snprintf(expect, sizeof(expect),
                   "%s:1: A: missing closing parenthesis at offset 1\nproxy.conf:7: 1 of 3 rules run\n"
                   "proxy.conf:7: 1 rule has a mistake\n"
                   "proxy.conf:7: 1 rule calls a function that is not there: nobody_has_it 1\n",
                   path);
    assert_string_equal(error_notes(&error), expect);
    assert_int_equal(error.count, 0);
    error_free(&error);
    spam_score_module.release(&conf);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

/* --- In turns. --- */

static unsigned yields;

static void
take_yield(void *context)
{
    (void)context;
    yields++;
}

/* A message that is held to its end, and takes longer than a slice. */
struct slow {
    struct chain_filter        setup;
    const struct chain_filter *filter;
    struct chain               chain;
    struct message_report      report;
    struct header_list         list;
    struct chain_run          *run;
};

static void
open_slow(struct slow *slow, struct spam_score *conf)
{
    static const struct message_info info = {0};
    static const struct chain_host   host = {
          .keep = keep_in_memory, .kept = show_memory, .drop = drop_memory, .yield = take_yield};
    static struct bytes body;

    bytes_clear(&body);
    for (unsigned i = 0; i < 8; i++)
        bytes_printf(&body, "pills %u aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\r\n\r\n", i);
    *slow        = (struct slow){.setup = {&spam_score_module, "score", conf, CHAIN_PASS, 0, 0}};
    slow->filter = &slow->setup;
    slow->chain  = (struct chain){&slow->filter, 1};
    slow->run    = chain_open(&slow->chain, &info, &slow->report, &host);
    headers_parse(&slow->list, SPAN("A: b\r\n\r\n"));
    assert_int_equal(chain_headers(slow->run, &slow->list), FILTER_CONTINUE);
    assert_int_equal(chain_body(slow->run, bytes_span(&body)), FILTER_CONTINUE);
    bytes_free(&body);
}

static void
close_slow(struct slow *slow)
{
    chain_close(&slow->run);
    headers_free(&slow->list);
    bytes_free(&slow->report.rules);
}

static void
end_slow(struct slow *slow)
{
    enum filter_verdict verdict;

    while ((verdict = chain_end(slow->run)) == FILTER_WAIT)
        chain_next_turn(slow->run);
    assert_int_equal(verdict, FILTER_CONTINUE);
    assert_int_equal(strncmp(slow->report.rules.data, "PILLS,QUICK", 11), 0);
}

/* One message at a time is looked at; the others wait until it is done, or gone. */
static void
test_turns(void **state)
{
    static const char slow_rules[] =
        "body PILLS /pills/\nbody SLOW /^(pills|\\d|\\s|a+)+$/\nbody SLOW2 /^pills \\d (a+)+$/\n"
        "body QUICK /pills 7/\n";
    char              path[] = "/tmp/test_spam_score_slow.XXXXXX";
    int               fd     = mkstemp(path);
    struct spam_score conf   = conf_with("");
    struct error      error  = {0};
    struct slow       slow[3];

    (void)state;
    assert_true(fd >= 0 && write(fd, slow_rules, sizeof(slow_rules) - 1) == (ssize_t)sizeof(slow_rules) - 1);
    conf.rule_paths.items = (char *[]){path};
    assert_int_equal(spam_score_module.configure(&conf, &place, &error), 0);
    for (size_t i = 0; i < COUNT_OF(slow); i++)
        open_slow(&slow[i], &conf);
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        yields = 0;
        assert_int_equal(chain_end(slow[i].run), FILTER_WAIT);
        assert_int_equal(yields, 1);
    }
    chain_next_turn(slow[1].run);
    yields = 0;
    assert_int_equal(chain_end(slow[1].run), FILTER_WAIT); /* it is not its turn */
    assert_int_equal(yields, 1);
    end_slow(&slow[0]);
    chain_next_turn(slow[1].run);
    assert_int_equal(chain_end(slow[1].run), FILTER_WAIT);
    close_slow(&slow[1]); /* left off for ever */
    chain_next_turn(slow[2].run);
    end_slow(&slow[2]);
    close_slow(&slow[0]);
    close_slow(&slow[2]);
    spam_score_module.release(&conf);
    error_free(&error);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

static int
write_rules(void **state)
{
    int fd = mkstemp(rules_path);

    (void)state;
    if (fd < 0 || write(fd, rules_text, sizeof(rules_text) - 1) != (ssize_t)sizeof(rules_text) - 1)
        return -1;
    return close(fd);
}

static int
remove_rules(void **state)
{
    (void)state;
    return unlink(rules_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages), cmocka_unit_test(test_report),   cmocka_unit_test(test_limit),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_left_out), cmocka_unit_test(test_notes),
        cmocka_unit_test(test_turns),
    };

    return cmocka_run_group_tests(tests, write_rules, remove_rules);
}
