/* Addresses: their hosts and domains, their plainer forms, and what a mail knows of each; and the lines about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/mail/mail.h"
#include "rules/mail/uri_forms.h"
#include "rules/mail/uri_host.h"
#include "rules/mail/uri_resolve.h"

#define HTML "Content-Type: text/html; charset=UTF-8\n\n"

static const char *const setting_lines[] = {
    "util_rb_tld com uk us org jp xn--p1ai de",
    "util_rb_2tld co.uk ne.us blogspot.com",
    "util_rb_3tld plc.co.uk city.x.us",
    "redirector_pattern m'^https?://go\\.com/\\?to=(.*?)(?:$|&)'i",
    "redirector_pattern /^http:\\/\\/hop\\.com\\/(.*)$/",
};

static struct mail_settings settings;

static int
read_line(const char *text, struct bytes *why)
{
    struct span value = span_of(text), word = text_next_word(&value);

    assert_true(mail_settings_know_line(word));
    return mail_settings_read_line(&settings, word, text_trim(value), why);
}

static int
set_up(void **state)
{
    struct bytes why = {0};

    (void)state;
    mail_settings_fill(&settings);
    for (size_t i = 0; i < COUNT_OF(setting_lines); i++)
        assert_int_equal(read_line(setting_lines[i], &why), 0);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    mail_settings_clear(&settings);
    assert_null(settings.registry);
    return 0;
}

/* NULL: no host, or none that can be. */
static const struct {
    const char *uri, *host, *domain;
} hosts[] = {
    {"http://www.example.co.uk/", "www.example.co.uk", "example.co.uk"},
    {"HTTP://WWW.Example.CO.UK:80/x", "www.example.co.uk", "example.co.uk"},
    {"http://a.b.plc.co.uk", "a.b.plc.co.uk", "b.plc.co.uk"},
    {"http://co.uk", "co.uk", "co.uk"},
    {"http://uk", NULL, NULL},
    {"http://x.blogspot.com/", "x.blogspot.com", "x.blogspot.com"},
    {"http://a.x.blogspot.com/", "a.x.blogspot.com", "x.blogspot.com"},
    {"http://www.ci.omaha.ne.us/", "www.ci.omaha.ne.us", "www.ci.omaha.ne.us"},
    {"http://a.b.omaha.ne.us/", "a.b.omaha.ne.us", "b.omaha.ne.us"},
    {"http://x.y.pvt.k12.ca.us/", "x.y.pvt.k12.ca.us", "y.pvt.k12.ca.us"},
    {"http://a.b.city.x.us/", "a.b.city.x.us", "x.us"}, /* below .us only states count */
    {"foo.com", "foo.com", "foo.com"},
    {"foo.com.", NULL, NULL},
    {"foo..com", NULL, NULL},
    {"http://u:p@w@foo.com/x@y", "foo.com", "foo.com"},
    {"mailto:a@b.com?x=y@z", "b.com", "b.com"},
    {"mailto:a@b@c.com", NULL, NULL},
    {"mailto:b.com", NULL, NULL},
    {"javascript:foo.com", NULL, NULL},
    {"http:foo.com", "foo.com", "foo.com"},
    {"http:///foo.com", NULL, NULL},
    {"http://foo%2Ecom/", NULL, NULL},
    {"http://1.2.3.4:8080/", "1.2.3.4", "1.2.3.4"},
    {"http://1.2.3.04/", NULL, NULL},
    {"http://a_b.com", NULL, NULL},
    {"http://x_y.ab.com", "x_y.ab.com", "ab.com"},
    {"http://-x.ab.com", NULL, NULL},
    {"http://foo.nonsense", NULL, NULL},
    {"http://foo.com:#x", "foo.com", "foo.com"},
    {"http://m\u00fcnchen.de", "xn--mnchen-3ya.de", "xn--mnchen-3ya.de"},
    {"http://www.M\u00dcNCHEN.DE", "www.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"},
    {"http://\u4f8b\u3048\u3002jp/", "xn--r8jz45g.jp", "xn--r8jz45g.jp"},
    {"http://foo\u2603.com/", NULL, NULL},
    {"", NULL, NULL},
};

static void
test_hosts(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(hosts); row++) {
        struct arena    arena = {0};
        struct uri_host found = {{"", 0}, {"", 0}};
        bool            any   = uri_host_read(settings.registry, span_of(hosts[row].uri), &arena, &found);

        if (any != (hosts[row].host != NULL) || (any && (!span_equal(found.host, span_of(hosts[row].host)) ||
                                                         !span_equal(found.domain, span_of(hosts[row].domain)))))
            fail_msg("%s: %d %.*s %.*s", hosts[row].uri, any, SPAN_ARG(found.host), SPAN_ARG(found.domain));
        arena_free(&arena);
    }
}

static const struct {
    const char *uri, *forms;
} forms[] = {
    {"http://a.com/", "http://a.com/"},
    {" http://a.com/\n x ", "http://a.com/ x"},
    {"HTTP:a.com?x", "HTTP://a.com/?x|HTTP:a.com?x"},
    {"http:\\\\a.com\\x", "http://a.com/x|http:\\\\a.com\\x"},
    {"a.com/x", "a.com/x|http://a.com/x"},
    {"ftp.a.com", "ftp.a.com|ftp://ftp.a.com"},
    {"/x", "/x"},
    {"#x", "#x"},
    {"http://%61.com/%20%41", "http://%61.com/%20%41|http://a.com/%20A"},
    {"http://a.com/&#46;&#x041;&#12290;&#10;", "http://a.com/&#46;&#x041;&#12290;&#10;|http://a.com/.A.&#10;"},
    {"http://a.com:80/x", "http://a.com/x|http://a.com:80/x"},
    {"https://a.com:80/x", "https://a.com:80/x"},
    {"https://u@a.com:443", "https://a.com|https://u@a.com:443"},
    {"http://a.com!?/", "http://a.com!/?/|http://a.com!?/|http://a.com/?/"},
    {"http://u@v@a.com/", "http://a.com/|http://u@v@a.com/"},
    {"http://name/x", "http://name/x|http://www.name.com/x"},
    {"http://www.name", "http://www.name|http://www.name.com"},
    {"http://www.com", "http://www.com"},
    {"https://name", "https://name"},
    {"http://localhost/", "http://localhost/"},
    /* numbers; that a zero goes altogether is what SpamAssassin does */
    {"http://2130706433/", "http://127.0.0.1/|http://2130706433/"},
    {"http://u@v@2130706433", "http://127.0.0.1|http://2130706433|http://u@v@2130706433"},
    {"http://0x7f000001/", "http://0x7f000001/|http://127.0.0.1/"},
    {"http://0xff7f000001/", "http://0xff7f000001/|http://127.0.0.1/"},
    {"http://99999999999999999999/", "http://255.255.255.255/|http://99999999999999999999/"},
    {"http://0x7f.0250.010.1/", "http://0x7f.0250.010.1/|http://127.168.8.1/"},
    {"http://127.0.0.1/", "http://127...1/|http://127.0.0.1/"},
    {"http://89.0x00000000000068.00000160.0x11/", "http://89.0x00000000000068.00000160.0x11/|http://89.104.112.17/"},
    /* addresses in addresses */
    {"http://a.com/?http://b.com/&c", "http://a.com/?http://b.com/&c|http://b.com/"},
    {"http://a.com/?http:b", "http://a.com/?http:b"},
    {"http://go.com/?to=b.com&x", "b.com|http://b.com|http://go.com/?to=b.com&x"},
    {"http://hop.com/http://b.com/", "http://b.com/|http://hop.com/http://b.com/"},
    {"http://hop.com/x", "http://hop.com/x"},
    /* mail */
    {"mailto:a@b.com?x", "mailto:a@b.com|mailto:a@b.com?x"},
    {"mailto:%20a@b.com%20", "mailto:%20a@b.com%20|mailto:a@b.com"},
    {"mailto:X%20<a@b.com>", "mailto:X%20<a@b.com>|mailto:a@b.com"},
    {"http://m\u00fc.de/", "http://m\u00fc.de/|http://xn--m-eha.de/"},
};

static void
test_forms(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(forms); row++) {
        struct arena arena  = {0};
        struct spans list   = {0};
        struct bytes joined = {0};

        assert_false(uri_add_forms(span_of(forms[row].uri), &settings, &arena, &list));
        spans_sort_unique(&list);
        for (size_t i = 0; i < list.count; i++)
            bytes_printf(&joined, "%s%.*s", i > 0 ? "|" : "", SPAN_ARG(list.items[i]));
        if (!span_equal(bytes_span(&joined), span_of(forms[row].forms)))
            fail_msg("%s is %s", forms[row].uri, joined.data);
        bytes_free(&joined);
        spans_free(&list);
        arena_free(&arena);
    }
}

static void
test_resolve(void **state)
{
    static const struct {
        const char *base, *reference, *target;
    } rows[] = {
        {"http://a/b/c/d?q", "g", "http://a/b/c/g"},      {"http://a/b/c/d?q", "./g/", "http://a/b/c/g/"},
        {"http://a/b/c/d?q", "/g", "http://a/g"},         {"http://a/b/c/d?q", "//g", "http://g"},
        {"http://a/b/c/d?q", "?y", "http://a/b/c/d?y"},   {"http://a/b/c/d?q", "g?y#s", "http://a/b/c/g?y#s"},
        {"http://a/b/c/d?q", "#s", "http://a/b/c/d?q#s"}, {"http://a/b/c/d?q", "", "http://a/b/c/d?q"},
        {"http://a/b/c/d?q", "../../g", "http://a/g"},    {"http://a/b/c/d?q", "../../../g", "http://a/g"},
        {"http://a/b/c/d?q", "ftp:g", "ftp:g"},           {"http://a/b/c/d?q", "http:g", "http://a/b/c/g"},
        {"", "//www.a.com/x", "http://www.a.com/x"},      {"", "x", "x"},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct bytes target = {0};

        uri_resolve(span_of(rows[row].base), span_of(rows[row].reference), &target);
        bytes_add(&target, SPAN(""));
        assert_string_equal(target.data, rows[row].target);
        bytes_free(&target);
    }
}

/* What a mail knows of its addresses. */
static void
show_details(const char *text, struct bytes *shown)
{
    struct mail mail = {0};

    mail_parse(&mail, &settings, span_of(text));
    for (size_t i = 0; i < mail.uri_details.count; i++) {
        const struct uri_detail *detail = &mail.uri_details.items[i];

        bytes_printf(shown, "%.*s", SPAN_ARG(detail->place.raw));
        for (unsigned type = 0; type < URI_TYPES; type++)
            if ((detail->place.types >> type & 1) != 0)
                bytes_printf(shown, " %s", uri_type_names[type]);
        for (size_t j = 0; j < detail->host_count; j++)
            bytes_printf(shown, " %.*s>%.*s", SPAN_ARG(detail->hosts[j].host), SPAN_ARG(detail->hosts[j].domain));
        for (size_t j = 0; j < detail->place.text_count; j++)
            bytes_printf(shown, " [%.*s]", SPAN_ARG(detail->place.texts[j]));
        bytes_add_char(shown, '\n');
    }
    bytes_add(shown, SPAN(""));
    mail_free(&mail);
}

static void
test_details(void **state)
{
    static const struct {
        const char *text, *details;
    } rows[] = {
        {"\nwww.a.com http://www.a.com, b.org x@c.co.uk d.nonsense\n",
         "http://b.org parsed unlinked schemeless b.org>b.org\n"
         "http://www.a.com parsed schemeless www.a.com>a.com\n"
         "mailto:x@c.co.uk parsed schemeless c.co.uk>c.co.uk\n"},
        {"Content-Type: text/html\n\n<a href=http://a.com>http://a.com</a> <a href=http://b>b</a> <img src=/x>",
         "/x img\n"
         "http://a.com parsed a a.com>a.com [http://a.com]\n"
         "http://b a www.b.com>b.com [b]\n"},
        {"Content-Type: text/html\n\n<a>none</a>", " parsed [none]\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<a href=http://a.com>1</a>\n"
         "--b\nContent-Type: text/html\n\n<a href=http://a.com>2</a><img src=http://a.com>\n--b--\n",
         "http://a.com a img a.com>a.com [1] [2]\n"},
        {"DKIM-Signature: v=1; d=mail.\n\ta.com; s=x\nDomainKey-Signature: d = b.nonsense; d=c.org\n\nx\n",
         "domainkeys:c.org domainkeys nocanon noclean c.org>c.org\n"
         "domainkeys:mail.a.com domainkeys nocanon noclean mail.a.com>a.com\n"},
        {"\nhttp://a.nonsense/ http://%61.com/\n", "http://%61.com/ parsed a.com>a.com\n"},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct bytes shown = {0};

        show_details(rows[row].text, &shown);
        assert_string_equal(shown.data, rows[row].details);
        bytes_free(&shown);
    }
}

/* The addresses of a mail, as uri rules see them. */
static void
test_addresses(void **state)
{
    static const struct {
        const char *text, *uris;
    } rows[] = {
        {"\nto user%host@a.com\n", "mailto:user%host@a.com"},
        {"\nto user%zz%41%@a.com\n", "mailto:user%25zzA%25@a.com"},
        {"\nto 100%@a.com or mailto:b%@a.com\n", "mailto:100%@a.com|mailto:b%@a.com"},
        /* no ASCII form: the control character, and the & */
        {HTML "<a href='http://a\u00f0b&#159;.a.com/x'>", "http://a\u00f0b\xc2\x9f.a.com/x|http://a\xf0"
                                                          "b\x9f.a.com/x"},
        {HTML "<a href='http://a&#240;b&#159;.a.com/x'>", "http://a\xf0"
                                                          "b\x9f.a.com/x"},
        {HTML "\u00e9<a href='http://a&#240;b&#159;.a.com/x'>", "http://a\u00f0b\xc2\x9f.a.com/x|http://a\xf0"
                                                                "b\x9f.a.com/x"},
        {HTML "<a href='http://a&#12354;b&amp;c.a.com/\u00e9'>", "http://a\u3042b&c.a.com/\xe9|http://a\xff"
                                                                 "b&c.a.com/\xe9"},
        {HTML "<a href='http://a\u3042&.a.com:80/'>",
         "http://a\u3042&.a.com/|http://a\u3042&.a.com:80/|http://a\xff&.a.com/|http://a\xff&.a.com:80/"},
        {HTML "<a href='http://a\u00f0b.a.com/x'>", "http://a\xf0"
                                                    "b.a.com/x|http://xn--ab-wja.a.com/x"},
        {HTML "<a href='http://a.com/\u00f0&#159;'>", "http://a.com/\xf0\x9f"},
        {HTML "<a href='http://a.com/\u00f0'>http://a.com/\u00f0 </a>", "http://a.com/\u00f0|http://a.com/\xf0"},
        {"\nhttp://a.com/\u00f0\n", "http://a.com/\u00f0"},
        {"\nhttp://a\u00f0b\xc2\x9f.a.com/x\n", ""},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct mail  mail = {0};
        struct bytes uris = {0};

        mail_parse(&mail, &settings, span_of(rows[row].text));
        bytes_add(&uris, SPAN(""));
        for (size_t i = 0; i < mail.uris.count; i++)
            bytes_printf(&uris, "%s%.*s", i > 0 ? "|" : "", SPAN_ARG(mail.uris.items[i]));
        assert_string_equal(uris.data, rows[row].uris);
        bytes_free(&uris);
        mail_free(&mail);
    }
}

static void
test_signers_ignored(void **state)
{
    struct bytes why = {0}, shown = {0};

    (void)state;
    assert_int_equal(read_line("parse_dkim_uris 0", &why), 0);
    show_details("DKIM-Signature: d=a.com\n\nx\n", &shown);
    assert_string_equal(shown.data, "");
    assert_int_equal(read_line("parse_dkim_uris 1", &why), 0);
    bytes_free(&shown);
}

static void
test_mistakes(void **state)
{
    static const char *const lines[] = {
        "util_rb_tld",        "util_rb_tld co.uk",      "util_rb_2tld uk",       "util_rb_3tld a.b.c.d",
        "redirector_pattern", "redirector_pattern /(/", "parse_dkim_uris maybe", "clear_util_rb all",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct bytes why = {0};

        if (read_line(lines[i], &why) == 0 || why.len == 0)
            fail_msg("%s is taken", lines[i]);
        bytes_free(&why);
    }
    assert_false(mail_settings_know_line(SPAN("util_rb_4tld")));
}

static void
test_built_in(void **state)
{
    const struct registry *registry = mail_settings_default()->registry;
    struct bytes           why      = {0};

    (void)state;
    assert_true(registry_is_top(registry, SPAN("com")));
    assert_true(registry_is_top(registry, SPAN("zz")));
    assert_false(registry_is_top(registry, SPAN("nonsense")));
    assert_false(registry_is_top(settings.registry, SPAN("net"))); /* lines say it all */
    assert_int_equal(read_line("clear_util_rb", &why), 0);
    assert_false(registry_is_top(settings.registry, SPAN("com")));
}

static void
test_hostile(void **state)
{
    static const struct {
        const char *piece;
        size_t      times;
    } rows[] = {
        {"http://a.com/?", 100000},
        {"http://go.com/?to=", 100000},
        {"http://NUMBER.com/ ", 100000},
        {"http://a.com/NUMBER ", 100000},
        {"http://\u00fc\u00fc", 100000},
        {"a@b.com?", 100000},
        {"&#46;", 200000},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct bytes text = {0};
        struct mail  mail = {0};
        const char  *word = strstr(rows[row].piece, "NUMBER");
        clock_t      start;

        bytes_add(&text, SPAN("Content-Type: text/html\n\n<a href=\"http://x.com/"));
        for (size_t i = 0; i < rows[row].times; i++)
            if (word == NULL)
                bytes_add(&text, span_of(rows[row].piece));
            else
                bytes_printf(&text, "%.*s%zu%s<a href=x%zu>", (int)(word - rows[row].piece), rows[row].piece, i,
                             word + 6, i);
        bytes_add(&text, SPAN("\">"));
        start = clock();
        mail_parse(&mail, &settings, bytes_span(&text));
        assert_true(mail.uri_details.count <= MAIL_URIS_MAX);
        mail_free(&mail);
        if ((clock() - start) / CLOCKS_PER_SEC > 5)
            fail_msg("%s: too long", rows[row].piece);
        if (getenv("SHOW_TIMES") != NULL)
            print_message("%6ld ms %s\n", (long)(clock() - start) * 1000 / CLOCKS_PER_SEC, rows[row].piece);
        bytes_free(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),     cmocka_unit_test(test_forms),    cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_details),  cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_hostile),   cmocka_unit_test(test_built_in), cmocka_unit_test(test_signers_ignored),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
