/* What stands on the left of header rules: names and modifiers. What is expected is what SpamAssassin's rules see; but
 * for X-Spam-... fields, which a sender cannot bring. */
#include "base/count.h"
#include "tests/unit/mail/field_fixture.h"

#define TWO_FROM "From: \"Ann B.\" <ann@mail.example.org>\nTo: x@y.example.org\nFrom: b@c.example.net (Bob\n\tSmith)\n"

static const struct field_row rows[] = {
    {"", "From", TWO_FROM, "\"Ann B.\" <ann@mail.example.org>\nb@c.example.net (Bob Smith)\n"},
    {"", "From:raw", TWO_FROM, " \"Ann B.\" <ann@mail.example.org>\n b@c.example.net (Bob\n\tSmith)\n"},
    {"", "From:addr", TWO_FROM, "ann@mail.example.org\nb@c.example.net"},
    {"", "From:name", TWO_FROM, "Ann B.\nBob Smith"},
    {"", "From:name:raw", TWO_FROM, "Ann B. \nBob\n\tSmith"},
    {"", "From:host", TWO_FROM, "mail.example.org\nc.example.net"},
    {"", "From:domain", TWO_FROM, "example.org\nexample.net"},
    {"", "From:addr:host", TWO_FROM, "mail.example.org\nc.example.net"},
    {"", "From:addr:domain", TWO_FROM, "example.org\nexample.net"},
    {"", "From:name:host", TWO_FROM, NULL},
    {"", "From:ip", TWO_FROM, NULL},
    {"", "FROM:addr", TWO_FROM, "ann@mail.example.org\nb@c.example.net"},
    {"", "From:first", TWO_FROM, "\"Ann B.\" <ann@mail.example.org>\n"},
    {"", "From:last:addr", TWO_FROM, "b@c.example.net"},
    {"", "To:addr", "To: a@b.example.org\n", "a@b.example.org"},
    {"", "To:name", "To: a@b.example.org\n", NULL},
    {"", "To:addr", "To: a@b.example.org (Ann)\n", "a@b.example.org"},
    {"", "To:name", "To: a@b.example.org (Ann)\n", "Ann"},
    {"", "To:addr", "To: <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: <a@b.example.org>\n", NULL},
    {"", "To:addr", "To: Ann Smith <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: Ann Smith <a@b.example.org>\n", "Ann Smith"},
    {"", "To:addr", "To: \"Smith, Ann\" <a@b.example.org>, c@d.example.org\n", "a@b.example.org\nc@d.example.org"},
    {"", "To:name", "To: \"Smith, Ann\" <a@b.example.org>, c@d.example.org\n", "Smith, Ann"},
    {"", "To:addr", "To: friends: a@b.example.org, \"C\" <c@d.example.org>;\n", "a@b.example.org\nc@d.example.org"},
    {"", "To:name", "To: friends: a@b.example.org, \"C\" <c@d.example.org>;\n", "C"},
    {"", "To:addr", "To: undisclosed-recipients:;\n", NULL},
    {"", "To:name", "To: undisclosed-recipients:;\n", NULL},
    {"", "To:addr", "To: \"'Ann'\" <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: \"'Ann'\" <a@b.example.org>\n", "Ann"},
    {"", "To:addr", "To: \"a@b.example.org\" <c@d.example.org>\n", "c@d.example.org"},
    {"", "To:name", "To: \"a@b.example.org\" <c@d.example.org>\n", "a@b.example.org"},
    {"", "To:addr", "To: \"a@b.example.org\"\n", "a@b.example.org"},
    {"", "To:name", "To: \"a@b.example.org\"\n", NULL},
    {"", "To:addr", "To: Ann\n", NULL},
    {"", "To:name", "To: Ann\n", "Ann"},
    {"", "To:addr", "To: \"\"@b.example.org\n", NULL},
    {"", "To:name", "To: \"\"@b.example.org\n", NULL},
    {"", "To:addr", "To: a@b@c.example.org\n", "a@b"},
    {"", "To:name", "To: a@b@c.example.org\n", NULL},
    {"", "To:addr", "To: Ann <a (comment) @b.example.org>\n", NULL},
    {"", "To:name", "To: Ann <a (comment) @b.example.org>\n", "Ann"},
    {"", "To:addr", "To: \"Ann \\\"X\\\" Lee\" <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: \"Ann \\\"X\\\" Lee\" <a@b.example.org>\n", "Ann \"X\" Lee"},
    {"", "To:addr", "To: =?utf-8?q?Ann_=C3=A9?= <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: =?utf-8?q?Ann_=C3=A9?= <a@b.example.org>\n", "Ann é"},
    {"", "To:addr", "To: =?utf-8?q?\"Ann\"_<a@b.example.org>?=\n", "a@b.example.org"},
    {"", "To:name", "To: =?utf-8?q?\"Ann\"_<a@b.example.org>?=\n", NULL},
    {"", "To:addr", "To: <a@b.example.org> <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: <a@b.example.org> <a@b.example.org>\n", NULL},
    {"", "To:addr", "To: Ann <a@b.example.org\n", "a@b.example.org"},
    {"", "To:name", "To: Ann <a@b.example.org\n", "Ann"},
    {"", "To:addr", "To: Ann a@b.example.org\n", NULL},
    {"", "To:name", "To: Ann a@b.example.org\n", "Ann a@b.example.org"},
    {"", "To:addr", "To: <>\n", NULL},
    {"", "To:name", "To: <>\n", NULL},
    {"", "To:addr", "To: \" \" <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: \" \" <a@b.example.org>\n", "  "},
    {"", "To:addr", "To: a@[192.0.2.1]\n", "a@[192.0.2.1]"},
    {"", "To:name", "To: a@[192.0.2.1]\n", NULL},
    {"", "To:addr", "To: Ann (x) <a@b.example.org> (y)\n", "a@b.example.org"},
    {"", "To:name", "To: Ann (x) <a@b.example.org> (y)\n", "Ann"},
    {"", "To:addr", "To: a@b.example.org; c@d.example.org\n", "a@b.example.org\nc@d.example.org"},
    {"", "To:name", "To: a@b.example.org; c@d.example.org\n", NULL},
    {"", "To:addr", "To: Ann <not an address>\n", NULL},
    {"", "To:name", "To: Ann <not an address>\n", "Ann"},
    {"", "To:addr", "To: ann@b.example.org id X; Sat, 20 Jul 2002 07:19:30 -0000\n", NULL},
    {"", "To:name", "To: ann@b.example.org id X; Sat, 20 Jul 2002 07:19:30 -0000\n", "30 -0000"},
    {"", "To:addr", "To: ann@b.example.org Wed, 28 Aug 2002 -0400\n", NULL},
    {"", "To:name", "To: ann@b.example.org Wed, 28 Aug 2002 -0400\n", "ann@b.example.org Wed\n28 Aug 2002 -0400"},
    {"", "To:addr", "To: Ann Lee ann@b.example.org, bob\n", NULL},
    {"", "To:name", "To: Ann Lee ann@b.example.org, bob\n", "Ann Lee ann@b.example.org\nbob"},
    {"", "To:addr", "To: x, a.@b.example.org, \"c d\"@d.example.org\n", "a.@b.example.org\n\"c d\"@d.example.org"},
    {"", "To:name", "To: x, a.@b.example.org, \"c d\"@d.example.org\n", "x"},
    {"", "To:addr", "To: x, <@r.example.org:a@b.example.org>, y (Eve) \n", NULL},
    {"", "To:name", "To: x, <@r.example.org:a@b.example.org>, y (Eve) \n", "x\ny"},
    {"", "To:addr", "To: x, Ann <a@b.example.org, e@f.example.org\n", "a@b.example.org\ne@f.example.org"},
    {"", "To:name", "To: x, Ann <a@b.example.org, e@f.example.org\n", "x, Ann <a@b.example.org, e@f.example.org\nAnn"},
    {"", "To:addr", "To: x (Ann, a@b.example.org\n", "a@b.example.org"},
    {"", "To:name", "To: x (Ann, a@b.example.org\n", "x (Ann"},
    {"", "To:addr", "To: x, friends: a@b.example.org, c@d.example.org;, e@f.example.org\n",
     "a@b.example.org\nc@d.example.org\ne@f.example.org"},
    {"", "To:name", "To: x, friends: a@b.example.org, c@d.example.org;, e@f.example.org\n",
     "x, friends: a@b.example.org, c@d.example.org;, e@f.example.org"},
    {"", "To:addr", "To: x, Ann Lee. <a@[192.0.2.1]>\n", "a@[192.0.2.1]"},
    {"", "To:name", "To: x, Ann Lee. <a@[192.0.2.1]>\n", "x\nAnn Lee."},
    {"", "To:addr", "To: x, \"Ann \\\"X\\\"\" Lee <a@b.example.org>\n", "a@b.example.org"},
    {"", "To:name", "To: x, \"Ann \\\"X\\\"\" Lee <a@b.example.org>\n", "x\nAnn \"X\" Lee"},
    {"", "To:addr", "To: x, a@b.example.org (Ann (Lee))\n", NULL},
    {"", "To:name", "To: x, a@b.example.org (Ann (Lee))\n", "x\na@b.example.org (Ann )"},
    {"", "MESSAGEID", "Message-Id: <1@m.example.org>\nX-Message-Id:  <2@m.example.org>\n",
     "<2@m.example.org>\n<1@m.example.org>\n"},
    {"", "MESSAGEID:raw", "Message-Id: <1@m.example.org>\nX-Message-Id:  <2@m.example.org>\n",
     "  <2@m.example.org>\n <1@m.example.org>\n"},
    {"", "Message-Id:host", "Message-Id: <1@m.example.org>\nX-Message-Id:  <2@m.example.org>\n", "m.example.org"},
    {"", "MESSAGEID:first", "Message-Id: <1@m.example.org>\nX-Message-Id:  <2@m.example.org>\n", "<2@m.example.org>\n"},
    {"", "messageid", "Message-Id: <1@m.example.org>\nX-Message-Id:  <2@m.example.org>\n", NULL},
    {"", "ToCc", "To: a@b.example.org,\n c@d.example.org\nCc: E <e@f.example.org>\n",
     "a@b.example.org, c@d.example.org\nE <e@f.example.org>\n"},
    {"", "ToCc:raw", "To: a@b.example.org,\n c@d.example.org\nCc: E <e@f.example.org>\n",
     " a@b.example.org, c@d.example.org\n E <e@f.example.org>\n"},
    {"", "ToCc:addr", "To: a@b.example.org,\n c@d.example.org\nCc: E <e@f.example.org>\n",
     "a@b.example.org\nc@d.example.org\ne@f.example.org"},
    {"", "ToCc:name", "To: a@b.example.org,\n c@d.example.org\nCc: E <e@f.example.org>\n", "E"},
    {"", "tocc:last:addr", "To: a@b.example.org,\n c@d.example.org\nCc: E <e@f.example.org>\n", "e@f.example.org"},
    {"", "ToCc:host", "To: a@b.example.org,\n c@d.example.org\nCc: E <e@f.example.org>\n",
     "d.example.org\nf.example.org"},
    {"", "ToCc", "Subject: x\n", NULL},
    {"", "X-IP:ip", "X-IP: [192.0.2.1]\n", "192.0.2.1"},
    {"", "X-IP:revip", "X-IP: [192.0.2.1]\n", "1.2.0.192"},
    {"", "X-IP:ip", "X-IP: x 1.2.3.4.5 192.0.2.7\n", "192.0.2.7"},
    {"", "X-IP:revip", "X-IP: x 1.2.3.4.5 192.0.2.7\n", "7.2.0.192"},
    {"", "X-IP:ip", "X-IP: 2001:db8::1 x\n", "2001:db8::1"},
    {"", "X-IP:revip", "X-IP: 2001:db8::1 x\n", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"},
    {"", "X-IP:ip", "X-IP: IPv6:2001:db8::1\n", "IPv6:2001:db8::1"},
    {"", "X-IP:revip", "X-IP: IPv6:2001:db8::1\n", NULL},
    {"", "X-IP:ip", "X-IP: no\n", NULL},
    {"", "X-IP:revip", "X-IP: no\n", NULL},
    {"", "X-IP:ip", "X-IP: 999.1.1.1\n", NULL},
    {"", "X-IP:revip", "X-IP: 999.1.1.1\n", NULL},
    {"", "X-IP:ip", "X-IP: 1.2.3.256\n", NULL},
    {"", "X-IP:revip", "X-IP: 1.2.3.256\n", NULL},
    {"", "X-H:host", "X-H: see www.example.org. now\n", NULL},
    {"", "X-H:domain", "X-H: see www.example.org. now\n", NULL},
    {"", "X-H:host", "X-H: user@host then www.example.org\n", "www.example.org"},
    {"", "X-H:domain", "X-H: user@host then www.example.org\n", "example.org"},
    {"", "X-H:host", "X-H: a@b.example.org\n", "b.example.org"},
    {"", "X-H:domain", "X-H: a@b.example.org\n", "example.org"},
    {"", "X-H:host", "X-H: www.EXAMPLE.org\n", "www.EXAMPLE.org"},
    {"", "X-H:domain", "X-H: www.EXAMPLE.org\n", "example.org"},
    {"", "X-H:host", "X-H: -www.example.org\n", NULL},
    {"", "X-H:domain", "X-H: -www.example.org\n", NULL},
    {"", "X-H:host", "X-H: _x.example.org\n", "_x.example.org"},
    {"", "X-H:domain", "X-H: _x.example.org\n", "example.org"},
    {"", "X-H:host", "X-H: www.example.notld\n", NULL},
    {"", "X-H:domain", "X-H: www.example.notld\n", NULL},
    {"", "X-H:host", "X-H: mail.example.co.uk\n", "mail.example.co.uk"},
    {"", "X-H:domain", "X-H: mail.example.co.uk\n", "example.co.uk"},
    {"", "X-H:host", "X-H: (a.example.org)\n", NULL},
    {"", "X-H:domain", "X-H: (a.example.org)\n", NULL},
    {"", "X-H:host", "X-H: x..example.org\n", NULL},
    {"", "X-H:domain", "X-H: x..example.org\n", NULL},
    {"", "X-H:host", "X-H: foo@bar@b.example.org\n", "b.example.org"},
    {"", "X-H:domain", "X-H: foo@bar@b.example.org\n", "example.org"},
    {"", "X-E", "X-E:\n", "\n"},
    {"", "X-E:raw", "X-E:\n", "\n"},
    {"", "X-E:addr", "X-E:\n", NULL},
    {"", "X-E", "X-F: 1\n", NULL},
    {"", "X-Spam-Flag", "X-Spam-Flag: YES\nSubject: x\n", NULL},
    {"", "X-E:first", "X-E: 1\nX-E: 2\nx-e: 3\n", "1\n"},
    {"", "X-E:last", "X-E: 1\nX-E: 2\nx-e: 3\n", "3\n"},
    {"", "X-E", "X-E: 1\nX-E: 2\nx-e: 3\n", "1\n2\n3\n"},
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
    static const char *const names[] = {"", "A B", "Subject:", "From:adr", "From:addr:", "From:ADDR", "X(Y"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct field field;
        struct bytes why    = {0};
        int          result = field_parse(&field, span_of(names[i]), &why);

        assert_int_equal(result, i == 2 || i == 4 ? 0 : -1);
        assert_int_equal(why.len > 0, result != 0);
        field_clear(&field);
        bytes_free(&why);
    }
}

static void
test_bounded(void **state)
{
    static const char *const units[] = {"<", "<a@b> ", "<a><", "\"",  "\\\"", "(((",  ",",
                                        ";", "0:",     ":",    "a@a", ".a",   " (a)", "=?x?q?a?= "};
    struct bytes             value   = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        bytes_clear(&value);
        while (value.len < 8000)
            bytes_add(&value, span_of(units[i]));
        check_bounded("From", value.data, 100);
    }
    bytes_clear(&value);
    while (value.len < 10000000)
        bytes_add(&value, SPAN("a <a@b>, "));
    check_bounded("From", value.data, 1);
    bytes_free(&value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
