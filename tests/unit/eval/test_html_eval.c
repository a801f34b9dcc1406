/* HTMLEval, URIEval, HTTPSMismatch and URIDetail: each function, hit and miss. */
#include "base/count.h"
#include "tests/unit/eval/eval_fixture.h"

#define HTML(html) "Subject: a subject\nContent-Type: text/html\n\n" html "\n"
#define TEXT(text) "Subject: a subject\n\n" text "\n"
#define TWO_PARTS(one, two)                                                                                            \
    "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n" one                                \
    "\n--b\nContent-Type: text/html\n\n" two "\n--b--\n"

static const struct eval_row html_rows[] = {
    {"", "html_test('html')", HTML("x"), 1},
    {"", "html_test('html')", TEXT("x"), 0},
    {"", "html_test('html')", "Content-Type: text/html\n\n", 0}, /* there is nothing in it */
    {"", "html_test('embeds')", HTML("<embed>"), 1},
    {"", "html_test('embeds')", HTML("<p>"), 0},
    {"", "html_test('embeds')", TWO_PARTS("x", "<embed>"), 1},
    {"", "html_test('anchor')", HTML("<a>"), 1},
    {"", "html_test('anchor')", HTML("</a>"), 0},
    {"", "html_test('nonsense')", HTML("x"), 0},

    {"", "html_range('max_size', '5', '6')", HTML("<font size=6>"), 1},
    {"", "html_range('max_size', '5', '6')", HTML("<font size=5>"), 0},
    {"", "html_range('max_size', '6', 'inf')", HTML("<font size=60>"), 1},
    {"", "html_range('max_size', '6')", HTML("<font size=60>"), 1},
    {"", "html_range('bad_tag_ratio', '.4', '.5')", HTML("<b><foo>"), 1},
    {"", "html_range('bad_tag_ratio', '.4', '.5')", HTML("x"), 0}, /* it is not known */
    {"", "html_range('nonsense', '0', 'inf')", HTML("x"), 0},

    {"", "html_eval('length', '< 5')", HTML("abc"), 1}, /* the line end counts */
    {"", "html_eval('length', '< 4')", HTML("abc"), 0},
    {"", "html_eval('length', '- 4 == 0')", HTML("abc"), 1},
    {"", "html_eval('nonsense', '== 0')", HTML("abc"), 0},

    {"", "html_tag_balance('body', '!= 0')", HTML("<body>"), 1},
    {"", "html_tag_balance('body', '!= 0')", HTML("<body></body>"), 0},
    {"", "html_tag_balance('body', '>= 0')", HTML("<p>"), 0},
    {"", "html_tag_balance('foo', '> 1')", HTML("<foo><FOO>"), 1},

    {"", "html_tag_exists('center')", HTML("</CENTER>"), 1},
    {"", "html_tag_exists('center')", HTML("<cente>"), 0},

    {"", "html_image_only('0000', '0010')", HTML("<img>"), 1},
    {"", "html_image_only('0006', '0010')", HTML("<img>"), 0},
    {"", "html_image_only('0000', '0005')", HTML("<img>"), 0},
    {"", "html_image_only('0000', '0400')", HTML("no"), 0},

    {"", "html_image_ratio('0.1', '0.2')", HTML("<img width=5 height=2>ab"), 1},
    {"", "html_image_ratio('0.2', '0.3')", HTML("<img width=5 height=2>ab"), 0},
    {"", "html_image_ratio('0', '9')", HTML("<img>ab"), 0}, /* of an unknown size */

    {"", "html_text_match('title', '^.{3}$')", HTML("<title>caf</title>"), 1},
    {"", "html_text_match('title', '^.{4}$')", HTML("<title>caf\u20ac</title>"), 1}, /* characters */
    {"", "html_text_match('title', '^.{5}$')", HTML("<title>caf\u20ac</title>"), 0},
    {"", "html_text_match('comment', '<!(?!-)')", HTML("<!-- a --><!b>"), 1},
    {"", "html_text_match('comment', '<!(?!-)')", HTML("<!-- a -->"), 0},
    {"", "html_text_match('anchor', '<img>')", HTML("<a><img></a>"), 1},
    {"", "html_text_match('anchor', '<img>')", HTML("<img><a></a>"), 0},
    {"", "html_text_not_match('title', 'a')", HTML("<title>b</title>"), 1},
    {"", "html_text_not_match('title', 'a')", HTML("<title>a</title>"), 0},
    {"", "html_text_not_match('title', 'a')", HTML("x"), 0},

    {"", "html_title_subject_ratio('1')", HTML("<title>a subject or so</title>"), 1},
    {"", "html_title_subject_ratio('1')", HTML("<title>a subject!</title>"), 0}, /* the Subject's line end counts */
    {"", "html_title_subject_ratio('1')", "Content-Type: text/html\n\n<title>a</title>", 0},

    {"", "check_iframe_src()", HTML("<iframe src=x>"), 1},
    {"", "check_iframe_src()", HTML("<iframe>"), 0},
    {"", "check_iframe_src()", HTML("<frame src=x>"), 0},
    {"", "html_charset_faraway()", HTML("<meta http-equiv=content-type content='text/html; charset=koi8-r'>"), 0},
};

static const struct eval_row uri_rows[] = {
    {"", "check_for_http_redirector()", TEXT("http://a.com/?http://b.com/"), 1},
    {"", "check_for_http_redirector()", TEXT("http://a.com/?http://www.a.com/"), 0},
    {"", "check_for_http_redirector()", TEXT("http://a.com/?http://www.a.com/?http://b.com"), 1},
    {"", "check_for_http_redirector()", TEXT("http://a.com/"), 0},

    {"", "check_https_ip_mismatch()", HTML("<a href=http://1.2.3.4/>https://bank.com/</a>"), 1},
    {"", "check_https_ip_mismatch()", HTML("<a href=http://1.2.3.4/>https://1.2.3.4/</a>"), 0},
    {"", "check_https_ip_mismatch()", HTML("<a href=http://1.2.3.4/>http://bank.com/</a>"), 0},
    {"", "check_https_ip_mismatch()", HTML("<a href=http://x.com/>https://bank.com/</a>"), 0},

    {"", "check_https_http_mismatch('1', '10')", HTML("<a href=http://x.com/>https://bank.com/</a>"), 1},
    {"", "check_https_http_mismatch('1', '10')", HTML("<a href=http://x.com/>see HTTPS://www.X.com/</a>"), 0},
    {"", "check_https_http_mismatch('1', '10')", HTML("<a href=http://x.com/>http://bank.com/</a>"), 0},
    {"", "check_https_http_mismatch('1', '10')", HTML("<a href=http://x.com/>https://bank.nonsense/</a>"), 0},
    {"", "check_https_http_mismatch('1', '10')", HTML("<a href=http://x.com/>https://1.2.3.4/</a>"), 1},
    {"", "check_https_http_mismatch('1', '10')", HTML("<a href=http://1.2.3.4/>https://bank.com/</a>"), 0},
    {"", "check_https_http_mismatch('2', '10')", HTML("<a href=http://x.com/>https://bank.com/</a>"), 0},
    {"", "check_https_http_mismatch('2')", HTML("<a href=http://x.com/>https://bank.com/</a><a href=http://y.com>"), 1},
    {"", "check_https_http_mismatch('1', '2')",
     HTML("<a href=http://x.com/>https://bank.com/</a><a href=http://y.com>"), 0},
    {"", "check_https_http_mismatch()", HTML("<a href=http://x.com/>https://bank.com/</a>"), 1},

    {"", "check_uri_truncated()", HTML("<a href=http://x.com/>"), 0},
};

#define LINK HTML("<a href=\"http://www.bar%2Ecom/x\">click <b>here</b></a> and see www.foo.org")

static const struct eval_row detail_rows[] = {
    {"", "check_uri_detail(raw =~ /%2Ebar|bar%2E/)", LINK, 1},
    {"", "check_uri_detail(raw =~ /bar\\.com/)", LINK, 0},
    {"", "check_uri_detail(raw !~ /bar/)", LINK, 1}, /* the other address */
    {"", "check_uri_detail(cleaned =~ /bar\\.com/)", LINK, 1},
    {"", "check_uri_detail(domain =~ /^bar\\.com$/)", LINK, 1},
    {"", "check_uri_detail(domain =~ /^www/)", LINK, 0},
    {"", "check_uri_detail(host =~ /^www\\.bar\\.com$/)", LINK, 1},
    {"", "check_uri_detail(type =~ /^a$/)", LINK, 1},
    {"", "check_uri_detail(type =~ /^img$/)", LINK, 0},
    {"", "check_uri_detail(text =~ /^click here$/)", LINK, 1},
    {"", "check_uri_detail(text !~ /click/)", LINK, 0},
    {"", "check_uri_detail(text =~ /CLICK/i)", LINK, 1},
    {"", "check_uri_detail(text =~ m!CLICK!i)", LINK, 1},
    /* all of it of one address */
    {"", "check_uri_detail(domain =~ /bar/ type =~ /^a$/  text =~ /here/)", LINK, 1},
    {"", "check_uri_detail(domain =~ /foo/ type =~ /^a$/)", LINK, 0},
    {"", "check_uri_detail(domain =~ /foo/ type =~ /^parsed$/)", LINK, 1},
    {"", "check_uri_detail(domain =~ /foo/ domain =~ /bar/)", LINK, 1}, /* the last counts */
    {"", "check_uri_detail(raw =~ /./)", TEXT("nothing"), 0},
};

static void
test_html(void **state)
{
    (void)state;
    check_rows(html_rows, COUNT_OF(html_rows));
}

static void
test_uris(void **state)
{
    (void)state;
    check_rows(uri_rows, COUNT_OF(uri_rows));
}

static void
test_details(void **state)
{
    (void)state;
    check_rows(detail_rows, COUNT_OF(detail_rows));
}

static void
test_truncated(void **state)
{
    struct bytes text = {0};

    (void)state;
    repeat(&text, "Content-Type: text/html\n\n<a href=\"http://x.com/", "y", 9000, "\">");
    assert_int_equal(hits_of("", "check_uri_truncated()", bytes_span(&text)), 1);
    bytes_free(&text);
}

static void
test_mistakes(void **state)
{
    static const char *const calls[] = {
        "html_eval('length', '<')",
        "html_eval('length', 'system()')",
        "html_tag_balance('body', '!= x')",
        "html_tag_balance('body', '0')",
        "html_text_match('title', '(')",
        "html_test()",
        "check_uri_detail()",
        "check_uri_detail(raw)",
        "check_uri_detail(raw =~ /(/)",
        "check_uri_detail(color =~ /x/)",
        "check_uri_detail(raw =~ m{x})",
    };

    (void)state;
    check_bad_calls(calls, COUNT_OF(calls));
}

static void
test_hostile(void **state)
{
    static const char *const calls[] = {
        "check_for_http_redirector()",
        "check_https_ip_mismatch()",
        "check_https_http_mismatch()",
        "html_text_match('anchor', 'x{9}y')",
        "html_title_subject_ratio('3')",
        "html_tag_exists('nonsense')",
        "check_uri_detail(raw =~ /x{9}y/ text =~ /x/ host =~ /x/)",
    };
    static const char *const units[] = {
        "<a href=http://x.com/>https://y.com/", "<a>https://", "<title>", "<xyz>", "http://x.com/?",
        "<a href=http://1.2.3.4>https:",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        struct bytes text = {0};

        repeat(&text, "Content-Type: text/html\n\n", units[i], 50000, "");
        check_bounded("", calls, COUNT_OF(calls), bytes_span(&text), 3000);
        bytes_free(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),      cmocka_unit_test(test_uris),     cmocka_unit_test(test_details),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
