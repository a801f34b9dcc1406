/* Where HTML is cut: each row is a source and its tokens, as Perl's HTML::Parser has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "rules/mail/html_entity.h"
#include "rules/mail/html_token.h"

/* T text, L text without entities, S start tag with its attributes, E end tag, C comment, D declaration; "|" between.
 */
static const struct {
    const char *source, *tokens;
} cases[] = {
    {"", ""},
    {"a<b>c</b>d", "Ta|Sb|Tc|Eb|Td"},
    {"a b c", "Ta b|T c"}, /* the last word might go on */
    {"a b  ", "Ta b|T  "},
    {"<P Class=a class=b>", "Sp Class=a class=b"},
    {"<p a = 'x y' b=\"z\" c d=>x", "Sp a=x y b=z c=c d=|Tx"},
    {"<img/src=x><br/><br />", "Simg/src=x|Sbr/|Sbr /=/"},
    {"<a\"b\" =c>", "Sa\"b\" =c==c"},
    {"a < b <5x> c", "Ta |T< b |T<5x>|T c"},
    {"x <5", "Tx |T<5"},
    {"x <", "Tx |C<"},
    {"x <b", "Tx |C<b"},
    {"x <a href=\"y>z", "Tx |C<a href=\"y>z"},
    {"<_x></_x y>", "S_x|E_x"},
    {"</a \"x>y\" z>w", "Ea|Tw"},
    {"</>x</ a>", "C</>|Tx|C</ a>"},
    {"<!doctype html>x", "D<!doctype html>|Tx"},
    {"<!DOCTYPE a \"b>c\" --d>e-- >", "D<!DOCTYPE a \"b>c\" --d>e-- >"},
    {"<!foo \"a>b", "C<!foo \"a>|Tb"},
    {"<!>x<!-y>z", "C<!>|Tx|C<!-y>|Tz"},
    {"<!-- a > b -->c<!--d-- >", "C<!-- a > b -->|Tc|C<!--d-- >"},
    {"a<!-- b > c --", "Ta|C<!-- b >|T c|T --"},
    {"<!-- a > b <!-- c > d", "C<!-- a >|T b |C<!-- c >|T d"},
    {"a<?php x?>b", "Ta|Tb"},
    {"<![CDATA[a<b>&amp;]]>c", "La<b>&amp;|Tc"},
    {"<![RCDATA[a<b>]]>c", "Ta<b>|Tc"},
    {"<![INCLUDE[a<b>]]>c", "Ta|Sb|T|Tc"},
    {"<![IGNORE[a<b>]]>c", "Tc"},
    {"<![CDATA[a <b>", "La <b>"},
    {"<![if x]>a<![endif]>", "C<![if x]>|Ta|C<![endif]>"},
    {"a]]>b", "Ta]]>b"},
    {"<script>a<b>&lt;</script >c", "Sscript|La<b>&lt;|Escript|Tc"},
    {"<script>a</script x>", "Sscript|La</script x>|Escript"},
    {"<SCRIPT>a<b", "Sscript|La<b|Escript"},
    {"<style>a <b>c", "Sstyle|La <b>c|Estyle"},
    {"<title>a&amp;<b></title>c", "Stitle|Ta&amp;<b>|Etitle|Tc"},
    {"<title>a <b>c", "Stitle|Ta |Etitle|Sb|Tc"}, /* without an end it was none */
    {"<title>a", "Stitle|Ta|Etitle"},
    {"<title>a<?x?>b", "Stitle|Ta|Etitle|Tb"},
    {"<title>a<script>b <c>d", "Stitle|Ta|Etitle|Sscript|Escript|Lb |Sc|Ld"},
    {"<textarea>a <b>", "Stextarea|Ta <b>"},
    {"<xmp>a <b>&lt;</xmp>", "Sxmp|La <b>&lt;|Exmp"},
    {"<plaintext>a</plaintext>b", "Splaintext|La</plaintext>b"},
};

static void
show(const struct html_token *token, struct bytes *shown)
{
    static const char letters[] = {
        [HTML_TEXT] = 'T', [HTML_START] = 'S', [HTML_END] = 'E', [HTML_COMMENT] = 'C', [HTML_DECLARATION] = 'D'};
    bool tag = token->kind == HTML_START || token->kind == HTML_END;

    if (shown->len > 0)
        bytes_add_char(shown, '|');
    bytes_add_char(shown, token->literal ? 'L' : letters[token->kind]);
    bytes_add(shown, tag ? token->name : token->text);
    for (size_t i = 0; i < token->attribute_count; i++) {
        bytes_add_char(shown, ' ');
        bytes_add(shown, token->attributes[i].name);
        bytes_add_char(shown, '=');
        bytes_add(shown, token->attributes[i].value);
    }
}

/* From a block of its exact size, so that reads behind its end are found. */
static void
read_all(struct span source, struct bytes *shown)
{
    char              *exact = malloc(source.len > 0 ? source.len : 1);
    struct html_reader reader;
    struct html_token  token;

    assert_non_null(exact);
    memcpy(exact, source.data, source.len);
    reader = (struct html_reader){.rest = {exact, source.len}};
    while (html_read(&reader, &token))
        show(&token, shown);
    assert_false(html_read(&reader, &token));
    html_reader_free(&reader);
    free(exact);
}

static void
test_tokens(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        struct bytes shown = {0};

        read_all(span_of(cases[row].source), &shown);
        bytes_add(&shown, SPAN(""));
        if (!span_equal(bytes_span(&shown), span_of(cases[row].tokens)))
            fail_msg("%s\nis\n%s\nand not\n%s", cases[row].source, shown.data, cases[row].tokens);
        bytes_free(&shown);
    }
}

static void
test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(cases); row++) {
        for (size_t len = 0; len < strlen(cases[row].source); len++) {
            struct bytes shown = {0};

            read_all(span_head(span_of(cases[row].source), len), &shown);
            bytes_free(&shown);
        }
    }
}

static void
test_nul(void **state)
{
    struct bytes shown = {0};

    (void)state;
    read_all(SPAN("a\0b<p\0 c=\0>\0"), &shown);
    assert_true(span_equal(bytes_span(&shown), SPAN("Ta\0b|Sp\0 c=\0|T\0")));
    bytes_free(&shown);
}

static void
test_entities(void **state)
{
    static const struct {
        const char *text, *decoded;
        bool        prefix, wide;
    } rows[] = {
        {"&amp;&lt;&gt;&quot;&apos;", "&<>\"'", true, false},
        {"&eacute;&eacute &#233;&#xE9;&#XE9", "\u00e9\u00e9 \u00e9\u00e9\u00e9", true, false},
        {"&euro; &euro &eurox", "\u20ac &euro &eurox", true, true},
        {"&copyx &notin; &notin &ampx", "\u00a9x \u2209 \u00acin &x", true, true},
        {"&copyx &copy=", "&copyx \u00a9=", false, false},
        {"&#0; &#x110000; &#99999999999999999999; &#; &x &", "&#0; &#x110000; &#99999999999999999999; &#; &x &", true,
         false},
        {"&#xd83d;&#xde00; &#xd83d; &#xde00;", "\U0001f600 \ufffd \ufffd", true, true},
        {"&#xfffe; &#xfdd0; &#150;", "&#xfffe; \ufffd \xc2\x96", true, true},
    };

    (void)state;
    for (size_t row = 0; row < COUNT_OF(rows); row++) {
        struct bytes decoded = {0};
        bool         wide    = html_decode_entities(span_of(rows[row].text), rows[row].prefix, &decoded);

        if (!span_equal(bytes_span(&decoded), span_of(rows[row].decoded)) || wide != rows[row].wide)
            fail_msg("%s is %s (%d)", rows[row].text, decoded.data, wide);
        bytes_free(&decoded);
    }
}

static void
test_attribute(void **state)
{
    struct html_reader reader = {.rest = SPAN("<a B=&lt;1 b=2 c>")};
    struct html_token  token;
    struct bytes       value = {0};

    (void)state;
    assert_true(html_read(&reader, &token));
    assert_true(html_attribute(&token, "b", &value));
    assert_string_equal(value.data, "<1"); /* the first counts */
    assert_true(html_attribute(&token, "c", &value));
    assert_string_equal(value.data, "c");
    assert_false(html_attribute(&token, "d", &value));
    assert_int_equal(value.len, 0);
    bytes_free(&value);
    html_reader_free(&reader);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),   cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_nul),
        cmocka_unit_test(test_entities), cmocka_unit_test(test_attribute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
