/* The pieces of proxy.conf, and what words and strings stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "proxy/config/config_token.h"

/* Kinds: W word, S string, G sign, ! what does not end; each with its line. */
static const struct {
    const char *text, *tokens;
} pieces[] = {
    {"", ""},
    {" \t\r\n", ""},
    {"a = 1", "W1<a>G1<=>W1<1>"},
    {"a=1 b+=2", "W1<a>G1<=>W1<1>W1<b>G1<+=>W1<2>"},
    {"{a,b}", "G1<{>W1<a>G1<,>W1<b>G1<}>"},
    {"a# b\nc// d\n// e\nf", "W1<a>W2<c//>W2<d>W4<f>"},
    {"a /* b\n * c */ d /**/e", "W1<a>W2<d>W2<e>"},
    {"pop3://x", "W1<pop3://x>"},
    {"/etc/x", "W1</etc/x>"},
    {"\"a # b\" 'c \" d'", "S1<\"a # b\">S1<'c \" d'>"},
    {"\"a\\\"b\"c", "S1<\"a\\\"b\">W1<c>"},
    {"\"a\\\nb\" c", "S1<\"a\\\nb\">W2<c>"},
    {"\n\"a\nb\"", "!2<>"},
    {"'a", "!1<>"},
    {"\"a\\", "!1<>"},
    {"a\n/* b *", "W1<a>!2<>"},
    {"${A} x${B}y ${C", "W1<${A}>W1<x${B}y>W1<$>G1<{>W1<C>"},
    {"a\xc3\xa9;", "W1<a\xc3\xa9;>"},
    {"( ) + * +", "G1<(>G1<)>G1<+>G1<*>G1<+>"},
};

static void
test_pieces(void **state)
{
    static const char kinds[] = {
        [CONFIG_TOKEN_WORD] = 'W', [CONFIG_TOKEN_STRING] = 'S', [CONFIG_TOKEN_SIGN] = 'G', [CONFIG_TOKEN_CUT] = '!'};

    (void)state;
    for (size_t row = 0; row < COUNT_OF(pieces); row++) {
        struct config_lexer lexer = {pieces[row].text, 1};
        struct config_token token = {0};
        struct bytes        shown = {0};

        bytes_add(&shown, SPAN(""));
        while (token.kind != CONFIG_TOKEN_CUT) {
            token = config_token_next(&lexer);
            if (token.kind == CONFIG_TOKEN_END)
                break;
            bytes_printf(&shown, "%c%u<%.*s>", kinds[token.kind], token.line, SPAN_ARG(token.text));
        }
        if (strcmp(shown.data, pieces[row].tokens) != 0)
            fail_msg("%s is %s and not %s", pieces[row].text, shown.data, pieces[row].tokens);
        bytes_free(&shown);
    }
}

/* `value` NULL: `why` is the fault. */
static const struct {
    const char *text, *value, *why;
} values[] = {
    {"word", "word", NULL},
    {"a\\n", "a\\n", NULL},
    {"\"\"", "", NULL},
    {"''", "", NULL},
    {"\"a b\"", "a b", NULL},
    {"\"\\a\\b\\e\\f\\n\\r\\t\\v\"", "\a\b\x1b\f\n\r\t\v", NULL},
    {"\"\\\"\\\\\\'\\q\\$\"", "\"\\'q$", NULL},
    {"\"\\101\\7z\\x41\\x4g\\xff1\\x\"",
     "A\azA\4g\xff"
     "1x",
     NULL},
    {"\"a\\\nb\"", "ab", NULL},
    {"'a\\\nb'", "ab", NULL},
    {"'\\n\\'\\\\\\x41'", "\\n'\\\\x41", NULL},
    {"${POPGATE_A}", "the value", NULL},
    {"/x/${POPGATE_A}/y", "/x/the value/y", NULL},
    {"\"${POPGATE_A}${POPGATE_A}\"", "the valuethe value", NULL},
    {"\"${POPGATE_A:-b}\"", "the value", NULL},
    {"\"${POPGATE_B:-}\"", "", NULL},
    {"\"${POPGATE_B:-c:-d}\"", "c:-d", NULL},
    {"${POPGATE_B:-d}", "d", NULL},
    {"'${POPGATE_A}'", "${POPGATE_A}", NULL},
    {"\"\\${POPGATE_A}\"", "${POPGATE_A}", NULL},
    {"\"${POPGATE_A\"", "${POPGATE_A", NULL},
    {"\"${POPGATE_A\"}", "${POPGATE_A", NULL}, /* the string ends first */
    {"\"$POPGATE_A\"", "$POPGATE_A", NULL},
    {"\"${POPGATE_B}\"", NULL, "the environment has no POPGATE_B: ${POPGATE_B:-VALUE} has a value without it"},
    {"\"\\400\"", NULL, "invalid octal number '\\400'"},
    {"\"\\8\"", NULL, "invalid octal number '\\8'"},
    {"\"\\0\"", NULL, "invalid octal number '\\0'"},
    {"\"\\x0\"", NULL, "invalid hexadecimal number '\\x0'"},
    {"\"\\12345678\"", NULL, "invalid octal number '\\12345678'"},
};

static void
test_values(void **state)
{
    (void)state;
    assert_int_equal(setenv("POPGATE_A", "the value", 1), 0);
    assert_int_equal(unsetenv("POPGATE_B"), 0);
    for (size_t row = 0; row < COUNT_OF(values); row++) {
        struct config_lexer lexer = {values[row].text, 1};
        struct config_token token = config_token_next(&lexer);
        struct bytes        value = {0}, why = {0};
        int                 result = config_token_value(&token, &value, &why);

        assert_true(config_token_is_text(&token));
        if ((result == 0) != (values[row].value != NULL) ||
            (result == 0 && strcmp(value.data, values[row].value) != 0) ||
            (result != 0 && strcmp(why.data, values[row].why) != 0))
            fail_msg("%s is %s, fault %s", values[row].text, value.data, why.data);
        bytes_free(&value);
        bytes_free(&why);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests_name("config_token", tests, NULL, NULL);
}
