/* mimeheader rules, each alone over one mail of four parts. SpamAssassin says the same of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/count.h"
#include "tests/unit/spamassassin/rule_fixture.h"

static const char mail_text[] = "From: a@b.c\n"
                                "Subject: x\n"
                                "Content-Type: multipart/mixed;\n"
                                "  boundary=b\n"
                                "\n"
                                "--b\n"
                                "Content-Type: text/plain\n"
                                "\n"
                                "x\n"
                                "--b\n"
                                "Content-Type: text/html;\n"
                                "\tcharset=x\n"
                                "Content-Description: =?utf-8?q?caf=C3=A9?=\n"
                                "\n"
                                "y\n"
                                "--b\n"
                                "\n"
                                "z\n"
                                "--b--\n";

static const struct {
    const char *rules, *hits;
} cases[] = {
    {"mimeheader A Content-Type =~ /html/", "A"},
    {"mimeheader A content-TYPE: =~ /html/", "A"},
    {"mimeheader A Content-Type =~ /^text.html; charset=x\\n$/", "A"}, /* unfolded, a line end behind it */
    {"mimeheader A Content-Type:raw =~ /^text.html;\\n\\tcharset=x\\n$/", "A"},
    {"mimeheader A Content-Type:raw =~ /^ multipart.mixed;\\n  boundary/", "A"}, /* of the mail: all behind the colon */
    {"mimeheader A Content-Type:raw =~ /^ text/", ""},                           /* of parts: without white space */
    {"mimeheader A Content-Description =~ /^caf\xc3\xa9$/", "A"},
    {"mimeheader A Content-Description:raw =~ /^=.utf-8/", "A"},
    {"mimeheader A Subject =~ /x/", "A"},
    {"mimeheader A Content-Type =~ /nothing/", ""},
    {"mimeheader A Content-Type !~ /nothing/", "A"},
    {"mimeheader A Content-Type !~ /text/", "A"},
    {"mimeheader A X-Foo =~ /^$/", "A"},
    {"mimeheader A X-Foo =~ /^UNSET$/ [if-unset: UNSET]", "A"},
    {"mimeheader A X-Foo:raw =~ /^UNSET$/ [if-unset: UNSET]", ""},
    {"mimeheader A X-Foo:raw =~ /^$/", "A"},
    {"mimeheader A ALL =~ /^Content-Type: text.plain$/m", "A"},
    {"mimeheader A ALL =~ /^Subject: x$.*^Content-Type: multi/ms", "A"},
    {"mimeheader A ALL:raw =~ /^Content-Type: text.html; charset=x$/m", "A"},
    {"mimeheader __A Content-Type =~ /t/\ntflags __A multiple\nmeta B __A == 2", "B,__A"}, /* in the first part alone */
    {"mimeheader __A Content-Type =~ /t/\ntflags __A multiple maxhits=1\nmeta B __A == 1", "B,__A"},
    {"mimeheader __A Content-Type =~ /t/\ntflags __A maxhits=2\nmeta B __A == 1", "B,__A"},
    {"mimeheader A Content-Type =~ /multi/\ntflags A range=1", "A"},
    {"mimeheader A Content-Type =~ /text/\ntflags A range=1", ""},
    {"mimeheader A Content-Type =~ /multi/\ntflags A range=2-", ""},
    {"mimeheader A Content-Type =~ /html/\ntflags A range=-2", ""},
    {"mimeheader A Content-Type =~ /html/\ntflags A range=2-3", "A"},
    {"tflags A range=2-2\nmimeheader A Content-Type =~ /html/", ""},
    {"mimeheader A Content-Type =~ /plain.*html/s", ""},
    {"mimeheader A Content-Type =~ /plain.*html/s\ntflags A concat", "A"},
    {"mimeheader A Content-Type =~ /^MISSING/m [if-unset: MISSING]\ntflags A concat", "A"},
    {"mimeheader A X-Foo =~ /eval:/", ""},
    {"mimeheader A Content-Type =~ /html/\nifplugin Mail::SpamAssassin::Plugin::MIMEHeader\nmeta B A\nendif", "A,B"},
    {"if can(Mail::SpamAssassin::Plugin::MIMEHeader::has_tflags_range)\nbody A /x/\nendif", "A"},
};

static void
test_cases(void **state)
{
    struct mail mail = {0};

    (void)state;
    mail_parse(&mail, NULL, span_of(mail_text));
    assert_int_equal(mail.parts.count, 4);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct score_rules *rules = load_text(cases[i].rules);
        struct bytes        hits  = {0};

        score_list_hits(rules, &mail, &hits);
        bytes_add(&hits, SPAN(""));
        if (strcmp(hits.data, cases[i].hits) != 0)
            fail_msg("%s\nhits \"%s\"", cases[i].rules, hits.data);
        bytes_free(&hits);
        score_rules_free(&rules);
    }
    mail_free(&mail);
}

static void
test_mistakes(void **state)
{
    static const char *const rules[] = {"mimeheader A Content-Type\n", "mimeheader A Content-Type /x/\n",
                                        "mimeheader A Content-Type:addr =~ /x/\n", "mimeheader A :raw =~ /x/\n",
                                        "mimeheader A Content-Type =~ /(/\n"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        struct error        error = {0};
        struct score_rules *loaded;

        write_file("a.cf", span_of(rules[i]));
        loaded = load("a.cf", &error);
        assert_non_null(loaded);
        if (score_mistakes(loaded)->count != 1)
            fail_msg("%s: %zu mistakes", rules[i], score_mistakes(loaded)->count);
        score_rules_free(&loaded);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_mistakes)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
