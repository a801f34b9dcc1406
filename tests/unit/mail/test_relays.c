/* The relays of a mail, what can be believed of them, and who sent it. What is expected is what SpamAssassin's rules
 * see. */
#include "base/count.h"
#include "rules/mail/networks.h"
#include "tests/unit/mail/field_fixture.h"

/* Three relays, from the top: one of one's own network and two of others; as fields, and as rules see them. */
#define BY_A "Received: from a (a.example.org [10.1.1.1]) by b.example.net (Postfix) with ESMTP id AAA1; x\n"
#define BY_C "Received: from c (c.example.org [192.0.2.9]) by d.example.net (Postfix) with ESMTP id AAA2; x\n"
#define BY_E "Received: from e (e.example.org [198.51.100.7]) by f.example.net (Postfix) with ESMTP id AAA3; x\n"
#define RELAY_A "[ ip=10.1.1.1 rdns=a.example.org helo=a by=b.example.net ident= envfrom= intl=1 id=AAA1 auth= msa=0 ]"
#define RELAY_C "[ ip=192.0.2.9 rdns=c.example.org helo=c by=d.example.net ident= envfrom= intl=0 id=AAA2 auth= msa=0 ]"
#define RELAY_E                                                                                                        \
    "[ ip=198.51.100.7 rdns=e.example.org helo=e by=f.example.net ident= envfrom= intl=0 id=AAA3 auth= msa=0 ]"
#define FIELDS_BETWEEN                                                                                                 \
    "X-Top: 1\n" BY_A "X-Mid: 2\nReceived: by g.example.net; x\n" BY_C "X-Low: 3\n" BY_E "Subject: x\n"

static const struct field_row rows[] = {
    {"", "ALL-TRUSTED", FIELDS_BETWEEN, "X-Top: 1\n" BY_A "X-Mid: 2\nReceived: by g.example.net; x\n" BY_C},
    {"", "ALL-UNTRUSTED", FIELDS_BETWEEN, BY_C "X-Low: 3\n" BY_E "Subject: x\n"},
    {"", "ALL-INTERNAL", FIELDS_BETWEEN, "X-Top: 1\n" BY_A "X-Mid: 2\nReceived: by g.example.net; x\n" BY_C},
    {"", "ALL-EXTERNAL", FIELDS_BETWEEN, BY_C "X-Low: 3\n" BY_E "Subject: x\n"},
    {"", "ALL", FIELDS_BETWEEN, FIELDS_BETWEEN},
    {"", "ALL:raw", FIELDS_BETWEEN, FIELDS_BETWEEN},
    {"", "ALL-EXTERNAL:raw", FIELDS_BETWEEN, BY_C "X-Low: 3\n" BY_E "Subject: x\n"},
    {"", "ALL-TRUSTED", "Subject: x\n", "Subject: x\n"},
    {"", "ALL-UNTRUSTED", "Subject: x\n", NULL},
    {"", "ALL-UNTRUSTED", BY_A "Subject: x\n", NULL},
    {"", "all", FIELDS_BETWEEN, NULL},
    {"", "X-Spam-Relays-Trusted", FIELDS_BETWEEN, RELAY_A},
    {"", "X-Spam-Relays-Untrusted", FIELDS_BETWEEN, RELAY_C " " RELAY_E},
    {"", "x-spam-relays-internal", FIELDS_BETWEEN, RELAY_A},
    {"", "X-Spam-Relays-External", FIELDS_BETWEEN, RELAY_C " " RELAY_E},
    {"", "X-Spam-Relays-Trusted", "Subject: x\n", ""},
    {"", "X-Spam-Relays-Trusted",
     "Received: from h (h.example.org [203.0.113.5]) by i.example.net (Postfix) with ESMTPSA id AAA4; x\n" BY_A BY_C
     "Received: from h (h.example.org [203.0.113.5]) by i.example.net (Postfix) with ESMTPSA id AAA4; x\n",
     "[ ip=203.0.113.5 rdns=h.example.org helo=h by=i.example.net ident= envfrom= intl=1 id=AAA4 auth=ESMTPSA msa=0 "
     "] " RELAY_A},
    {"", "X-Spam-Relays-Untrusted",
     "Received: from h (h.example.org [203.0.113.5]) by i.example.net (Postfix) with ESMTPSA id AAA4; x\n" BY_A BY_C
     "Received: from h (h.example.org [203.0.113.5]) by i.example.net (Postfix) with ESMTPSA id AAA4; x\n",
     RELAY_C " [ ip=203.0.113.5 rdns=h.example.org helo=h by=i.example.net ident= envfrom= intl=0 id=AAA4 auth=ESMTPSA "
             "msa=0 ]"},
    {"", "X-Spam-Relays-Trusted", BY_A "Received: from j [192.0.2.4] by localhost with IMAP (fetchmail-6)\n" BY_C, ""},
    {"", "X-Spam-Relays-Untrusted", BY_A "Received: from j [192.0.2.4] by localhost with IMAP (fetchmail-6)\n" BY_C,
     RELAY_C},
    {"", "X-Spam-Relays-Untrusted", BY_C "Received: from j [192.0.2.4] by localhost with IMAP (fetchmail-6)\n" BY_E,
     RELAY_C " " RELAY_E},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\n", "X-Spam-Relays-Trusted", BY_A BY_C BY_E,
     RELAY_A " [ ip=192.0.2.9 rdns=c.example.org helo=c by=d.example.net ident= envfrom= intl=1 id=AAA2 auth= msa=0 ]"},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\n", "X-Spam-Relays-Internal", BY_A BY_C BY_E,
     RELAY_A " [ ip=192.0.2.9 rdns=c.example.org helo=c by=d.example.net ident= envfrom= intl=1 id=AAA2 auth= msa=0 ]"},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\ninternal_networks 10.\n", "X-Spam-Relays-Internal", BY_A BY_C BY_E,
     RELAY_A},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\ninternal_networks 10.\n", "X-Spam-Relays-External", BY_A BY_C BY_E,
     RELAY_C " " RELAY_E},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\ninternal_networks 10.\n", "ALL-INTERNAL", BY_A BY_C BY_E "Subject: x\n",
     BY_A BY_C},
    {"internal_networks 10.1.1\n", "X-Spam-Relays-Trusted", BY_A BY_C BY_E, RELAY_A},
    {"trusted_networks !10.1.1.1 10.0.0.0/8\n", "X-Spam-Relays-Trusted", BY_A BY_C, ""},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\nclear_trusted_networks\n", "X-Spam-Relays-Trusted", BY_A BY_C, RELAY_A},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\nmsa_networks 10.1.1.1\n", "X-Spam-Relays-Trusted", BY_A BY_E BY_C,
     "[ ip=10.1.1.1 rdns=a.example.org helo=a by=b.example.net ident= envfrom= intl=1 id=AAA1 auth= msa=1 ] [ "
     "ip=198.51.100.7 rdns=e.example.org helo=e by=f.example.net ident= envfrom= intl=1 id=AAA3 auth= msa=0 ] [ "
     "ip=192.0.2.9 rdns=c.example.org helo=c by=d.example.net ident= envfrom= intl=1 id=AAA2 auth= msa=0 ]"},
    {"trusted_networks 192.0.2.0/24 10.0.0.0/8\nmsa_networks 10.1.1.1\nclear_msa_networks\n", "X-Spam-Relays-Trusted",
     BY_A BY_E, RELAY_A},
    {"trusted_networks 127.0.0.1\n", "X-Spam-Relays-Trusted",
     "Received: from a (a [127.0.0.9]) by b (Postfix) with ESMTP id AAA1; x\n" BY_A,
     "[ ip=127.0.0.9 rdns=a helo=a by=b ident= envfrom= intl=1 id=AAA1 auth= msa=0 ]"},
    {"originating_ip_headers X-Origin x-origin X-Other\n", "X-Spam-Relays-Untrusted",
     "X-Origin: <192.0.2.77>\nX-Other: none\n" BY_C,
     RELAY_C " [ ip=192.0.2.77 rdns= helo= by= ident= envfrom= intl=0 id= auth= msa=0 ]"},
    {"originating_ip_headers X-Origin\nclear_originating_ip_headers\n", "X-Spam-Relays-Untrusted",
     "X-Origin: 192.0.2.77\n" BY_C, RELAY_C},
    {"", "EnvelopeFrom", "Return-Path: <a@b.example.org>\n" BY_C, "a@b.example.org"},
    {"", "EnvelopeFrom", BY_C "Return-Path: <a@b.example.org>\n", NULL},
    {"", "EnvelopeFrom", "Return-Path: <>\n" BY_C, NULL},
    {"", "EnvelopeFrom", "X-Envelope-From: <a@b.example.org>\nReturn-Path: <c@d.example.org>\n" BY_C,
     "a@b.example.org"},
    {"", "EnvelopeFrom", BY_C "X-Envelope-From: <a@b.example.org>\nReturn-Path: <c@d.example.org>\n", NULL},
    {"", "EnvelopeFrom", "Return-Path: <c@d.example.org>\n" BY_C "Envelope-Sender: <a@b.example.org>\n",
     "c@d.example.org"},
    {"", "EnvelopeFrom", "Envelope-Sender: <a@b.example.org>\n" BY_C, "a@b.example.org"},
    {"", "EnvelopeFrom",
     "Return-Path: <c@d.example.org>\nReceived: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from "
     "<e@k.example.org>) id AAA5; x\n",
     "e@k.example.org"},
    {"", "EnvelopeFrom",
     "Return-Path: <c@d.example.org>\nReceived: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from <>) "
     "id AAA5; x\n",
     "c@d.example.org"},
    {"", "EnvelopeFrom",
     "Return-Path: <c@d.example.org>\nX-Sender: <l@list.example.org>\nReceived: from j [192.0.2.4] by localhost with "
     "IMAP (fetchmail-6)\n" BY_C,
     NULL},
    {"", "EnvelopeFrom",
     "Return-Path: <c@d.example.org>\nX-Sender: l\nReceived: from j [192.0.2.4] by localhost with IMAP "
     "(fetchmail-6)\n" BY_C,
     "c@d.example.org"},
    {"", "EnvelopeFrom",
     "Received: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from <e@k.example.org>) id AAA5; "
     "x\n" BY_A,
     "e@k.example.org"},
    {"", "EnvelopeFrom",
     BY_A
     "Received: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from <e@k.example.org>) id AAA5; x\n",
     "e@k.example.org"},
    {"", "EnvelopeFrom",
     "Received: from h (h.example.org [203.0.113.5]) by i.example.net (Postfix) with ESMTPSA id AAA4; x\nReturn-Path: "
     "<c@d.example.org>\n",
     NULL},
    {"", "EnvelopeFrom",
     "Received: from 192.0.2.1 by m (envelope-from <s@m.example.org>, uid 5) with qmail-scanner-1 (x)\n" BY_C,
     "s@m.example.org"},
    {"", "EnvelopeFrom", "Subject: x\n", NULL},
    {"", "EnvelopeFrom", "Return-Path: \"x y\"@b.example.org\n" BY_C, "\"x y\"@b.example.org"},
    {"envelope_sender_header X-From\n", "EnvelopeFrom",
     "X-From: <a@b.example.org>\nReceived: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from "
     "<e@k.example.org>) id AAA5; x\n",
     "a@b.example.org"},
    {"envelope_sender_header X-From\n", "EnvelopeFrom",
     "Received: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from <e@k.example.org>) id AAA5; x\n",
     NULL},
    {"envelope_sender_header X-From\n", "EnvelopeFrom",
     "X-From: nobody\nReceived: from k ([192.0.2.3] helo=k) by l with smtp (Exim 4) (envelope-from <e@k.example.org>) "
     "id AAA5; x\n",
     NULL},
    {"", "EnvelopeFrom:addr:domain", "Return-Path: <a@mail.b.example.org>\n" BY_C, "example.org"},
    {"", "envelopefrom:host", "Return-Path: <a@mail.b.example.org>\n" BY_C, "mail.b.example.org"},
};

static void
test_rows(void **state)
{
    (void)state;
    check_fields(rows, COUNT_OF(rows));
}

static void
test_mistakes(void **state)
{
    static const struct {
        const char *word, *value, *why;
    } lines[] = {
        {"trusted_networks", "", "there is nothing behind it"},
        {"trusted_networks", "10.0.0.1/33 192.0.2.0/24 nobody",
         "\"10.0.0.1/33\" is no network, \"nobody\" is no network"},
        {"internal_networks", "192.0.2.9-192.0.2.1", "\"192.0.2.9-192.0.2.1\" is no network"},
        {"msa_networks", "1.2.3.4.5", "\"1.2.3.4.5\" is no network"},
        {"msa_networks", "2001:db8::/129", "\"2001:db8::/129\" is no network"},
        {"msa_networks", "10.0.0.0/255.0.255.0", "\"10.0.0.0/255.0.255.0\" is no network"},
        {"msa_networks", "!", "\"!\" is no network"},
        {"clear_trusted_networks", "all", "\"all\" behind it says nothing"},
        {"envelope_sender_header", "", "there is nothing behind it"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct mail_settings settings = {0};
        struct bytes         why      = {0};

        mail_settings_fill(&settings);
        assert_int_equal(mail_settings_read_line(&settings, span_of(lines[i].word), span_of(lines[i].value), &why), -1);
        assert_string_equal(why.data, lines[i].why);
        bytes_free(&why);
        mail_settings_clear(&settings);
    }
}

static void
test_networks(void **state)
{
    static const struct {
        const char *network, *in, *out;
    } sets[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
        {"192.0.2.0/25", "192.0.2.127", "192.0.2.128"},
        {"192.0.2", "::ffff:192.0.2.255", "192.0.3.0"},
        {"192.0.", "192.0.255.1", "192.1.0.0"},
        {"10", "10.255.255.255", "11.0.0.0"},
        {"192.0.2.0/255.255.255.128", "192.0.2.127", "192.0.2.128"},
        {"192.0.2.5-192.0.2.9", "192.0.2.9", "192.0.2.10"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"[2001:db8::%eth0]/128", "IPv6:2001:db8::", "2001:db8::1"},
        {"0.0.0.0/0", "255.255.255.255", "::1"},
        {"::/0", "1.2.3.4", "nobody"},
        {"!192.0.2.1 192.0.2.0/24", "192.0.2.2", "192.0.2.1"},
        {"192.0.2.0/24 !192.0.2.1", "192.0.2.1", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        struct mail_settings settings = {0};
        struct bytes         why      = {0};

        assert_int_equal(mail_settings_read_line(&settings, SPAN("msa_networks"), span_of(sets[i].network), &why), 0);
        assert_true(networks_contain(&settings.relays.msa, span_of(sets[i].in)));
        assert_false(networks_contain(&settings.relays.msa, span_of(sets[i].out)));
        mail_settings_clear(&settings);
    }
}

static void
test_bounded(void **state)
{
    struct bytes value = {0};

    (void)state;
    check_bounded("Received", "from a (b [192.0.2.1]) by c (Postfix) with SMTP id 123", 100000);
    check_bounded("Received", "from a (b [10.0.0.1]) by c (Mailer) with SMTP id 123", 100000);
    while (value.len < 8000)
        bytes_add(&value, SPAN("from a (b [192.0.2.1]) (authenticated) by "));
    check_bounded("Received", value.data, 1250);
    bytes_free(&value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
