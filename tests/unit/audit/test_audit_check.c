/* proxy/audit/audit_check.h: what a worker may have recorded, cut and changed at every octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "proxy/audit/audit_check.h"
#include "proxy/audit/audit_packet.h"

#define HEAD "{\"time\":\"2026-11-20T18:21:56.486133Z\",\"event\":\"message\""

/* In memory of just its size, so that a look behind it is found. */
static bool
check(const char *line, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    bool  good;

    assert_non_null(copy);
    memcpy(copy, line, len);
    good = audit_check((struct span){copy, len});
    free(copy);
    return good;
}

static void
takes_what_workers_write(void **state)
{
    static const char *const good[] = {
        HEAD "}\n",
        HEAD ",\"session\":\"1-2\",\"number\":0,\"ms\":123,\"ok\":true,\"resumed\":false}\n",
        HEAD ",\"score\":-7.25,\"required\":5e-07,\"x\":1.5e+300}\n",
        HEAD ",\"rules\":[],\"changes\":[\"a\"],\"sha256\":\"\",\"more\":[\"a\",\"b \\\"\"]}\n",
        HEAD ",\"from\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u202E \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"}\n",
        "{\"time\":\"2026-11-20T18:21:56.486133Z\",\"event\":\"lost\",\"count\":12}\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!check(good[i], strlen(good[i])))
            fail_msg("%s", good[i]);
}

static void
takes_nothing_else(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "{}\n",
        "free text\n",
        HEAD "}",
        HEAD "}\n\n",
        HEAD "}\n" HEAD "}\n",
        HEAD ",}\n",
        HEAD ",\"a\":}\n",
        HEAD ",\"a\"}\n",
        HEAD ",\"\":1}\n",
        HEAD ", \"a\":1}\n",
        HEAD ",\"a\":1 }\n",
        HEAD ",\"a\":{}}\n",
        HEAD ",\"a\":[1]}\n",
        HEAD ",\"a\":[\"b\",]}\n",
        HEAD ",\"a\":[\"b\"\"c\"]}\n",
        HEAD ",\"a\":nul}\n",
        HEAD ",\"a\":null}\n",
        HEAD ",\"a\":truex}\n",
        HEAD ",\"a\":-}\n",
        HEAD ",\"a\":-[]}\n",
        HEAD ",\"a\":01}\n",
        HEAD ",\"a\":1.}\n",
        HEAD ",\"a\":1e}\n",
        HEAD ",\"a\":.5}\n",
        HEAD ",\"a\":\"\n\"}\n",
        HEAD ",\"a\":\"\t\"}\n",
        HEAD ",\"a\":\"\x7f\"}\n",
        HEAD ",\"a\":\"\xc2\x9b\"}\n",
        HEAD ",\"a\":\"\xff\"}\n",
        HEAD ",\"a\":\"\xc3\"}\n",
        HEAD ",\"a\":\"\xed\xa0\x80\"}\n",
        HEAD ",\"a\":\"\\x\"}\n",
        HEAD ",\"a\":\"\\u12\"}\n",
        HEAD ",\"a\":\"\\ud8e4\"}\n",
        HEAD ",\"a\":\"\\\"}\n",
        HEAD ",\"a\":\"x1}\n",
        HEAD ",\"time\":\"2026-11-20T18:21:56.486133Z\"}\n",
        HEAD ",\"event\":\"login\"}\n",
        HEAD ",\"worker\":1}\n",
        "{\"event\":\"message\",\"time\":\"2026-11-20T18:21:56.486133Z\"}\n",
        "{\"time\":\"2026-11-20 18:21:56.486133Z\",\"event\":\"message\"}\n",
        "{\"time\":\"2026-11-20T18:21:56.486133Z\"}\n",
        "{\"time\":\"2026-11-20T18:21:56.486133Z\",\"event\":\"\"}\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (check(bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
}

/* Whatever one octet is changed into or taken away, what is taken is one line that a reader of JSON takes, too. */
static void
takes_only_json(void **state)
{
    static const char line[] = HEAD ",\"a\":\"b\\u00e4\xc3\xa4\",\"c\":[\"d\",\"e\"],\"f\":-1.5e+3,\"g\":true}\n";
    const size_t      len    = sizeof(line) - 1;
    unsigned          taken  = 0;

    (void)state;
    for (size_t at = 0; at < len; at++) {
        assert_false(check(line, at));
        for (int octet = 0; octet < 256; octet++) {
            char    changed[sizeof(line)];
            json_t *json;

            memcpy(changed, line, sizeof(line));
            changed[at] = (char)octet;
            if (!check(changed, len))
                continue;
            json = json_loadb(changed, len, JSON_ALLOW_NUL, NULL);
            if (json == NULL || memchr(changed, '\n', len) != changed + len - 1)
                fail_msg("%s", changed);
            json_decref(json);
            taken++;
        }
    }
    assert_in_range(taken, len, 256 * len);
}

/* A line whose last string has so many octets, of which the last is `octet`. */
static bool
check_string(size_t len, char octet)
{
    static const char head[] = HEAD ",\"a\":\"";
    size_t            size   = sizeof(head) - 1 + len + strlen("\"}\n");
    char             *line   = malloc(size);
    bool              good;

    assert_non_null(line);
    memcpy(line, head, sizeof(head) - 1);
    memset(line + sizeof(head) - 1, 'x', len);
    memcpy(line + size - strlen("\"}\n"), "\"}\n", strlen("\"}\n"));
    line[size - strlen("\"}\n") - 1] = octet;
    good                             = audit_check((struct span){line, size});
    free(line);
    return good;
}

/* Wherever a string ends, and whatever it ends in. */
static void
looks_at_each_octet(void **state)
{
    (void)state;
    for (size_t len = 1; len < 100; len++) {
        assert_true(check_string(len, 'y'));
        assert_true(check_string(len, '~'));
        assert_false(check_string(len, '\x1f'));
        assert_false(check_string(len, '\x7f'));
        assert_false(check_string(len, '\x80'));
        assert_false(check_string(len, '\\'));
    }
}

static void
takes_no_line_that_is_too_long(void **state)
{
    const size_t around = strlen(HEAD ",\"a\":\"\"}\n");

    (void)state;
    assert_true(check_string(AUDIT_LINE_MAX - around, 'x'));
    assert_false(check_string(AUDIT_LINE_MAX - around + 1, 'x'));
    assert_false(check_string(2 * AUDIT_LINE_MAX, 'x'));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_workers_write),
        cmocka_unit_test(takes_nothing_else),
        cmocka_unit_test(takes_only_json),
        cmocka_unit_test(looks_at_each_octet),
        cmocka_unit_test(takes_no_line_that_is_too_long),
    };

    return cmocka_run_group_tests_name("audit_check", tests, NULL, NULL);
}
