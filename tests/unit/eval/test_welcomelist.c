/* Lists of addresses, hosts and subjects: WLBLEval, WelcomeListSubject, VBounce. */
#include "base/count.h"
#include "rules/eval/address_list.h"
#include "tests/unit/eval/eval_fixture.h"

#define FROM(address) "From: A <" address ">\n"
#define TEXT(text) "Content-Type: text/plain\n\n" text "\n"

static const struct eval_row address_rows[] = {
    {"blocklist_from ann@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from ann@a.com", "check_from_in_blacklist()", FROM("ANN@A.COM") "\n", 1},
    {"blacklist_from Ann@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from ann@a.com", "check_from_in_blocklist()", FROM("joann@a.com") "\n", 0},
    {"blocklist_from ann@a.com", "check_from_in_blocklist()", FROM("ann@a.com.net") "\n", 0},
    {"blocklist_from b@b.com *@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from *@a.com", "check_from_in_blocklist()", FROM("ann@b.a.com") "\n", 0},
    {"blocklist_from *@*.a.com", "check_from_in_blocklist()", FROM("ann@b.a.com") "\n", 1},
    {"blocklist_from *a.com", "check_from_in_blocklist()", FROM("ann@b.a.com") "\n", 1},
    {"blocklist_from ?nn@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from ?nn@a.com", "check_from_in_blocklist()", FROM("nn@a.com") "\n", 0},
    {"blocklist_from a**n@*", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from a.n@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 0},
    {"blocklist_from *", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from *", "check_from_in_blocklist()", "To: ann@a.com\n\n", 0},
    {"blocklist_from *@a.com\nunblocklist_from *@A.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 0},
    {"blocklist_from *@a.com\nunblacklist_from ann@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"blocklist_from ann@a.com", "check_from_in_blocklist()", FROM("ann@a..com") "\n", 1},
    {"blocklist_from ann@a.com", "check_from_in_blocklist()", "X-Envelope-From: ann@a.com\n\n", 1},
    {"blocklist_from ann@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "Resent-From: b@b.com\n\n", 0},
    {"", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 0},
    {"blocklist_to ann@a.com", "check_to_in_blocklist()", "To: B <b@b.com>, A <ann@a.com>\n\n", 1},
    {"blocklist_to ann@a.com", "check_to_in_blacklist()", "Cc: ann@a.com\n\n", 1},
    {"blacklist_to ann@a.com", "check_to_in_blocklist()", "X-Original-To: ann@a.com\n\n", 1},
    {"blocklist_to ann@a.com", "check_to_in_blocklist()", "Received: from x by y for <ann@a.com>; Mon\n\n", 1},
    {"blocklist_to ann@a.com", "check_to_in_blocklist()", "Received: from x by y for <ann@a_b>; Mon\n\n", 0},
    {"blocklist_to ann@a.com", "check_to_in_blocklist()", "To: ann@a.com\nResent-To: b@b.com\n\n", 0},
    {"blocklist_to ann@a.com", "check_to_in_blocklist()", FROM("ann@a.com") "\n", 0},
    {"welcomelist_to ann@a.com", "check_to_in_welcomelist()", "To: ann@a.com\n\n", 1},
    {"whitelist_to ann@a.com", "check_to_in_whitelist()", "To: ann@a.com\n\n", 1},
    {"welcomelist_to ann@a.com", "check_to_in_welcomelist()", "To: b@a.com\n\n", 0},
    {"more_spam_to ann@a.com", "check_to_in_more_spam()", "To: ann@a.com\n\n", 1},
    {"all_spam_to ann@a.com", "check_to_in_more_spam()", "To: ann@a.com\n\n", 0},
    {"all_spam_to ann@a.com", "check_to_in_all_spam()", "To: ann@a.com\n\n", 1},
    {"more_spam_to ann@a.com", "check_to_in_all_spam()", "To: ann@a.com\n\n", 0},
    {"enlist_addrlist (MINE) *@a.com b@b.com", "check_from_in_list('MINE')", FROM("ann@a.com") "\n", 1},
    {"enlist_addrlist (MINE) *@a.com b@b.com", "check_from_in_list('MINE')", FROM("ann@b.com") "\n", 0},
    {"enlist_addrlist (MINE) *@a.com\nenlist_addrlist (OTHER) *@b.com", "check_from_in_list('OTHER')",
     FROM("ann@a.com") "\n", 0},
    {"enlist_addrlist (blocklist_from) *@a.com", "check_from_in_blocklist()", FROM("ann@a.com") "\n", 1},
    {"enlist_addrlist (MINE) *@a.com", "check_to_in_list('MINE')", "To: ann@a.com\n\n", 1},
    {"enlist_addrlist (MINE) *@a.com", "check_to_in_list('MINE')", FROM("ann@a.com") "\n", 0},
    {"enlist_addrlist (MINE) *@a.com", "check_replyto_in_list('MINE')", "Reply-To: ann@a.com\n\n", 1},
    {"enlist_addrlist (MINE) *@a.com", "check_replyto_in_list('MINE')", "Reply-To: b@b.com, ann@a.com\n\n", 0},
    {"enlist_addrlist (MINE) *", "check_replyto_in_list('MINE')", FROM("ann@a.com") "\n", 0},
    {"welcomelist_auth *@a.com\nunwelcomelist_auth *@a.com", "check_from_in_list('welcomelist_auth')",
     FROM("ann@a.com") "\n", 0},
    {"def_welcomelist_auth *@a.com\nunwhitelist_auth *@a.com", "check_from_in_list('def_welcomelist_auth')",
     FROM("ann@a.com") "\n", 0},
};

#define CAME                                                                                                           \
    FROM("ann@a.com")                                                                                                  \
    "Received: from mx1.a.com (mx1.a.com [192.0.2.17]) by mail.example.com (Postfix) with ESMTP id 12345; Mon, 5 Jan " \
    "2026 12:00:00 +0000\n\n"

static const struct eval_row relay_rows[] = {
    {"welcomelist_from *@a.com", "check_from_in_welcomelist()", FROM("ann@a.com") "\n", 1},
    {"whitelist_from *@a.com", "check_from_in_whitelist()", FROM("ann@a.com") "\n", 1},
    {"welcomelist_from *@a.com", "check_from_in_welcomelist()", FROM("ann@b.com") "\n", 0},
    {"welcomelist_from *@a.com\nunwelcomelist_from *@a.com", "check_from_in_welcomelist()", FROM("ann@a.com") "\n", 0},
    {"welcomelist_from *@a.com\nunwhitelist_from *@a.com", "check_from_in_welcomelist()", FROM("ann@a.com") "\n", 0},
    {"welcomelist_from_rcvd *@a.com a.com", "check_from_in_welcomelist()", CAME, 1},
    {"whitelist_from_rcvd *@a.com MX1.a.com", "check_from_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com x1.a.com", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@b.com a.com", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com b.com\nwelcomelist_from_rcvd *@a.com a.com", "check_from_in_welcomelist()", CAME,
     1},
    {"welcomelist_from_rcvd *@a.com a.com", "check_from_in_welcomelist()", FROM("ann@a.com") "\n", 0},
    {"welcomelist_from_rcvd *@a.com [192.0.2.17]", "check_from_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com [192.0.2.1]", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com [192.0.2]", "check_from_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com [192.0.]", "check_from_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com [192.0.1]", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com [192.0.2.16/30]", "check_from_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com [192.0.2.16]/30", "check_from_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com [192.0.2.20/30]", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com [2001:db8::/32]", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com [x]", "check_from_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com b.com", "check_forged_in_welcomelist()", CAME, 1},
    {"welcomelist_from_rcvd *@a.com a.com", "check_forged_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@b.com b.com", "check_forged_in_whitelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com b.com\nwelcomelist_allows_relays ann@*", "check_forged_in_welcomelist()", CAME, 0},
    {"welcomelist_from_rcvd *@a.com b.com\ndef_welcomelist_from_rcvd *@a.com a.com", "check_forged_in_welcomelist()",
     CAME, 0},
    {"def_welcomelist_from_rcvd *@a.com a.com", "check_from_in_default_welcomelist()", CAME, 1},
    {"def_whitelist_from_rcvd *@a.com a.com", "check_from_in_default_whitelist()", CAME, 1},
    {"def_welcomelist_from_rcvd *@a.com b.com", "check_from_in_default_welcomelist()", CAME, 0},
    {"def_welcomelist_from_rcvd *@a.com b.com", "check_forged_in_default_welcomelist()", CAME, 1},
    {"def_welcomelist_from_rcvd *@a.com b.com\nwelcomelist_from ann@a.com", "check_forged_in_default_whitelist()", CAME,
     0},
    {"def_welcomelist_from_rcvd *@a.com a.com\nunwelcomelist_from_rcvd *@a.com", "check_from_in_default_welcomelist()",
     CAME, 0},
    {"welcomelist_from_rcvd *@a.com a.com\nunwhitelist_from_rcvd *@a.com", "check_from_in_welcomelist()", CAME, 0},
    {"", "check_mailfrom_matches_rcvd()", "X-Envelope-From: ann@news.a.com\n" CAME, 1},
    {"", "check_mailfrom_matches_rcvd()", "X-Envelope-From: ann@b.com\n" CAME, 0},
    {"", "check_mailfrom_matches_rcvd()", CAME, 0},
};

static const struct eval_row host_rows[] = {
    {"enlist_uri_host (MINE) a.com", "check_uri_host_listed('MINE')", TEXT("http://a.com/x"), 1},
    {"enlist_uri_host (MINE) a.com", "check_uri_host_listed('MINE')", TEXT("http://www.A.com/x"), 1},
    {"enlist_uri_host (MINE) a.com", "check_uri_host_listed('MINE')", TEXT("http://aa.com/x"), 0},
    {"enlist_uri_host (MINE) www.a.com", "check_uri_host_listed('MINE')", TEXT("http://a.com/x"), 0},
    {"enlist_uri_host (MINE) com", "check_uri_host_listed('MINE')", TEXT("http://a.com/x"), 1},
    {"enlist_uri_host (MINE) a.com !www.a.com", "check_uri_host_listed('MINE')", TEXT("http://www.a.com/x"), 0},
    {"enlist_uri_host (MINE) a.com !www.a.com", "check_uri_host_listed('MINE')",
     TEXT("http://www.a.com/x http://ftp.a.com/"), 1},
    {"enlist_uri_host (MINE) a.com", "check_uri_host_listed('OTHER')", TEXT("http://a.com/x"), 0},
    {"enlist_uri_host (MINE) a.com\ndelist_uri_host (MINE) A.com", "check_uri_host_listed('MINE')",
     TEXT("http://a.com/x"), 0},
    {"enlist_uri_host (MINE) a.com\ndelist_uri_host (OTHER) a.com", "check_uri_host_listed('MINE')",
     TEXT("http://a.com/x"), 1},
    {"enlist_uri_host (MINE) a.com\ndelist_uri_host !a.com", "check_uri_host_listed('MINE')", TEXT("http://a.com/x"),
     0},
    {"enlist_uri_host (MINE) 1.2.3.4", "check_uri_host_listed('MINE')", TEXT("http://1.2.3.4/x"), 1},
    {"enlist_uri_host (MINE) 3.4 4", "check_uri_host_listed('MINE')", TEXT("http://1.2.3.4/x"), 0},
    {"enlist_uri_host (MINE) a.com", "check_uri_host_listed('MINE')", TEXT("ann@a.com"), 0},
    {"blocklist_uri_host a.com", "check_uri_host_in_blocklist()", TEXT("http://a.com/x"), 1},
    {"blacklist_uri_host a.com", "check_uri_host_in_blacklist()", TEXT("http://a.com/x"), 1},
    {"blocklist_uri_host a.com", "check_uri_host_in_welcomelist()", TEXT("http://a.com/x"), 0},
    {"welcomelist_uri_host a.com", "check_uri_host_in_welcomelist()", TEXT("http://a.com/x"), 1},
    {"whitelist_uri_host a.com", "check_uri_host_in_whitelist()", TEXT("http://a.com/x"), 1},
    {"welcomelist_uri_host a.com", "check_uri_host_in_blocklist()", TEXT("http://a.com/x"), 0},
};

static const struct eval_row subject_rows[] = {
    {"welcomelist_subject [my list]", "check_subject_in_welcomelist()", "Subject: Re: [My List] x\n\n", 1},
    {"whitelist_subject [my list]", "check_subject_in_whitelist()", "Subject: Re: [My List] x\n\n", 1},
    {"welcomelist_subject [my list]", "check_subject_in_welcomelist()", "Subject: Re: my list x\n\n", 0},
    {"welcomelist_subject [my list]", "check_subject_in_blocklist()", "Subject: Re: [My List] x\n\n", 0},
    {"blocklist_subject buy * now", "check_subject_in_blocklist()", "Subject: so BUY this Now!\n\n", 1},
    {"blacklist_subject buy ??? now", "check_subject_in_blacklist()", "Subject: buy two now\n\n", 1},
    {"blocklist_subject buy ??? now", "check_subject_in_blocklist()", "Subject: buy three now\n\n", 0},
    {"blocklist_subject *", "check_subject_in_blocklist()", "To: a@a.com\n\n", 0},
    {"", "check_subject_in_welcomelist()", "Subject: x\n\n", 0},
};

#define RELAYS "welcomelist_bounce_relays mx*.a.com"
#define ATTACHED(text)                                                                                                 \
    "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n" text "\n\ntext\n--b--\n"

static const struct eval_row bounce_rows[] = {
    {"", "have_any_bounce_relays()", TEXT("x"), 0},
    {RELAYS, "have_any_bounce_relays()", TEXT("x"), 1},
    {"", "check_welcomelist_bounce_relays()", TEXT("Received: from mx1.a.com by b"), 0},
    {RELAYS, "check_welcomelist_bounce_relays()", TEXT("Received: from mx1.a.com by b"), 1},
    {RELAYS, "check_whitelist_bounce_relays()", TEXT("> > Received: from MX1.A.com by b"), 1},
    {RELAYS, "check_welcomelist_bounce_relays()", TEXT("Received: from mx1.b.com by b"), 0},
    {RELAYS, "check_welcomelist_bounce_relays()", TEXT("Written: from mx1.a.com by b"), 0},
    {"whitelist_bounce_relays b.com mx1.a.com", "check_welcomelist_bounce_relays()",
     TEXT("Received: from mx1.a.com by b"), 1},
    {RELAYS, "check_welcomelist_bounce_relays()", ATTACHED("Received: from mx1.a.com by b"), 1},
    {RELAYS, "check_welcomelist_bounce_relays()", ATTACHED("Subject: x\nReceived: from x by y\n\t(by mx1.a.com with)"),
     1},
    {RELAYS, "check_welcomelist_bounce_relays()", ATTACHED("Received: from x by y\nX-By: by mx1.a.com with"), 0},
    {RELAYS, "check_welcomelist_bounce_relays()", "Received: from mx1.a.com by b\n" TEXT("x"), 0},
};

static void
test_addresses(void **state)
{
    (void)state;
    check_rows(address_rows, COUNT_OF(address_rows));
}

static void
test_relays(void **state)
{
    (void)state;
    check_rows(relay_rows, COUNT_OF(relay_rows));
}

static void
test_hosts(void **state)
{
    (void)state;
    check_rows(host_rows, COUNT_OF(host_rows));
}

static void
test_subjects(void **state)
{
    (void)state;
    check_rows(subject_rows, COUNT_OF(subject_rows));
}

static void
test_bounces(void **state)
{
    (void)state;
    check_rows(bounce_rows, COUNT_OF(bounce_rows));
}

static bool
count_entry(const struct address_entry *entry, void *count)
{
    (void)entry;
    ++*(unsigned *)count;
    return false;
}

/* Entries come and go, and are all shown. */
static void
test_list(void **state)
{
    struct address_list *list  = address_list_new();
    struct bytes         long_ = {0};
    unsigned             count = 0;

    (void)state;
    assert_true(address_list_is_empty(list));
    assert_ptr_equal(address_list_add(list, SPAN("*@A.com")), address_list_add(list, SPAN("*@a.com")));
    (void)address_list_add(list, SPAN("ann@*"));
    (void)address_list_add(list, SPAN("*.com"));
    (void)address_list_add(list, SPAN("ann@a.com"));
    (void)address_list_add(list, SPAN("bob@a.com"));
    assert_false(address_list_visit(list, "ann@a.com", count_entry, &count));
    assert_int_equal(count, 4);
    address_list_remove(list, SPAN("*.COM"));
    address_list_remove(list, SPAN("nobody"));
    assert_false(address_list_visit(list, "ann@a.com", count_entry, &count));
    assert_int_equal(count, 7);
    assert_true(address_list_has(list, "ann@"));
    assert_false(address_list_has(list, "eve@b.com"));
    repeat(&long_, "x@", "a.", 200, "com"); /* longer than any end that entries are found by */
    (void)address_list_add(list, bytes_span(&long_));
    assert_true(address_list_has(list, long_.data));
    bytes_free(&long_);
    address_list_free(&list);
    assert_null(list);
}

static const char *const all_calls[] = {
    "check_from_in_welcomelist()",       "check_forged_in_default_welcomelist()",
    "check_mailfrom_matches_rcvd()",     "check_from_in_blocklist()",
    "check_to_in_blocklist()",           "check_replyto_in_list('blocklist_from')",
    "check_uri_host_in_blocklist()",     "check_subject_in_blocklist()",
    "check_welcomelist_bounce_relays()",
};

static const struct hostile_mail hostile[] = {
    {"From: ", "a@b.a.com,\n ", 100000, "\n\n"},
    {"To: ", "a@b.a.com,\n ", 100000, "\n\n"},
    {"", "To: a@b.a.com\n", 100000, "\n\n"},
    {"From: ", "a.", 500000, "@a.com\n\n"},
    {"Reply-To: ", "a", 1000000, "@a.com\n\n"},
    {"Subject: ", "ab", 500000, "\n\n"},
    {"\n", "Received: ", 100000, "\n"},
    {"\n", "Received: from b.a.com by\n ", 50000, "\n"},
    {"\n", "http://a.b.c.d.e.f.g.h.i.j.k.l.m.a.net/ ", 20000, "\n"},
};

/* A thousand entries, and as many addresses as a mail can hold. */
static void
test_hostile(void **state)
{
    struct bytes lines = {0};

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        bytes_printf(
            &lines, "blocklist_from *@*.b%zu.com *a*b*%zu*\nblocklist_to c%zu@*.a.com\nblocklist_uri_host h%zu.a.net\n",
            i, i, i, i);
    bytes_add(&lines, SPAN("blocklist_subject a*a*a*a*a*x\nwelcomelist_bounce_relays *a*a*a*x\n"));
    check_hostile(lines.data, all_calls, COUNT_OF(all_calls), hostile, COUNT_OF(hostile));
    bytes_free(&lines);
}

/* What of a rule file cannot be read. */
static void
test_mistakes(void **state)
{
    static const char *const lines[] = {
        "blocklist_from",
        "welcomelist_from_rcvd *@a.com",
        "welcomelist_from_rcvd *@a.com b.com c.com",
        "enlist_addrlist *@a.com",
        "enlist_addrlist (MINE)",
        "enlist_uri_host a.com",
        "enlist_uri_host () a.com",
        "blocklist_uri_host",
        "delist_uri_host",
        "blocklist_subject",
        "welcomelist_bounce_relays",
    };

    (void)state;
    check_bad_lines(lines, COUNT_OF(lines));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_relays),   cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_subjects),  cmocka_unit_test(test_bounces),  cmocka_unit_test(test_list),
        cmocka_unit_test(test_hostile),   cmocka_unit_test(test_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
