/* The functions of MIMEEval, each on mails that it hits and on mails that it does not; and on mails made to hurt. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

static const struct eval_row fact_rows[] = {
    {"", "check_for_mime('mime_base64_count')", "Content-Transfer-Encoding: base64\n\nYQ==\n", 1},
    {"", "check_for_mime('mime_base64_count')", "Content-Transfer-Encoding: quoted-printable\n\nYQ==\n", 0},
    {"", "check_for_mime('mime_base64_count')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Transfer-Encoding: "
     "base64\n\nYQ==\n--b--\n",
     1},
    {"", "check_for_mime('mime_qp_count')", "Content-Transfer-Encoding: quoted-printable\n\nno signs\n", 0},
    {"", "check_for_mime('mime_qp_count')", "Content-Transfer-Encoding: quoted-printable\n\n=41 needless\n", 1},
    {"", "check_for_mime('mime_qp_count')",
     "Content-Transfer-Encoding: quoted-printable\n\n=3D needed, and at the end=20=09\n", 0},
    {"", "check_for_mime('mime_qp_count')", "Content-Transfer-Encoding: x-quoted-printable\n\nx\n", 1},
    {"", "check_for_mime('mime_qp_long_line')",
     "Content-Transfer-Encoding: "
     "quoted-printable\n\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     0},
    {"", "check_for_mime('mime_qp_long_line')",
     "Content-Transfer-Encoding: "
     "quoted-printable\n\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     1},
    {"", "check_for_mime('mime_qp_long_line')",
     "\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 0},
    {"", "check_for_mime('mime_attachment')", "Content-Disposition: ATTACHMENT; filename=a\n\nx\n", 1},
    {"", "check_for_mime('mime_attachment')", "Content-Disposition: inline\n\nx\n", 0},
    {"", "check_for_mime('mime_base64_encoded_text')",
     "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\nYQ==\n", 1},
    {"", "check_for_mime('mime_base64_encoded_text')",
     "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nYQ==\n", 0},
    {"", "check_for_mime('mime_base64_encoded_text')",
     "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: base64\n\nYQ==\n", 1},
    {"", "check_for_mime('mime_base64_encoded_text')",
     "Content-Type: text/plain\nContent-Transfer-Encoding: base64\nContent-Disposition: inline\n\nYQ==\n", 0},
    {"", "check_for_mime('mime_base64_encoded_text')",
     "Content-Type: image/gif\nContent-Transfer-Encoding: base64\n\nYQ==\n", 0},
    {"", "check_for_mime('mime_bad_iso_charset')", "Content-Type: text/plain; charset=iso-1234-5\n\nx\n", 1},
    {"", "check_for_mime('mime_bad_iso_charset')", "Content-Type: text/plain; charset=ISO-8859-15\n\nx\n", 0},
    {"", "check_for_mime('mime_bad_iso_charset')", "Content-Type: text/plain; charset=iso-2022-jp\n\nx\n", 0},
    {"", "check_for_mime('mime_bad_iso_charset')", "Content-Type: text/plain; charset=utf-8\n\nx\n", 0},
    {"ok_locales en", "check_for_mime('mime_faraway_charset')", "Content-Type: text/plain; charset=koi8-r\n\nx\n", 1},
    {"ok_locales ru", "check_for_mime('mime_faraway_charset')", "Content-Type: text/plain; charset=koi8-r\n\nx\n", 0},
    {"", "check_for_mime('mime_faraway_charset')", "Content-Type: text/plain; charset=koi8-r\n\nx\n", 0},
    {"", "check_for_mime('mime_missing_boundary')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 0},
    {"", "check_for_mime('mime_missing_boundary')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n", 1},
    {"", "check_for_mime('mime_missing_boundary')", "Content-Type: multipart/mixed; boundary=b\n\nx\n", 0},
    {"", "check_for_mime('mime_multipart_alternative')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 1},
    {"", "check_for_mime('mime_multipart_alternative')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 0},
    {"", "check_for_mime('mime_multipart_ratio')", "\nx\n", 1},
    {"", "check_for_mime('mime_body_html_count')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", 1},
    {"", "check_for_mime('mime_body_html_count')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 0},
    {"", "check_for_mime('mime_body_text_count')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", 0},
    {"", "check_for_mime('mime_ascii_text_illegal')", "\nx\351\n", 1},
    {"", "check_for_mime('nothing_of_the_kind')", "\nx\n", 0},
};

static const struct eval_row flag_rows[] = {
    {"", "check_msg_parse_flags('missing_head_body_separator')", "A: 1\n", 1},
    {"", "check_msg_parse_flags('missing_head_body_separator')", "A: 1\n\n", 0},
    {"", "check_msg_parse_flags('missing_mime_headers')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n", 1},
    {"", "check_msg_parse_flags('missing_mime_headers')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 0},
    {"", "check_msg_parse_flags('missing_mime_head_body_separator')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nx\n--b--\n", 1},
    {"", "check_msg_parse_flags('missing_mime_head_body_separator')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 0},
    {"", "check_msg_parse_flags('mime_epilogue_exists')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\nmore\n", 1},
    {"", "check_msg_parse_flags('mime_epilogue_exists')",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n .\n", 0},
    {"", "check_msg_parse_flags('missing_head_body_separator')", "no\nno\nno\nno\nA: 1\n\n", 1},
};

static const struct eval_row other_rows[] = {
    {"", "check_for_mime_html()", "Content-Type: text/html\n\nx\n", 1},
    {"", "check_for_mime_html()",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: "
     "text/html\n\nx\n--b--\n",
     1},
    {"", "check_for_mime_html()",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b--\n", 0},
    {"", "check_for_mime_html_only()", "Content-Type: text/html\n\nx\n", 1},
    {"", "check_for_mime_html_only()",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: "
     "text/html\n\nx\n--b--\n",
     0},
    {"", "check_for_mime_html_only()",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\nx\n--b--\n", 1},
    {"", "check_for_mime_html_only()", "\nx\n", 0},
    {"", "check_mime_multipart_ratio('0.2','0.3')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: "
     "text/plain\n\nxxxxxxxxxx\n--b\nContent-Type: text/html\n\nyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n--b--\n",
     1},
    {"", "check_mime_multipart_ratio('0.3','0.4')",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: "
     "text/plain\n\nxxxxxxxxxx\n--b\nContent-Type: text/html\n\nyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n--b--\n",
     0},
    {"", "check_mime_multipart_ratio('1','1.1')", "\nx\n", 1},
    {"", "check_for_ascii_text_illegal()", "\nplain\n", 0},
    {"", "check_for_ascii_text_illegal()", "\nc\rr\n", 1},
    {"", "check_for_ascii_text_illegal()", "Content-Type: text/plain; charset=utf-8\n\n\351\n", 0},
    {"", "check_for_ascii_text_illegal()", "Content-Type: text/plain; charset=US-ASCII\n\n\351\n", 1},
    {"", "check_abundant_unicode_ratio(0.02)", "\n&#x20AC;&#x20AC; x\n", 1},
    {"", "check_abundant_unicode_ratio(0.9)", "\n&#x20AC; xxxxxxxxxxxxxxxxxxxx\n", 0},
    {"", "check_abundant_unicode_ratio('2')", "\n&#x20AC;&#x20AC; x\n", 0},
    {"", "check_abundant_unicode_ratio(0.02)", "Content-Transfer-Encoding: quoted-printable\n\n&#x20AC;&#x20AC; x\n",
     0},
    {"", "check_abundant_unicode_ratio(0.02)", "\n&#x20ac;&#20AC;&#x20AC x\n", 0},
    {"ok_locales en", "check_for_faraway_charset()",
     "Content-Type: text/plain; charset=koi8-r\n\n\360\322\311\327\305\324\n", 1},
    {"ok_locales en ru", "check_for_faraway_charset()",
     "Content-Type: text/plain; charset=koi8-r\n\n\360\322\311\327\305\324\n", 0},
    {"", "check_for_faraway_charset()", "Content-Type: text/plain; charset=koi8-r\n\n\360\322\311\327\305\324\n", 0},
    {"ok_locales en", "check_for_faraway_charset()",
     "Content-Type: text/plain; charset=\"koi8-r\"\n\nall ASCII, whatever it says\n", 0},
    {"", "check_for_uppercase('50','75')",
     "Subject: x\n\nBUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY "
     "THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now "
     "BUY THIS now BUY THIS now BUY THIS now BUY THIS now \n",
     1},
    {"", "check_for_uppercase('75','100')",
     "Subject: x\n\nBUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY "
     "THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now "
     "BUY THIS now BUY THIS now BUY THIS now BUY THIS now \n",
     0},
    {"", "check_for_uppercase('50','75')", "Subject: x\n\nBUY THIS now\n", 0},
    {"", "check_for_uppercase('50','75')",
     "Content-Type: text/plain; charset=euc-jp\n\nBUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY "
     "THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now "
     "BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now \n",
     0},
    {"", "check_for_uppercase('50','75')",
     "Content-Type: text/plain; charset=euc-jp\nContent-Type: text/plain; charset=\"us-ascii\"\n\nBUY THIS now BUY "
     "THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now "
     "BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS now BUY THIS "
     "now \n",
     1},
    {"", "check_for_uppercase('90','100')",
     "\nBUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 "
     "BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY "
     "ALL 123 BUY ALL 123 \n",
     0},
    {"", "check_for_uppercase('60','80')",
     "\nBUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 "
     "BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY ALL 123 BUY "
     "ALL 123 BUY ALL 123 \n",
     1},
    {"", "check_ma_non_text()",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: "
     "image/gif\n\nx\n--b--\n",
     1},
    {"", "check_ma_non_text()",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: "
     "text/html\n\nx\n--b--\n",
     0},
    {"", "check_ma_non_text()",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\n\nx\n--b--\n", 0},
    {"", "check_ma_non_text()",
     "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: application/rtf\n\nx\n--b--\n", 0},
    {"", "check_base64_length('78','79')",
     "Content-Transfer-Encoding: "
     "base64\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
     1},
    {"", "check_base64_length('78','79')",
     "Content-Transfer-Encoding: "
     "base64\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
     0},
    {"", "check_base64_length('79')",
     "Content-Transfer-Encoding: "
     "base64\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
     1},
    {"", "check_base64_length('79')",
     "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 0},
    {"", "check_base64_length('79')",
     "Content-Type: application/ics\nContent-Transfer-Encoding: "
     "base64\n\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
     0},
    {"", "check_qp_ratio('0.1')", "Content-Transfer-Encoding: quoted-printable\n\n=41=42=43\n", 1},
    {"", "check_qp_ratio('0.1')", "Content-Transfer-Encoding: quoted-printable\n\nplain text\n", 0},
    {"", "check_qp_ratio('0')", "\nx\n", 1},
    {"", "check_for_mime_html()",
     "Content-Type: multipart/mixed; boundary=\"b c\"\n\n--b c\nContent-Type: text/html\n\nx\n--b c--\n", 1},
    {"", "check_for_mime_html()", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n", 0},
    {"", "check_for_mime_html()", "Content-Type: message/rfc822\n\nContent-Type: text/html\n\nx\n", 1},
    {"", "check_for_mime_html()",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; "
     "boundary=b\n\n--b\nContent-Type: text/html\n\nx\n--b--\n--b--\n",
     1},
};

static void
test_facts(void **state)
{
    (void)state;
    check_rows(fact_rows, COUNT_OF(fact_rows));
}

static void
test_flags(void **state)
{
    (void)state;
    check_rows(flag_rows, COUNT_OF(flag_rows));
}

static void
test_others(void **state)
{
    (void)state;
    check_rows(other_rows, COUNT_OF(other_rows));
}

static void
check_repeated(const char *call, const char *start, const char *unit, size_t times, const char *end, unsigned hits)
{
    struct bytes mail = {0};

    repeat(&mail, start, unit, times, end);
    assert_int_equal(hits_of("", call, bytes_span(&mail)), hits);
    bytes_free(&mail);
}

static void
test_limits(void **state)
{
    (void)state;
    check_repeated("check_msg_parse_flags('truncated_header')", "A: ", "x", 8192, "\n\n", 1);
    check_repeated("check_msg_parse_flags('truncated_header')", "A: ", "x", 8190, "\n\n", 0);
    check_repeated("check_msg_parse_flags('truncated_header')", "", "x", 257, ": y\n\n", 1);
    check_repeated("check_msg_parse_flags('truncated_header')", "", "A: some text\n", 6000, "\n", 1);
    check_repeated("check_msg_parse_flags('mimepart_limit_exceeded')", "Content-Type: multipart/mixed; boundary=b\n\n",
                   "--b\n\n\n", 1001, "--b--\n", 1);
    check_repeated("check_msg_parse_flags('mimepart_limit_exceeded')", "Content-Type: multipart/mixed; boundary=b\n\n",
                   "--b\n\n\n", 999, "--b--\n", 0);
}

static const char *const all_calls[] = {
    "check_for_mime('mime_base64_count')",
    "check_for_mime_html()",
    "check_for_mime_html_only()",
    "check_mime_multipart_ratio('0.2','0.3')",
    "check_msg_parse_flags('missing_head_body_separator')",
    "check_for_ascii_text_illegal()",
    "check_abundant_unicode_ratio(0.02)",
    "check_for_faraway_charset()",
    "check_for_uppercase('50','75')",
    "check_ma_non_text()",
    "check_base64_length('78','79')",
    "check_qp_ratio('0.1')",
};

static const struct hostile_mail hostile[] = {
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 100000, "--b--\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: multipart/alternative; boundary=b\n\n", 20000,
     ""},
    {"Content-Type: text/plain; charset=", "iso-", 500000, "\n\nx\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=", "iso-", 500000, "\n\nx\n"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: x", " charset=", 200000, "\n\nx\n"},
    {"Content-Transfer-Encoding: quoted-printable\n\n", "=20", 1000000, "x\n"},
    {"Content-Transfer-Encoding: quoted-printable\n\n", "=41=\n", 500000, ""},
    {"Content-Transfer-Encoding: base64\n\n", "YWJj", 2000000, ""},
    {"\n", "&#x20AC", 500000, ";\n"},
    {"\n", "A ", 1000000, "\n"},
    {"\n", "\033$B\033(B", 500000, "\n"},
    {"\n", "\n", 3000000, ""},
    {"", "", 0, ""},
};

static void
test_hostile(void **state)
{
    (void)state;
    check_hostile("", all_calls, COUNT_OF(all_calls), hostile, COUNT_OF(hostile));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),  cmocka_unit_test(test_flags),   cmocka_unit_test(test_others),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
