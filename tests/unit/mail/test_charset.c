/* Charsets by the names that mail has for them: what text becomes, well-formed and ill-formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/count.h"
#include "rules/mail/charset.h"

#define OCTETS(literal)                                                                                                \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

/* SpamAssassin makes the same of each. */
static const struct {
    const char        *charset;
    enum charset_trust trust;
    struct span        text, utf8;
} cases[] = {
    {"koi8-r", CHARSET_GUESS, OCTETS("\360\322\311\327\305\324"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"KOI8R", CHARSET_GUESS, OCTETS("\360\322\311\327\305\324"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"koi8_r", CHARSET_INSIST, OCTETS("\360\322\311\327\305\324"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"windows-1251", CHARSET_GUESS, OCTETS("\317\360\350\342\345\362"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"cp-1251", CHARSET_GUESS, OCTETS("\317\360\350\342\345\362"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"x-cp1251", CHARSET_INSIST, OCTETS("\317\360\350\342\345\362"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"iso-8859-5", CHARSET_GUESS, OCTETS("\277\340\330\322\325\342"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"ibm866", CHARSET_GUESS, OCTETS("\217\340\250\242\245\342"),
     OCTETS("\320\237\321\200\320\270\320\262\320\265\321\202")},
    {"iso-8859-1", CHARSET_GUESS, OCTETS("\223q\224"), OCTETS("\342\200\234q\342\200\235")},
    {"ISO8859-1", CHARSET_INSIST, OCTETS("\223q\224"), OCTETS("\342\200\234q\342\200\235")},
    {"latin1", CHARSET_GUESS, OCTETS("\223q\224"), OCTETS("\302\223q\302\224")},
    {"iso_8859-1", CHARSET_GUESS, OCTETS("\223q\224"), OCTETS("\302\223q\302\224")},
    {"iso-8859-1", CHARSET_GUESS, OCTETS("a\201b"), OCTETS("a\357\277\275b")},
    {"iso-8859-1", CHARSET_INSIST, OCTETS("a\201b"), OCTETS("a\357\277\275b")},
    {"iso-8859-15", CHARSET_GUESS, OCTETS("\244"), OCTETS("\342\202\254")},
    {"latin-9", CHARSET_GUESS, OCTETS("\244"), OCTETS("\342\202\254")},
    {"iso885915", CHARSET_GUESS, OCTETS("\244"), OCTETS("\342\202\254")},
    {"shift_jis", CHARSET_GUESS, OCTETS("\223\372\226{\214\352 a\\b~"),
     OCTETS("\346\227\245\346\234\254\350\252\236 a\\b~")},
    {"x-sjis", CHARSET_INSIST, OCTETS("\223\372\226{\214\352 a\\b~"),
     OCTETS("\346\227\245\346\234\254\350\252\236 a\\b~")},
    {"euc-jp", CHARSET_GUESS, OCTETS("\306\374\313\334\270\354"), OCTETS("\346\227\245\346\234\254\350\252\236")},
    {"euc-jp", CHARSET_GUESS, OCTETS("\306\374\313\334\270\354\241"), OCTETS("\346\227\245\346\234\254\350\252\236")},
    {"euc-jp", CHARSET_GUESS, OCTETS("a\200b"), OCTETS("a\342\202\254b")},
    {"iso-2022-jp", CHARSET_GUESS, OCTETS("\033$B-!-j\033(B x"), OCTETS("\342\221\240\343\210\261 x")},
    {"iso-2022-jp", CHARSET_GUESS, OCTETS("\033$B$\"\n$\"\033(B"), OCTETS("\343\201\202\n\343\201\202")},
    {"iso-2022-jp", CHARSET_GUESS, OCTETS("\033$B$\"$\033(B x"), OCTETS("\343\201\202\\xA4 x")},
    {"iso-2022-jp", CHARSET_INSIST, OCTETS("\033(I1\033$(D\"/\033(J x \033$A1"), OCTETS("\357\275\261\313\230 x ")},
    {"iso-2022-jp", CHARSET_INSIST, OCTETS("\033$B$\"$"), OCTETS("\343\201\202")},
    {"euc-jp", CHARSET_GUESS, OCTETS("\255\241 x"), OCTETS("\342\221\240 x")},
    {"euc-jp", CHARSET_INSIST, OCTETS("\244\367 x"), OCTETS("\357\277\275\357\277\275 x")},
    {"iso-2022-jp", CHARSET_GUESS, OCTETS("\033$BF|K\\8l\033(B"), OCTETS("\346\227\245\346\234\254\350\252\236")},
    {"iso-2022-jp", CHARSET_GUESS, OCTETS("\033$BF|K\\8l\033(B \377 x"),
     OCTETS("\346\227\245\346\234\254\350\252\236 ")},
    {"gb2312", CHARSET_GUESS, OCTETS("\304\343\272\303"), OCTETS("\344\275\240\345\245\275")},
    {"gbk", CHARSET_GUESS, OCTETS("\304\343\272\303"), OCTETS("\344\275\240\345\245\275")},
    {"gb18030", CHARSET_GUESS, OCTETS("\304\343\272\303"), OCTETS("\344\275\240\345\245\275")},
    {"hz-gb-2312", CHARSET_GUESS, OCTETS("\304\343\272\303"), OCTETS("\344\275\240\345\245\275")},
    {"big5", CHARSET_GUESS, OCTETS("\247A\246n"), OCTETS("\344\275\240\345\245\275")},
    {"cn-big5", CHARSET_GUESS, OCTETS("\247A\246n"), OCTETS("\344\275\240\345\245\275")},
    {"ks_c_5601-1987", CHARSET_GUESS, OCTETS("\276\310\263\347"), OCTETS("\354\225\210\353\205\225")},
    {"euc-kr", CHARSET_INSIST, OCTETS("\276\310\263\347"), OCTETS("\354\225\210\353\205\225")},
    {"utf-8", CHARSET_GUESS, OCTETS("\303\251"), OCTETS("\303\251")},
    {"koi8-r", CHARSET_GUESS, OCTETS("\303\251"), OCTETS("\303\251")},
    {"koi8-r", CHARSET_INSIST, OCTETS("\303\251"), OCTETS("\321\206\342\225\230")},
    {"utf-8", CHARSET_GUESS, OCTETS("a\303(b"), OCTETS("a\303\203(b")},
    {"utf-8", CHARSET_INSIST, OCTETS("a\303(b"), OCTETS("a\357\277\275(b")},
    {"utf-8", CHARSET_INSIST, OCTETS("\342\202z"), OCTETS("\357\277\275z")},
    {"utf-8", CHARSET_INSIST, OCTETS("\355\240\200x"), OCTETS("\357\277\275x")},
    {"utf-8", CHARSET_GUESS, OCTETS("\357\267\220x"), OCTETS("\303\257\302\267\357\277\275x")},
    {"utf-8", CHARSET_GUESS, OCTETS("\364\217\277\277"), OCTETS("\303\264\357\277\275\302\277\302\277")},
    {"us-ascii", CHARSET_GUESS, OCTETS("caf\351"), OCTETS("caf\303\251")},
    {"us-ascii", CHARSET_INSIST, OCTETS("caf\351"), OCTETS("caf\357\277\275")},
    {"x-unknown", CHARSET_GUESS, OCTETS("caf\351"), OCTETS("caf\303\251")},
    {"x-unknown", CHARSET_INSIST, OCTETS("\200\351"), OCTETS("\342\202\254\303\251")},
    {"", CHARSET_GUESS, OCTETS("\243\201"), OCTETS("\302\243\357\277\275")},
    {"nonsense-very-long-name-that-nobody-would-ever-give-to-a-charset", CHARSET_INSIST, OCTETS("\351"),
     OCTETS("\303\251")},
    {"utf-16", CHARSET_GUESS, OCTETS("h\000e\000l\000l\000o\000 \000w\000o\000r\000l\000d\000"), OCTETS("hello world")},
    {"utf-16", CHARSET_GUESS, OCTETS("\000h\000e\000l\000l\000o\000 \000w\000o\000r\000l\000d"), OCTETS("hello world")},
    {"utf-16le", CHARSET_GUESS, OCTETS("h\000e\000l\000l\000o\000 \000w\000o\000r\000l\000d\000"),
     OCTETS("hello world")},
    {"utf-16", CHARSET_GUESS, OCTETS("\377\376h\000e\000l\000l\000o\000"),
     OCTETS("\303\277\303\276h\000e\000l\000l\000o\000")},
    {"utf-16", CHARSET_INSIST, OCTETS("h\000e\000l\000l\000o\000 \000w\000o\000r\000l\000d\000"),
     OCTETS("h\000e\000l\000l\000o\000 \000w\000o\000r\000l\000d\000")},
    {"utf-7", CHARSET_GUESS, OCTETS("a +IKw-"), OCTETS("a \342\202\254")},
};

static void
test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bytes utf8 = {0};

        bytes_add(&utf8, SPAN("before "));
        charset_decode(cases[i].text, span_of(cases[i].charset), cases[i].trust, &utf8);
        if (!span_equal(span_tail(bytes_span(&utf8), 7), cases[i].utf8))
            fail_msg("row %zu, %s: %s", i, cases[i].charset, utf8.data);
        bytes_free(&utf8);
    }
}

/* A name for each text, none of which is known, costs no more than the text. */
static void
test_unknown_names(void **state)
{
    struct bytes utf8 = {0}, name = {0};
    clock_t      start = clock();

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        bytes_clear(&name);
        bytes_printf(&name, "x-iso-windows-latin-%u", i);
        charset_decode(SPAN("\xe9"), bytes_span(&name), CHARSET_INSIST, &utf8);
    }
    assert_int_equal(utf8.len, 600000);
    assert_true((clock() - start) * 1000 / CLOCKS_PER_SEC < 3000);
    bytes_free(&name);
    bytes_free(&utf8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_decode), cmocka_unit_test(test_unknown_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
