/* RelayEval: what each function finds in the way a mail took, and what not. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

#define TRUSTED "Received: from a (a.example.org [10.1.1.1]) by b.example.net (Postfix) with ESMTP id AAA1\n"
#define PUBLIC "Received: from c (c.example.org [192.0.2.9]) by d.example.net (Postfix) with ESMTP id AAA2\n"
#define NO_IP "Received: from something at some.place\n"
#define FROM(helo, rdns, ip, by) "Received: from " helo " (" rdns " [" ip "]) by " by " (Postfix) with SMTP id AAA3\n"
#define END "Subject: x\n\nbody\n"

static const struct eval_row rows[] = {
    {NULL, "check_all_trusted()", TRUSTED END, 1},
    {NULL, "check_all_trusted()", TRUSTED PUBLIC END, 0},
    {NULL, "check_all_trusted()", TRUSTED NO_IP END, 0},
    {NULL, "check_all_trusted()", END, 0},
    {NULL, "check_no_relays()", END, 1},
    {NULL, "check_no_relays()", "Received: by b.example.net\n" END, 1},
    {NULL, "check_no_relays()", PUBLIC END, 0},
    {NULL, "check_no_relays()", NO_IP END, 0},
    {NULL, "check_relays_unparseable()", PUBLIC NO_IP END, 1},
    {NULL, "check_relays_unparseable()", PUBLIC "Received: by b.example.net\n" END, 0},
    {NULL, "check_for_illegal_ip()", PUBLIC END, 0},

    {NULL, "check_for_numeric_helo()", FROM("198.51.100.1", "c.example.org", "192.0.2.9", "d") END, 1},
    {NULL, "check_for_numeric_helo()", FROM("[198.51.100.1]", "c.example.org", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_numeric_helo()", FROM("10.1.1.1", "c.example.org", "192.0.2.9", "d") END, 1},
    {NULL, "check_for_numeric_helo()", FROM("1.2.3.4.example.org", "c.example.org", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_numeric_helo()", FROM("198.51.100.1", "c.example.org", "10.0.2.9", "d") END, 0},

    {NULL, "check_for_sender_no_reverse()", PUBLIC END, 1},
    {NULL, "check_for_sender_no_reverse()", FROM("c", "unknown", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_sender_no_reverse()", PUBLIC FROM("c", "c", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_sender_no_reverse()", PUBLIC TRUSTED END, 0},
    {NULL, "check_for_sender_no_reverse()", END, 0},

    {NULL, "helo_ip_mismatch()", FROM("198.51.100.1", "c.example.org", "192.0.2.9", "d") END, 1},
    {NULL, "helo_ip_mismatch()", FROM("192.0.2.1", "c.example.org", "192.0.2.9", "d") END, 0},
    {NULL, "helo_ip_mismatch()", PUBLIC FROM("198.51.100.1", "c.example.org", "10.0.2.9", "d") END, 0},
    {NULL, "helo_ip_mismatch()", FROM("10.0.0.1", "c.example.org", "192.0.2.9", "d") END, 0},
    {NULL, "helo_ip_mismatch()", FROM("198.51.100.1", "c.example.org", "IPv6:2001:db8::1", "d") END, 0},

    {NULL, "check_for_no_rdns_dotcom_helo()", FROM("mx.yahoo.com", "unknown", "192.0.2.9", "d") END, 1},
    {NULL, "check_for_no_rdns_dotcom_helo()", FROM("AOL.com", "unknown", "192.0.2.9", "d") END, 1},
    {NULL, "check_for_no_rdns_dotcom_helo()", FROM("notaol.com", "unknown", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_no_rdns_dotcom_helo()", FROM("aol.com", "c.example.org", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_no_rdns_dotcom_helo()", FROM("aol.com", "unknown", "192.0.2.9", "d") PUBLIC END, 0},
    {NULL, "check_for_no_rdns_dotcom_helo()",
     FROM("aol.com", "unknown", "192.0.2.9", "d") FROM("c", "c.example.org", "10.0.2.9", "d") END, 1},

    {NULL, "check_for_forged_received_ip_helo()",
     FROM("198.51.100.1", "c.example.org", "192.0.2.9", "d.example.net") END, 1},
    {NULL, "check_for_forged_received_ip_helo()",
     FROM("192.0.100.1", "c.example.org", "192.0.2.9", "d.example.net") END, 0},
    {NULL, "check_for_forged_received_ip_helo()", FROM("198.51.100.1", "c.example.org", "192.0.2.9", "d") END, 0},
    {NULL, "check_for_forged_received_ip_helo()", FROM("10.0.0.1", "c.example.org", "192.0.2.9", "d.example.net") END,
     0},

    /* the name of a host where it sent, and where it received, further down */
    {NULL, "check_for_forged_received_trail()",
     FROM("c", "c.one.com", "192.0.2.9", "mx.mine.com") FROM("d", "d.three.com", "192.0.2.10", "mx.two.com")
         FROM("e", "e.five.com", "192.0.2.11", "mx.four.com") END,
     1},
    {NULL, "check_for_forged_received_trail()",
     FROM("c", "c.one.com", "192.0.2.9", "mx.mine.com") FROM("d", "d.three.com", "192.0.2.10", "mx.one.com")
         FROM("e", "e.five.com", "192.0.2.11", "mx.four.com") END,
     0},
    {NULL, "check_for_forged_received_trail()",
     FROM("c", "localhost", "127.0.0.1", "mx.mine.com") FROM("c", "c.hotmail.com", "192.0.2.9", "mx.mine.com")
         FROM("d", "d.three.com", "192.0.2.10", "mx.msn.com") FROM("e", "e.five.com", "192.0.2.11", "mx.four.com") END,
     0},

    {NULL, "check_for_from_domain_in_received_headers('juno.com', 'true')",
     FROM("c", "mx.juno.com", "192.0.2.9", "mail.juno.com") "From: a@juno.com\n" END, 1},
    {NULL, "check_for_from_domain_in_received_headers('juno.com', 'false')",
     FROM("c", "mx.juno.com", "192.0.2.9", "mail.juno.com") "From: a@juno.com\n" END, 0},
    {NULL, "check_for_from_domain_in_received_headers('juno.com', 'false')", PUBLIC "From: a@Juno.com\n" END, 1},
    {NULL, "check_for_from_domain_in_received_headers('juno.com', 'true')", PUBLIC "From: a@juno.com\n" END, 0},
    {NULL, "check_for_from_domain_in_received_headers('juno.com', 'false')", PUBLIC "From: a@example.org\n" END, 0},
};

static void
test_rows(void **state)
{
    (void)state;
    check_rows(rows, COUNT_OF(rows));
}

static void
test_bounded(void **state)
{
    static const char *const calls[] = {
        "check_for_numeric_helo()",          "helo_ip_mismatch()",
        "check_for_forged_received_trail()", "check_for_forged_received_ip_helo()",
        "check_for_no_rdns_dotcom_helo()",   "check_for_from_domain_in_received_headers('a.a', 'true')"};
    struct bytes text = {0};

    (void)state;
    repeat(&text, "From: a@a.a\n", FROM("1.1.1.1", "a.a.a.a.a", "192.0.2.9", "a.a.a.a.a"), 100000, "\nbody\n");
    check_bounded(NULL, calls, COUNT_OF(calls), bytes_span(&text), 100);
    bytes_clear(&text);
    repeat(&text, "From: a@a.a\nReceived: from ([192.0.2.9] helo=", "a.", 500000, ") by x (Exim)\n\nbody\n");
    check_bounded(NULL, calls, COUNT_OF(calls), bytes_span(&text), 100);
    bytes_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bounded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
