/*
 * A mail of which only the beginning is looked at: wherever it is cut, no rule hits for the cut's sake. And what it
 * says behind a picture inside of its HTML is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/spamassassin/rule_fixture.h"

/* Each hits on some beginning of the mail below that is taken for the whole of it. */
static const char rules_text[] =
    "body HTML_OPEN eval:html_tag_balance('html', '!= 0')\n"
    "body BODY_OPEN eval:html_tag_balance('body', '> 0')\n"
    "body CENTER_OPEN eval:html_tag_balance('center', '!= 0')\n"
    "body NO_BOUNDARY eval:check_for_mime('mime_missing_boundary')\n"
    "body NO_SEPARATOR eval:check_msg_parse_flags('missing_head_body_separator')\n"
    "body NO_MIME_HEADERS eval:check_msg_parse_flags('missing_mime_headers')\n"
    "body NO_MIME_SEPARATOR eval:check_msg_parse_flags('missing_mime_head_body_separator')\n";

static const char mail_text[] = "From: a@b.example\nSubject: hello\nMIME-Version: 1.0\n"
                                "Content-Type: multipart/mixed; boundary=out\n\npreamble\n--out\n"
                                "Content-Type: multipart/alternative; boundary=in\n\n--in\nContent-Type: text/plain\n\n"
                                "words\n--in\nContent-Type: text/html\nX-Y: z\n\n"
                                "<html><body><center>some <b>words</b></center></body></html>\n--in--\n--out\n"
                                "Content-Type: text/html; charset=utf-8\n\n"
                                "<html><body><center>other words</center></body></html>\n--out--\n";

static const struct score_rules *
rules(void)
{
    static struct score_rules *loaded;

    if (loaded == NULL)
        loaded = load_text(rules_text);
    return loaded;
}

typedef void parser(struct mail *, const struct mail_settings *, struct span);

static struct bytes
hits_on(struct span text, parser *parse)
{
    struct mail  mail;
    struct bytes hits = {0};

    parse(&mail, NULL, text);
    score_list_hits(rules(), &mail, &hits);
    mail_free(&mail);
    return hits;
}

static void
no_cut_is_a_flaw(void **state)
{
    struct bytes seen = {0};

    (void)state;
    for (size_t len = 1; len < sizeof(mail_text); len++) {
        struct span  text = {mail_text, len};
        struct bytes cut = hits_on(text, mail_parse_cut), whole = hits_on(text, mail_parse);

        if (cut.len > 0)
            fail_msg("cut at %zu: %s", len, cut.data);
        bytes_add(&seen, bytes_span(&whole));
        bytes_add_char(&seen, ' ');
        bytes_free(&cut);
        bytes_free(&whole);
    }
    assert_non_null(strstr(seen.data, "CENTER_OPEN"));
    assert_non_null(strstr(seen.data, "NO_BOUNDARY"));
    assert_non_null(strstr(seen.data, "NO_SEPARATOR"));
    bytes_free(&seen);
}

/* What is in front of the last part is not excused: nothing of it is missing. */
static void
flaws_in_front_of_the_cut_count(void **state)
{
    static const char text[] = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
                               "<center>open\n--b\nContent-Type: text/html\n\n<html><body>";
    struct bytes      hits   = hits_on(SPAN(text), mail_parse_cut);

    (void)state;
    assert_string_equal(hits.data, "CENTER_OPEN");
    bytes_free(&hits);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cut_is_a_flaw),
        cmocka_unit_test(flaws_in_front_of_the_cut_count),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
