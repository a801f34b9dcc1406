/*
 * What rules see of a mail: each row is a message and one view of it, its pieces joined by "|". Every row is read with
 * LF and with CR LF line ends, and cut at every length. Then mails made to hurt, against the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/mail/field.h"
#include "rules/mail/mail.h"

/* The views: a letter, or a header rule's field behind "H:". */
static const struct {
    const char *view, *text, *expect;
} cases[] = {
    /* header fields */
    {"H:Subject", "Subject: hi\n\n", "hi\n"},
    {"H:subject", "SUBJECT : hi  there \n\n", "hi  there\n"},
    {"H:Subject", "Subject:\n  folded\n\tonce more\n\n", "folded once more\n"},
    {"H:Subject:raw", "Subject: a\n\tb\n\n", " a\n\tb\n"},
    {"H:Subject", "Subject: one\nSubject: two\n\n", "one\ntwo\n"},
    {"H:Subject:first", "Subject: one\nSubject: two\n\n", "one\n"},
    {"H:Subject:last", "Subject: one\nSubject: two\n\n", "two\n"},
    {"H:Subject", "From: x\n\nSubject: in the body\n", "(none)"},
    {"H:Subject", "Subject: =?utf-8?Q?caf=C3=A9_au?= =?utf-8?B?bGFpdA==?= x\n\n", "caf\u00e9 aulait x\n"},
    {"H:Subject", "Subject: =?iso-8859-1?q?caf=E9?= =?windows-1251?b?z/Do4uXy?=\n\n",
     "caf\u00e9\u041f\u0440\u0438\u0432\u0435\u0442\n"},
    {"H:Subject", "Subject: =?utf-8?q?=C3?= =?utf-8?q?=A9?=\n\n", "\u00e9\n"}, /* a character cut in two */
    {"H:Subject", "Subject: =?nonsense?q?a?=\n\n", "a\n"},
    {"H:Subject", "Subject: =?utf-8*en?q?a?= =?utf-8?x?a?= =?\n\n", "a =?utf-8?x?a?= =?\n"},
    {"H:Subject", "Subject: \xe9t\xe9\n\n", "\u00e9t\u00e9\n"}, /* Latin-1 that nobody declared */
    {"H:Received", "Received: =?utf-8?q?a?=\n\n", "=?utf-8?q?a?=\n"},
    {"H:ALL", "A: 1\nB: 2\n 3\n\nx", "A: 1\nB: 2 3\n"},
    {"H:ALL:raw", "A: 1\nB: 2\n 3\n\nx", "A: 1\nB: 2\n 3\n"},
    {"H:ToCc", "Cc: c\nTo: t\n\n", "t\nc\n"},
    {"H:MESSAGEID", "Message-Id: <a>\nResent-Message-Id: <b>\n\n", "<b>\n<a>\n"},
    {"H:From:addr", "From: \"A. B\" <a@b.example>\n\n", "a@b.example"},
    {"H:From:addr", "From: a@b.example (A B), c@d.example\n\n", "a@b.example\nc@d.example"},
    {"H:From:name", "From: \"A. B\" <a@b.example>\n\n", "A. B"},
    {"H:From:name", "From: =?utf-8?q?caf=C3=A9_?= 'x' <a@b.example>\n\n", "caf\u00e9 'x'"},
    {"H:From:name:raw", "From: =?utf-8?q?caf=C3=A9?= <a@b.example>\n\n", "=?utf-8?q?caf=C3=A9?= "},
    {"H:To:name", "To: Group: \"One\" <a@b>, 'Two' <c@d>;\n\n", "One\nTwo"},
    {"H:From:addr", "From: nobody\n\n", "(none)"},
    {"H:X-Spam-Status", "X-Spam-Status: No\n\tfolded\nx-spam-flag: NO\nA: 1\n\n", "(none)"},
    {"H:ALL", "X-Spam-Status: No\n\tfolded\nx-spam-flag: NO\nA: 1\n\n", "A: 1\n"},
    {"H:A", "From somebody Mon Jan 1 2001\nA: 1\n\n", "1\n"},
    {"F", "From\n x\nA: 1\n\nb", " x\nA: 1\n\nb"},
    {"F", "From\tx\nA: 1\n\nb", "A: 1\n\nb"},
    {"F", "From  :x\nA: 1\n\nb", "A: 1\n\nb"},
    {"F", "From :x\nA: 1\n\nb", "From :x\nA: 1\n\nb"},
    {"H:A", "no field\nA: 1\n\n", "1\n"}, /* a few lines that are none are passed over, as mail programs do */
    {"H:A", "no\nno\nno\nno\nA: 1\n\n", "(none)"},
    {"F", "X-Spam-Flag: YES\nA: 1\n\nX-Spam-Flag: YES\n", "A: 1\n\nX-Spam-Flag: YES\n"},
    {"H:ALL", "A: 1\nno field\nX-Spam-Flag: NO\nB: 2\n\n", "A: 1\nB: 2\n"},
    {"F", "A: 1\nno\nX-Spam-Flag: NO\nno\nno\nno\nX-Spam-Flag: YES\n", "A: 1\nno\nno\nno\nno\nX-Spam-Flag: YES\n"},
    {"F", "A: 1\n--b\nX-Spam-Flag: YES\n", "A: 1\n--b\nX-Spam-Flag: YES\n"},
    {"F", "A: 1\nX-Spam-Flag is no field\n\n", "A: 1\nX-Spam-Flag is no field\n\n"},
    {"F", "From x@y Mon\nA: 1\n\nb", "A: 1\n\nb"},

    /* body: the subject, then paragraphs */
    {"B", "Subject: s\n\none\ntwo\n\nthree  \t four\n", "s\n|one two\n|three four "},
    {"B", "\nx", "\n|x"},
    {"B", "Subject: s\n\na \n \n\tb\n", "s\n|a \n| b "},
    {"B", "Subject: s\n\na\u00a0\u2003b\u3000\n", "s\n|a b "},
    {"B", "Subject: s\nContent-Transfer-Encoding: quoted-printable\n\na=\nb =3D=3d=zz \nc", "s\n|ab ===zz c"},
    {"B", "Subject: s\nContent-Transfer-Encoding: base64\n\nYSBi\nDQpj\n", "s\n|a b c"},
    {"B", "Subject: s\nContent-Type: text/plain; charset=\"koi8-r\"\nContent-Transfer-Encoding: 8bit\n\n\xf0\xd2\xc9\n",
     "s\n|\u041f\u0440\u0438 "},
    {"B", "Subject: s\nContent-Type: text/plain; charset=x-unknown\n\n\x93hi\x94\n", "s\n|\u201chi\u201d "},
    {"B", "Subject: s\nContent-Type: application/octet-stream\n\nx\n", "s\n"},
    {"B",
     "Subject: s\nContent-Type: text/html\n\n<p>a&amp;b &eacute;<br>c&nbsp;d &#x41;&#66; &unknown; <b>e</b>f</p><p>g\n",
     "s\n|\n|a&b \xe9 c d AB &unknown; ef\n|g "},
    {"B",
     "Subject: s\nContent-Type: text/html\n\n<title>t</title><style>x</style><script>if (a<b) y</script><!-- c -- "
     ">d<a\n",
     "s\n|\n|t\n|d"},
    {"B", "Subject: s\nContent-Type: text/html\n\n<table><td>a</td><td>b</td></table> 1 < 2 <![if x]>c<br/>d\n",
     "s\n| a b 1 < 2 c d "},
    {"B", "Subject: s\nContent-Type: application/x; name=\"a.HTML\"\n\n<b>x</b>", "s\n|x"},

    /* MIME */
    {"B",
     "Subject: s\nContent-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b\n\none\n--b\nContent-Type: "
     "text/html\n\n"
     "<i>two</i>\n--b--\nepilogue\n",
     "s\n|one two"},
    {"B", "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n\n--b\n\ntwo", "s\n|one\n|two"},
    {"B", "Subject: s\nContent-Type: multipart/mixed\n\n--b\n\none\n", "s\n| --b\n|one "},
    {"B",
     "Subject: s\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n"
     "--b\n\nin\n--b--\n--a\n\nout\n--a--\n",
     "s\n|in out"},
    {"B", "Subject: s\nContent-Type: message/rfc822\n\nSubject: inner\n\ntext\n", "s\n|text "},
    {"B", "Subject: s\nContent-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\ntext\n--a--\n", "s\n|text"},
    {"R", "Content-Type: text/html\n\n<b>a</b>\n b\n", "<b>a</b>\n b\n"},
    {"R", "Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--a\nContent-Type: text/calendar\n\ntwo\n--a--\n",
     "one"},
    {"R", "Content-Transfer-Encoding: base64\n\nPGI+DQp4\n", "<b>\nx"},

    /* addresses */
    {"U", "\nsee http://a.com/x?y=1. and www.b.com, too\n", "http://a.com/x?y=1|http://www.b.com"},
    {"U", "\nmail me@c.com or (d.org/e) but not e.nonsense or 1.2\n", "http://d.org/e|mailto:me@c.com"},
    {"U", "Content-Type: text/html\n\n<a href=\"http://a.com/%41\">x</a><img src='/i.gif'>",
     "/i.gif|http://a.com/%41|http://a.com/A"},
    {"U", "Content-Type: text/html\n\n<base href=http://h.com/d/f.html><a href=../x>",
     "../x|http://../x|http:///x|http://h.com/d/f.html|http://h.com/x"},
    {"U", "Content-Type: text/html\n\n<meta http-equiv=Refresh content=\"0; URL=http://r.com/\">", "http://r.com/"},
    {"U", "Content-Type: text/html\n\n<a href=http://2130706433/>", "http://127.0.0.1/|http://2130706433/"},
    {"U", "Content-Type: text/html\n\n<a href=\"http://0x7f.0.0.010:80/\">",
     "http://0x7f.0.0.010/|http://0x7f.0.0.010:80/|http://127...8:80/"},
    {"U", "Content-Type: text/html\n\n<a href=\"HTTP:\\\\h.com\">", "HTTP://h.com|HTTP:\\\\h.com"},
    {"U", "Content-Type: text/html\n\n<a href=\"http://r.com/?u=http://t.com/\">",
     "http://r.com/?u=http://t.com/|http://t.com/"},
    {"U", "Content-Type: text/html\n\n<a href=\"http://user:pw@h.com?q\">",
     "http://user:pw@h.com/?q|http://user:pw@h.com?q"},
    {"U", "Content-Type: text/html\n\n<a href=\"mailto:a@b.com?subject=x\">",
     "mailto:a@b.com|mailto:a@b.com?subject=x"},
};

static void
join(const struct spans *spans, struct bytes *joined)
{
    for (size_t i = 0; i < spans->count; i++) {
        if (i > 0)
            bytes_add_char(joined, '|');
        bytes_add(joined, spans->items[i]);
    }
}

static void
show_field(const struct mail *mail, const char *name, struct bytes *shown)
{
    struct bytes why = {0};
    struct field field;

    assert_int_equal(field_parse(&field, span_of(name), &why), 0);
    if (!field_read(&field, mail, shown))
        bytes_add(shown, SPAN("(none)"));
    field_clear(&field);
}

static void
show(const struct mail *mail, const char *view, struct bytes *shown)
{
    switch (view[0]) {
    case 'B':
        join(&mail->body, shown);
        break;
    case 'R':
        join(&mail->rawbody, shown);
        break;
    case 'U':
        join(&mail->uris, shown);
        break;
    case 'F':
        bytes_add(shown, mail->full);
        break;
    default:
        show_field(mail, view + 2, shown);
    }
}

/* From a block of its exact size, so that reads behind its end are found. */
static void
parse(struct mail *mail, struct span text)
{
    char *exact = malloc(text.len > 0 ? text.len : 1);

    assert_non_null(exact);
    if (text.len > 0)
        memcpy(exact, text.data, text.len);
    mail_parse(mail, NULL, (struct span){exact, text.len});
    free(exact);
}

static void
check(size_t row, struct span text)
{
    struct mail  mail  = {0};
    struct bytes shown = {0};

    parse(&mail, text);
    show(&mail, cases[row].view, &shown);
    bytes_add(&shown, SPAN(""));
    if (!span_equal(bytes_span(&shown), span_of(cases[row].expect)))
        fail_msg("row %zu: %s of\n%s\nis\n%s\nand not\n%s", row, cases[row].view, cases[row].text, shown.data,
                 cases[row].expect);
    bytes_free(&shown);
    mail_free(&mail);
}

static void
test_views(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        struct bytes crlf = {0};

        for (const char *c = cases[row].text; *c != '\0'; c++) {
            if (*c == '\n')
                bytes_add_char(&crlf, '\r');
            bytes_add_char(&crlf, *c);
        }
        check(row, span_of(cases[row].text));
        check(row, bytes_span(&crlf));
        bytes_free(&crlf);
    }
}

static void
test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        for (size_t len = 0; len < strlen(cases[row].text); len++) {
            struct mail mail = {0};

            parse(&mail, span_head(span_of(cases[row].text), len));
            assert_true(mail.body.count > 0 || mail.parts.count == 0 || !mail.parts.items[0].leaf);
            mail_free(&mail);
        }
    }
}

static void
test_nul(void **state)
{
    struct mail mail = {0};

    (void)state;
    parse(&mail, SPAN("Subject: a\0b\nContent-Type: text/html\n\n<b>c\0d</b>\0"));
    assert_int_equal(mail.body.count, 3); /* a NUL ends a line of text, as in SpamAssassin */
    assert_true(span_equal(mail.body.items[0], SPAN("a\0b\n")));
    assert_true(span_equal(mail.body.items[1], SPAN("c\n")));
    assert_true(span_equal(mail.body.items[2], SPAN("d\n")));
    mail_free(&mail);
}

static void
repeat(struct bytes *text, size_t times, const char *piece)
{
    while (times-- > 0)
        bytes_add(text, span_of(piece));
}

/* Mails that hurt: what stands in front, a piece, how often it is repeated, and what stands behind. */
static const struct {
    const char *what, *front, *piece, *behind;
    size_t      times;
} hostile[] = {
    {"a header line of 10 MB", "Subject: ", "0123456789", "\n\nx\n", 1048576},
    {"a header folded 1 million times", "Subject: x\n", " y\n", "\nx\n", 1000000},
    {"1 million fields", "", "A: b\n", "\nx\n", 1000000},
    {"1 million encoded words", "Subject: ", "=?utf-8?q?a?= ", "\n\n", 1000000},
    {"encoded words in many fields", "", "Subject: =?iso-8859-1?q?=e9?= =?x\n", "\n", 100000},
    {"encoded words without an end", "Subject: ", "=?a?b?", "\n\n", 1000000},
    {"100,000 parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", "--b--\n", 100000},
    {"boundaries alone", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", "", 1000000},
    {"parts that are multiparts", "Content-Type: multipart/mixed; boundary=b\n\n",
     "--b\nContent-Type: multipart/mixed; boundary=b\n\n", "", 50000},
    {"messages in messages", "Content-Type: message/rfc822\n\n", "Content-Type: message/rfc822\n\n", "x\n", 50000},
    {"open parentheses in From", "From: ", "(", "\n\n", 100000},
    {"open quotes in From", "From: ", "\"a\\", "\n\n", 100000},
    {"addresses in From", "From: ", "<a@b>,", "\n\n", 100000},
    {"groups in From", "From: ", "a:", "\n\n", 100000},
    {"many From", "", "From: a <b@c.com>, d <e@f.com>\n", "\n", 100000},
    {"1 million tags", "Content-Type: text/html\n\n", "<b>", "", 1000000},
    {"tags that end and never began", "Content-Type: text/html\n\n", "</td>", "", 1000000},
    {"tags without an end", "Content-Type: text/html\n\n", "<a href=\"", "", 300000},
    {"attributes without an end", "Content-Type: text/html\n\n<a ", "x=y ", "", 500000},
    {"comments without an end", "Content-Type: text/html\n\n", "<!-- >", "", 500000},
    {"comments that nearly end", "Content-Type: text/html\n\n<!--", "-- ", "", 500000},
    {"sections without an end", "Content-Type: text/html\n\n", "<![CDATA[", "", 300000},
    {"scripts without an end", "Content-Type: text/html\n\n", "<script>", "", 300000},
    {"script ends that are none", "Content-Type: text/html\n\n<script>", "</script ", "", 300000},
    {"entities", "Content-Type: text/html\n\n", "&zzzzzzz", "", 300000},
    {"links", "Content-Type: text/html\n\n", "<a href=//a.com>", "", 200000},
    {"different links", "Content-Type: text/html\n\n<base href=http://a/b/c/d>", "<a href=../../%41http://x.com@y>", "",
     100000},
    {"links from a long base", "Content-Type: text/html\n\n<base href=\"http://LONG/\">", "<img src=x>", "", 100000},
    {"path segments", "Content-Type: text/html\n\n<a href=\"http://a", "/..", "\">", 500000},
    {"host names", "\n", "a.com ", "", 500000},
    {"a host name without an end", "\n", "a.", "", 1000000},
    {"mail addresses", "\n", "a@b.com,", "", 300000},
    {"at signs", "\n", "a@", "", 1000000},
    {"words that could begin an address", "\n", "a-", "", 1000000},
    {"schemes", "\n", "http://", "", 500000},
    {"an address with addresses in it", "\n", "http://a.com/?", "", 200000},
    {"white space", "\n", "\n \t", "", 1000000},
    {"wide spaces", "Content-Type: text/plain; charset=utf-8\n\n", "\u3000", "", 500000},
    {"ill-formed UTF-8", "Content-Type: text/plain; charset=utf-8\n\n", "\xf0\x80", "", 500000},
    {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n", "=", "", 2000000},
    {"base64", "Content-Transfer-Encoding: base64\n\n", "=A", "", 2000000},
    {"one line of text", "\n", "x", "", 5000000},
};

enum { BOUND_MS = 10000 }; /* generous: with the sanitizers and beside other work */

static void
check_time(const char *what, const struct bytes *text)
{
    clock_t     start = clock();
    struct mail mail  = {0};
    long        ms;

    mail_parse(&mail, NULL, bytes_span(text));
    for (const char *const *name = (const char *const[]){"From:addr", "From:name", "ALL", NULL}; *name != NULL;
         name++) {
        struct bytes value = {0};

        show_field(&mail, *name, &value);
        bytes_free(&value);
    }
    mail_free(&mail);
    ms = (long)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    if (ms > BOUND_MS)
        fail_msg("%s: %ld ms", what, ms);
    if (getenv("SHOW_TIMES") != NULL)
        print_message("%6ld ms %s\n", ms, what);
}

/* The word LONG in it is 8,000 octets long. */
static void
add_front(struct bytes *text, const char *front)
{
    const char *word = strstr(front, "LONG");

    bytes_add(text, span_head(span_of(front), word != NULL ? (size_t)(word - front) : strlen(front)));
    if (word == NULL)
        return;
    repeat(text, 8000, "a");
    bytes_add(text, span_of(word + 4));
}

static void
test_hostile(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(hostile); row++) {
        struct bytes text = {0};

        add_front(&text, hostile[row].front);
        repeat(&text, hostile[row].times, hostile[row].piece);
        bytes_add(&text, span_of(hostile[row].behind));
        check_time(hostile[row].what, &text);
        bytes_free(&text);
    }
}

/* 10,000 multiparts in each other, each with a boundary of its own. */
static void
test_nested(void **state)
{
    struct bytes text = {0};

    (void)state;
    for (int depth = 0; depth < 10000; depth++)
        bytes_printf(&text, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", depth, depth);
    bytes_add(&text, SPAN("\ntext\n"));
    for (int depth = 10000; depth-- > 0;)
        bytes_printf(&text, "--b%d--\n", depth);
    check_time("10,000 multiparts in each other", &text);
    bytes_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),   cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_nul),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_nested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
