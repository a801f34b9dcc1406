/*
 * MIME's tree: a container with its parts in parentheses, a leaf with its charset, name and decoded text, and what is
 * wrong behind all. SpamAssassin says the same of each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/count.h"
#include "rules/mail/mail.h"

enum { SHOWN_MAX = 60, BOUND_MS = 2000 };

static const struct {
    const char *mail, *tree;
} cases[] = {
    {"\nx\n", "text/plain[us-ascii||x\n]"},
    {"Content-Type: image/gif; name=\"a b.gif\"\n\nx\n", "image/gif[|a b.gif|x\n]"},
    {"Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\nContent-Type: text/html; "
     "charset=utf-8\n\ntwo\n--b--\nepilogue\n",
     "multipart/mixed(text/plain[us-ascii||one] text/html[utf-8||two]) missing_mime_headers mime_epilogue_exists"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; "
     "boundary=c\n\n--c\n\nin\n--c\nContent-Type: text/html\n\nhtml\n--c--\n--b\n\nout\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain[us-ascii||in] text/html[||html]) text/plain[us-ascii||out]) "
     "missing_mime_headers"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; "
     "boundary=b\n\n--b\n\nin\n--b--\n--b\n\nout\n--b--\n",
     "multipart/mixed(multipart/alternative(text/plain[us-ascii||in]) text/plain[us-ascii||out]) missing_mime_headers"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative\n\n--b\n\nin\n--b--\n",
     "multipart/mixed(multipart/alternative() text/plain[us-ascii||in]) missing_mime_headers"},
    {"Content-Type: multipart/mixed; boundary=b\n\nno boundary at all\n",
     "multipart/mixed(text/plain[us-ascii||no boundary at all\n])"},
    {"Content-Type: multipart/mixed\n\n--b\n\nx\n", "text/plain[||\n--b\n\nx\n]"},
    {"Content-Type: multipart/mixed; boundary=bb\n\n--b\n\n--bb\n\none\n--bbb\n--bb \n\ntwo\n--bb--  \n",
     "multipart/mixed(text/plain[us-ascii||one\n--bbb] text/plain[us-ascii||two]) missing_mime_headers"},
    {"Content-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\n\none\n--b c--\n",
     "multipart/mixed(text/plain[us-ascii||one]) missing_mime_headers"},
    {"Content-Type: multipart/mixed; boundary=0\n\n--0\n\none\n--0--\n",
     "multipart/mixed(text/plain[us-ascii||one]) missing_mime_headers"},
    {"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n----\n", "text/plain[||\n--\n\none\n----\n]"},
    {"Content-Type: message/rfc822\n\nSubject: in\nContent-Type: text/html\n\nx\n", "message/rfc822(text/html[||x\n])"},
    {"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW4KCngK\n",
     "message/rfc822(text/plain[us-ascii||x\n])"},
    {"Content-Type: message/partial\n\nSubject: in\n\nx\n", "message/partial[||Subject: in\n\nx\n]"},
    {"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\nx\n--b--\n",
     "multipart/digest(message/rfc822(text/plain[us-ascii||x])) missing_mime_headers"},
    {"Content-Type: \"text/html\"\n\nx\n", "text/html[||x\n]"},
    {"Content-Type: text/unknown\n\nx\n", "text/plain[||x\n]"},
    {"Content-Type: TEXT/HTML charset=x\n\nx\n", "text/html[x||x\n]"},
    {"Content-Type: ()\n\nx\n", ""},
    {"Content-Type:\n\nx\n", "text/plain[us-ascii||x\n]"},
    {"Content-Disposition: attachment; filename=a.txt\nContent-Type: application/x; name=b.txt\n\nx\n",
     "application/x[|a.txt|x\n]"},
    {"Content-Type: application/x; name*0=ab; name*1=\".html\"\n\nx\n", "application/x[|ab.html|x\n]"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--b\nContent-Type: text/html\nno "
     "field\n--b--\n",
     "multipart/mixed(text/plain[us-ascii||] text/html[||no field]) missing_mime_head_body_separator"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
     "text/"
     "html\n\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxx\n--b--\n",
     "multipart/mixed(text/html[||2051 octets])"},
    {"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n",
     "text/plain[us-ascii||\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n]"},
    {"\na\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n",
     "text/plain[us-ascii||a\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n]"},
    {"\na\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n",
     "text/plain[us-ascii||a\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n]"},
    {"Content-Transfer-Encoding: base64\n\nYQ=YQ==\n", "text/plain[us-ascii||a\017\330]"},
    {"Content-Transfer-Encoding: base64\n\nYWJj*ZGVm=Z\n", "text/plain[us-ascii||abcdef\375]"},
    {"Content-Transfer-Encoding: base64\n\nYWJjZA\n", "text/plain[us-ascii||abcd]"},
    {"Content-Transfer-Encoding: quoted-printable\n\n=4=\n1 =zz \t\n=\n", "text/plain[us-ascii||A =zz\n]"},
    {"Content-Transfer-Encoding: BASE64\n\nYWJj\n", "text/plain[us-ascii||abc]"},
    {"Content-Transfer-Encoding: x-base64\n\nYWJj\n", "text/plain[us-ascii||YWJj\n]"},
};

static void
show_leaf(const struct mime_part *part, struct bytes *shown)
{
    struct bytes text = {0};

    mime_decode(part, &text);
    bytes_printf(shown, "[%.*s|%.*s|", SPAN_ARG(part->charset), SPAN_ARG(part->name));
    if (text.len > SHOWN_MAX)
        bytes_printf(shown, "%zu octets", text.len);
    else
        bytes_add(shown, bytes_span(&text));
    bytes_add_char(shown, ']');
    bytes_free(&text);
}

/* From part `first` to the one in front of `end`. */
static void
show_parts(const struct mime_parts *parts, size_t first, size_t end, struct bytes *shown)
{
    for (size_t i = first; i < end; i = parts->items[i].end) {
        const struct mime_part *part = &parts->items[i];

        assert_in_range(part->end, i + 1, end);
        if (i > first)
            bytes_add_char(shown, ' ');
        bytes_add(shown, part->type);
        if (part->leaf) {
            show_leaf(part, shown);
            continue;
        }
        bytes_add_char(shown, '(');
        show_parts(parts, i + 1, part->end, shown);
        bytes_add_char(shown, ')');
    }
}

static void
show(const struct mail *mail, struct bytes *shown)
{
    const struct {
        bool        is;
        const char *name;
    } flaws[] = {
        {mail->flaws.missing_head_body_separator, " missing_head_body_separator"},
        {mail->parts.flaws.missing_mime_headers, " missing_mime_headers"},
        {mail->parts.flaws.missing_mime_head_body_separator, " missing_mime_head_body_separator"},
        {mail->parts.flaws.mime_epilogue_exists, " mime_epilogue_exists"},
        {mail->parts.flaws.mime_missing_boundary, " mime_missing_boundary"},
    };

    show_parts(&mail->parts, 0, mail->parts.count, shown);
    for (size_t i = 0; i < COUNT_OF(flaws); i++)
        bytes_add(shown, flaws[i].is ? span_of(flaws[i].name) : SPAN(""));
}

static void
test_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct mail  mail  = {0};
        struct bytes shown = {0};

        mail_parse(&mail, NULL, span_of(cases[i].mail));
        show(&mail, &shown);
        if (!span_equal(bytes_span(&shown), span_of(cases[i].tree)))
            fail_msg("\n%s\nis\n%s\nand not\n%s", cases[i].mail, shown.data, cases[i].tree);
        bytes_free(&shown);
        mail_free(&mail);
    }
}

/* Mails made to hurt; BIG in front stands for a million octets. */
static const struct {
    const char *front, *piece, *behind;
    size_t      times, parts;
} hostile[] = {
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", "--b--\n", 100000, 1001},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "--bb\n--b-\n--b--b\n--\n", "--b--\n", 300000, 2},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "--", "\n--b--\n", 5000000, 2},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=BIG\n\n",
     "--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", "--b--\n", 100000, 3},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain", "; charset=\"", "\n\nx\n--b--\n",
     500000, 2},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain", "; name*1=\"", "\n\nx\n--b--\n",
     500000, 2},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n", "A: b\n", "\nx\n--b--\n", 1000000, 2},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n", " folded\n", "\nx\n--b--\n", 1000000, 2},
    {"Content-Type: multipart/mixed; boundary=b\n\n",
     "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", "", 10000, 0},
    {"Content-Transfer-Encoding: base64\n\n", "YWJjZGVm", "", 2000000, 1},
    {"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n", "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgoK",
     "", 300000, 0},
    {"\n", "\n", "x", 5000000, 1},
    {"\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\nx\n", "", 300000, 1},
};

static void
add_front(struct bytes *text, const char *front)
{
    const char *big = strstr(front, "BIG");

    bytes_add(text, span_head(span_of(front), big != NULL ? (size_t)(big - front) : strlen(front)));
    if (big == NULL)
        return;
    for (size_t i = 0; i < 1000000; i++)
        bytes_add_char(text, 'x');
    bytes_add(text, span_of(big + 3));
}

static void
test_hostile(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        struct bytes text = {0};
        struct mail  mail = {0};
        clock_t      start;
        long         ms;

        add_front(&text, hostile[i].front);
        for (size_t j = 0; j < hostile[i].times; j++)
            bytes_add(&text, span_of(hostile[i].piece));
        bytes_add(&text, span_of(hostile[i].behind));
        start = clock();
        mail_parse(&mail, NULL, bytes_span(&text));
        ms = (long)(clock() - start) * 1000 / CLOCKS_PER_SEC;
        if (ms > BOUND_MS || mail.parts.count > MIME_PARTS_MAX ||
            (hostile[i].parts > 0 && mail.parts.count != hostile[i].parts))
            fail_msg("row %zu: %ld ms, %zu parts", i, ms, mail.parts.count);
        mail_free(&mail);
        bytes_free(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trees), cmocka_unit_test(test_hostile)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
