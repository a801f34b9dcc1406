/* FreeMail: which addresses are free, in which fields and in the text, and where an answer would go. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

#define DOMAINS "freemail_domains free.com other.net wild.* *.deep.org co*.uk"
#define FROM(address) "From: A <" address ">\n"
#define SENDER(address) "X-Envelope-From: <" address ">\n"
#define REPLY(address) "Reply-To: A <" address ">\n"
#define TEXT(text) "Content-Type: text/plain\n\n" text "\n"
#define HTML(text) "Content-Type: text/html\n\n<p>" text "</p>\n"

static const struct eval_row field_rows[] = {
    {DOMAINS, "check_freemail_from()", FROM("ann@free.com") "\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("ANN@FREE.COM") "\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("ann@notfree.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("ann@mail.free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("ann@wild.de") "\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("ann@wild.co.de") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("ann@a.deep.org") "\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("ann@a.b.deep.org") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("ann@company.uk") "\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("bob@x.com") "Resent-From: ann@free.com\n\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("ann@free.com") "Resent-From: bob@x.com\n\n", 0},
    {DOMAINS, "check_freemail_from('\\d@')", FROM("ann1@free.com") "\n", 1},
    {DOMAINS, "check_freemail_from('\\d@')", FROM("ann@free.com") "\n", 0},
    {"", "check_freemail_from()", FROM("ann@free.com") "\n", 0},
    {DOMAINS, "check_freemail_header('EnvelopeFrom', '\\d@')", SENDER("ann1@free.com") "\n", 1},
    {DOMAINS, "check_freemail_header('EnvelopeFrom', '\\d@')", SENDER("ann@free.com") FROM("a1@free.com") "\n", 0},
    {DOMAINS, "check_freemail_header('X-Sender')", "X-Sender: ann@free.com\n\n", 1},
    {DOMAINS, "check_freemail_header('X-Sender')", "X-Sender: bob@x.com, ann@free.com\n\n", 1},
    {DOMAINS, "check_freemail_header('X-Sender')", FROM("ann@free.com") "\n", 0},
    {DOMAINS, "check_freemail_header('Reply-To:addr', '\\d@')", REPLY("ann1@free.com") "\n", 1},
    {DOMAINS, "check_freemail_header('Reply-To:addr', '\\d@')", REPLY("ann@free.com") "\n", 0},
    /* those of roles and programs are not a person's */
    {DOMAINS, "check_freemail_from()", FROM("postmaster@free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("support@free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("supporter@free.com") "\n", 1},
    {DOMAINS, "check_freemail_from()", FROM("bounce-@free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("0123abcd.4567cdef@free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("0123abcd-0123-4567-89ab-0123456789ab@free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("a=b=c@free.com") "\n", 0},
    {DOMAINS, "check_freemail_from()", FROM("a=bc@free.com") "\n", 1},
    {DOMAINS "\nfreemail_welcomelist ann@free.com", "check_freemail_from()", FROM("ann@free.com") "\n", 0},
    {DOMAINS "\nfreemail_whitelist ann@free.com", "check_freemail_from()", FROM("bob@free.com") "\n", 1},
    {DOMAINS "\nfreemail_welcomelist free.com", "check_freemail_from()", FROM("ann@free.com") "\n", 0},
    {DOMAINS "\nwelcomelist_auth *@free.com", "check_freemail_from()", FROM("ann@free.com") "\n", 1},
    {DOMAINS "\nwelcomelist_auth *@free.com\nfreemail_import_welcomelist_auth 1", "check_freemail_from()",
     FROM("ann@free.com") "\n", 0},
    {DOMAINS "\ndef_whitelist_auth *@free.com\nfreemail_import_def_whitelist_auth 1", "check_freemail_from()",
     FROM("ann@free.com") "\n", 0},
};

static const struct eval_row body_rows[] = {
    {DOMAINS, "check_freemail_body()", TEXT("Write to ann@free.com, please."), 1},
    {DOMAINS, "check_freemail_body()", TEXT("Write to Ann@Free.Com."), 1},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("(a.b-c+d@free.com)"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("Write to bob@x.com, please."), 0},
    {DOMAINS, "check_freemail_body()", TEXT("Write to ann@free.com.au, please."), 0},
    {DOMAINS, "check_freemail_body()", TEXT("Write to ann@free.community, please."), 0},
    {DOMAINS, "check_freemail_body()", TEXT("Write to ann@@free.com, .@free.com, @free.com"), 0},
    {DOMAINS, "check_freemail_body()",
     TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@free.com"), 1},
    {DOMAINS, "check_freemail_body()",
     TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@free.com"), 0},
    {DOMAINS, "check_freemail_body('\\d@')", TEXT("ann@free.com ann2@other.net"), 1},
    {DOMAINS, "check_freemail_body('\\d@')", TEXT("ann@free.com ann2@x.net"), 0},
    /* in links, and of whom the mail quotes */
    {DOMAINS, "check_freemail_body()", TEXT("See http://a.com/?ann@free.com and https://ann%40x@free.com/"), 0},
    {DOMAINS, "check_freemail_body()", TEXT("See http://a.com/ ann@free.com"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("Ann <ann@free.com> wrote:"), 0},
    {DOMAINS, "check_freemail_body()", TEXT("Ann <bob@x.com> and ann@free.com"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com wrote:"), 0},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com fax: 1234"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com mail: other"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("<mailto:ann@free.com>"), 1},
    /* more addresses than a person would name */
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com a@x.com b@x.com c@x.com"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com a@x.com b@x.com c@x.com d@x.com"), 0},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com a@x.com a@x.com a@x.com a@x.com"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com bob@free.com"), 1},
    {DOMAINS, "check_freemail_body()", TEXT("ann@free.com bob@free.com eve@free.com"), 0},
    {DOMAINS "\nfreemail_max_body_freemails 4", "check_freemail_body()", TEXT("a@free.com b@free.com c@free.com"), 1},
    {DOMAINS "\nfreemail_skip_when_over_max 0", "check_freemail_body()", TEXT("a@free.com b@free.com c@free.com"), 1},
    {DOMAINS "\nfreemail_max_body_emails 2", "check_freemail_body()", TEXT("ann@free.com a@x.com"), 0},
};

static const struct eval_row answer_rows[] = {
    {DOMAINS, "check_freemail_replyto()", FROM("ann@free.com") REPLY("ann@other.net") "\n", 1},
    {DOMAINS, "check_freemail_replyto('replyto')", FROM("ann@free.com") REPLY("ann@other.net") "\n", 1},
    {DOMAINS, "check_freemail_replyto('reply')", FROM("ann@free.com") REPLY("ann@other.net") "\n", 1},
    {DOMAINS, "check_freemail_replyto()", FROM("ann@free.com") REPLY("ann@free.com") "\n", 0},
    {DOMAINS, "check_freemail_replyto()", FROM("ann@free.com") REPLY("ANN@free.com") "\n", 0},
    {DOMAINS, "check_freemail_replyto()", FROM("ann@x.com") REPLY("ann@other.net") "\n", 0},
    {DOMAINS, "check_freemail_replyto()", FROM("ann@x.com") REPLY("ann@free.com") TEXT("bob@free.com"), 1},
    {DOMAINS, "check_freemail_replyto()", FROM("ann@x.com") REPLY("ann@free.com") TEXT("ann@free.com"), 0},
    {DOMAINS, "check_freemail_replyto('reply')", FROM("ann@x.com") REPLY("ann@free.com") TEXT("bob@free.com"), 0},
    {DOMAINS, "check_freemail_replyto('replyto')", FROM("ann@free.com") TEXT("bob@free.com"), 0},
    {DOMAINS, "check_freemail_replyto('reply')", FROM("ann@free.com") TEXT("bob@free.com"), 1},
    {DOMAINS, "check_freemail_replyto('reply')", FROM("ann@free.com") TEXT("ann@free.com"), 0},
    {DOMAINS, "check_freemail_replyto('reply')", FROM("ann@free.com") REPLY("ann@x.com") TEXT("bob@free.com"), 0},
    {DOMAINS, "check_freemail_replyto('reply')", FROM("ann@x.com") TEXT("bob@free.com"), 0},
    /* nobody answers a program */
    {DOMAINS, "check_freemail_replyto()", SENDER("list-bounces@x.com") FROM("a@free.com") REPLY("a@other.net") "\n", 0},
    {DOMAINS, "check_freemail_replyto()", SENDER("ann=b@x.com") FROM("a@free.com") REPLY("a@other.net") "\n", 0},
    {DOMAINS, "check_freemail_replyto()", SENDER("no.reply@x.com") FROM("a@free.com") REPLY("a@other.net") "\n", 0},
    {DOMAINS, "check_freemail_replyto()", SENDER("ann@x.com") FROM("a@free.com") REPLY("a@other.net") "\n", 1},
    {DOMAINS "\nfreemail_skip_bulk_envfrom 0", "check_freemail_replyto()",
     SENDER("no.reply@x.com") FROM("a@free.com") REPLY("a@other.net") "\n", 1},
};

static void
test_fields(void **state)
{
    (void)state;
    check_rows(field_rows, COUNT_OF(field_rows));
}

static void
test_body(void **state)
{
    (void)state;
    check_rows(body_rows, COUNT_OF(body_rows));
}

static void
test_answers(void **state)
{
    (void)state;
    check_rows(answer_rows, COUNT_OF(answer_rows));
}

static const char *const all_calls[] = {
    "check_freemail_from()",    "check_freemail_header('To')",     "check_freemail_body()",
    "check_freemail_replyto()", "check_freemail_replyto('reply')",
};

static const struct hostile_mail hostile[] = {
    {"From: ", "a@free.com,\n ", 100000, "\n\n"},
    {"From: a@free.com\nReply-To: ", "a@free.com,\n ", 100000, "\n\n"},
    {"From: ", "=", 1000000, "@free.com\n\n"},
    {"From: a@free.com\n\n", "@", 1000000, "\n"},
    {"From: a@free.com\n\n", "a.", 500000, "@free.com\n"},
    {"From: a@free.com\n\n", "a@free.", 150000, "\n"},
    {"From: a@free.com\n\n", "http://a@", 100000, "\n"},
    {"From: a@free.com\n\n", "<a@b.com> a@free.com ", 50000, "\n"},
    {"From: a@free.com\nContent-Type: text/html\n\n", "<a href='mailto:a@free.com'>", 30000, "\n"},
};

static void
test_hostile(void **state)
{
    (void)state;
    check_hostile(DOMAINS, all_calls, COUNT_OF(all_calls), hostile, COUNT_OF(hostile));
}

/* What of a rule file cannot be read. */
static void
test_mistakes(void **state)
{
    static const char *const bad_lines[] = {"freemail_domains fr_ee.com", "freemail_welcomelist nobody",
                                            "freemail_max_body_emails many", "freemail_max_body_emails"};
    static const char *const bad_calls[] = {"check_freemail_replyto('all')", "check_freemail_from('(')",
                                            "check_freemail_header()"};

    (void)state;
    check_bad_lines(bad_lines, COUNT_OF(bad_lines));
    check_bad_calls(bad_calls, COUNT_OF(bad_calls));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),  cmocka_unit_test(test_body),     cmocka_unit_test(test_answers),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
