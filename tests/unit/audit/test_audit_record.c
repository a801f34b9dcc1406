/* proxy/audit/audit_record.h: what is written is what Jansson writes of the same values, whatever they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "proxy/audit/audit.h"
#include "proxy/audit/audit_record.h"

static char   memory[AUDIT_LINE_MAX];
static size_t length; /* of the record there */

/* A text as proxy/audit/audit.h promises it, a character at a time. */
static json_t *
clean(struct span text)
{
    char   octets[AUDIT_TEXT_MAX];
    size_t len = 0;

    while (text.len > 0) {
        unsigned    code = 0;
        size_t      size = utf8_read(text, &code);
        bool        bad  = size == 0 || code == 0 || (code >= 0x7f && code <= 0x9f);
        struct span next = bad ? SPAN("\xef\xbf\xbd") : span_head(text, size);

        if (len + next.len > sizeof(octets))
            break;
        memcpy(octets + len, next.data, next.len);
        len += next.len;
        text = span_tail(text, size > 0 ? size : 1);
    }
    return json_stringn_nocheck(octets, len);
}

/* What JSON lets stand, but changes the direction or the line of what a reader sees behind it, is escaped as well. */
static char *
escape_acting(char *json)
{
    struct bytes out  = {0};
    struct span  rest = span_of(json);

    while (rest.len > 0) {
        unsigned code = 0;
        size_t   size = utf8_read(rest, &code);

        if (utf8_acts(code))
            bytes_printf(&out, "\\u%04X", code);
        else
            bytes_add(&out, span_head(rest, size));
        rest = span_tail(rest, size);
    }
    free(json);
    return out.data;
}

/* The record is an object whose one member is `value`, which is the caller's no more. */
static void
assert_written(json_t *value, struct span what)
{
    json_t *object = json_object();
    char   *expected;

    assert_int_equal(json_object_set_new(object, "key", value), 0);
    expected = escape_acting(json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12)));
    if (length != strlen(expected) + 1 || memcmp(memory, expected, length - 1) != 0 || memory[length - 1] != '\n')
        fail_msg("%.*s: it is %.*s, not %s", SPAN_ARG(what), (int)length, memory, expected);
    free(expected);
    json_decref(object);
}

/* From a block of its exact size: what is read behind it is noticed by the address sanitizer. */
static void
assert_text(struct span text)
{
    struct audit_record record;
    char               *copy = memory_copy_span(text);

    copy = memory_resize(copy, text.len);
    audit_record_begin(&record, memory, sizeof(memory));
    audit_record_text(&record, AUDIT_KEY("key"), (struct span){copy, text.len});
    length = audit_record_end(&record);
    assert_written(clean(text), text);
    free(copy);
}

/* What may stand anywhere in a text: each way of an octet, and characters, whole and cut. */
static const struct span pieces[] = {
    SPAN("\""),
    SPAN("\\"),
    SPAN("/"),
    SPAN("\0"),
    SPAN("\1"),
    SPAN("\b"),
    SPAN("\t"),
    SPAN("\n"),
    SPAN("\v"),
    SPAN("\f"),
    SPAN("\r"),
    SPAN("\x1b"),
    SPAN("\x1f"),
    SPAN(" "),
    SPAN("!"),
    SPAN("~"),
    SPAN("\x7f"),
    SPAN("\x80"),
    SPAN("\xa0"),
    SPAN("\xff"),
    SPAN("\xc2\x9f"),
    SPAN("\xc2\xa0"),
    SPAN("\xe2\x82\xac"),
    SPAN("\xe2\x80\xae"), /* U+202E, U+2028, U+2069, U+061C */
    SPAN("\xe2\x80\xa8"),
    SPAN("\xe2\x81\xa9"),
    SPAN("\xd8\x9c"),
    SPAN("\xf0\x9f\x98\x80"),
    SPAN("\xc3"),
    SPAN("\xe2"),
    SPAN("\xe2\x82"),
    SPAN("\xf0\x9f\x98"),
};

enum { PIECES = COUNT_OF(pieces) };

static void
each_octet_at_each_place(void **state)
{
    char text[64];

    (void)state;
    for (size_t len = 0; len <= 40; len++)
        for (size_t place = 0; place <= len; place++)
            for (size_t i = 0; i < PIECES; i++) {
                memset(text, 'x', sizeof(text));
                memcpy(text + place, pieces[i].data, pieces[i].len);
                assert_text((struct span){text, len});
            }
}

/* Mixed at random, about the bound among others; always the same ones. */
static void
any_text(void **state)
{
    uint64_t random = 88172645463325252;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char   text[1200];
        size_t len = 0, most = round % 2 == 0 ? 1100 : 60;

        while (len < most) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            struct span piece = random % 3 == 0 ? pieces[random / 3 % PIECES] : SPAN("plain text, and some more of it");

            piece.len = piece.len > 4 ? random / 1024 % piece.len : piece.len;
            memcpy(text + len, piece.data, piece.len);
            len += piece.len;
        }
        assert_text((struct span){text, len});
    }
}

static void
decimals(void **state)
{
    static const double numbers[] = {0,          -0.0,       5,          -5,        0.1,     -0.1,     7.1,
                                     3.4 + 3.7,  0.1 + 0.2,  1e8,        1.5e8,     999999,  0.001,    -0.001,
                                     0.0005,     0.0015,     1.0 / 3,    -1e8 / 3,  1e9,     1e10,     2e11,
                                     -999999999, 1e9 - 1e-3, 123.456789, 1e9 / 7,   12.3456, 1e-3 / 3, 7.1 + 1e-11,
                                     1 + 4e-12,  98.76,      99.999,     1e5 + 0.25};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        for (int step = -3; step <= 3; step++) {
            struct audit_record record;
            double              number = numbers[i] * (1 + step * DBL_EPSILON);
            char                what[40];

            if (number != 0 && fabs(number) < 1e-4)
                continue; /* written as another of the ways there are */
            (void)snprintf(what, sizeof(what), "%.17g", number);
            audit_record_begin(&record, memory, sizeof(memory));
            audit_record_decimal(&record, AUDIT_KEY("key"), number);
            length = audit_record_end(&record);
            assert_written(json_real(number), span_of(what));
        }
}

/* Sums of scores, with what is lost in adding them. */
static void
sums_of_scores(void **state)
{
    double sum = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct audit_record record;

        sum += i % 7 == 0 ? -0.312 : i % 3 == 0 ? 0.001 : 0.0799;
        audit_record_begin(&record, memory, sizeof(memory));
        audit_record_decimal(&record, AUDIT_KEY("key"), sum);
        length = audit_record_end(&record);
        assert_written(json_real(sum), SPAN("a sum"));
    }
}

/* Numbers that are written with an exponent are the same numbers when they are read; what is none is left out. */
static void
far_decimals(void **state)
{
    static const double numbers[] = {1e-5, -2.5e-9, 1e12, 1e100, DBL_MIN, -DBL_MAX};
    struct audit_record record;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        json_t *object;
        double  read;

        audit_record_begin(&record, memory, sizeof(memory));
        audit_record_decimal(&record, AUDIT_KEY("key"), numbers[i]);
        object = json_loadb(memory, audit_record_end(&record), 0, NULL);
        read   = json_real_value(json_object_get(object, "key"));
        assert_true(fabs(read - numbers[i]) <= fabs(numbers[i]) * 1e-11);
        json_decref(object);
    }
    audit_record_begin(&record, memory, sizeof(memory));
    audit_record_decimal(&record, AUDIT_KEY("key"), NAN);
    audit_record_decimal(&record, AUDIT_KEY("key"), HUGE_VAL);
    assert_int_equal(audit_record_end(&record), 3);
    assert_memory_equal(memory, "{}\n", 3);
}

static void
write_all(struct audit_record *record)
{
    audit_record_text(record, AUDIT_KEY("text"), SPAN("plain"));
    audit_record_text(record, AUDIT_KEY("none"), (struct span){NULL, 0});
    audit_record_text(record, AUDIT_KEY("odd"), SPAN("\"\xff\n\xe2\x82\xac"));
    audit_record_list(record, AUDIT_KEY("empty"), SPAN(""), SPAN(","));
    audit_record_list(record, AUDIT_KEY("list"), SPAN("a, b,c, "), SPAN(", "));
    audit_record_number(record, AUDIT_KEY("number"), UINT64_MAX);
    audit_record_number(record, AUDIT_KEY("zero"), 0);
    audit_record_decimal(record, AUDIT_KEY("decimal"), -12.5);
    audit_record_bool(record, AUDIT_KEY("yes"), true);
    audit_record_bool(record, AUDIT_KEY("no"), false);
}

/* A record that does not fit is none, and nothing is written beyond its memory. */
static void
keeps_to_its_memory(void **state)
{
    static const char   expected[] = "{\"text\":\"plain\",\"odd\":\"\\\"\xef\xbf\xbd\\n\xe2\x82\xac\",\"empty\":[],"
                                     "\"list\":[\"a\",\"b,c\"],\"number\":9223372036854775807,\"zero\":0,"
                                     "\"decimal\":-12.5,\"yes\":true,\"no\":false}\n";
    const size_t        whole      = sizeof(expected) - 1;
    struct audit_record record;

    (void)state;
    for (size_t size = 0; size <= whole + 3; size++) {
        char *room = memory_new(size + sizeof(expected));

        audit_record_begin(&record, room, size);
        write_all(&record);
        assert_int_equal(audit_record_end(&record), size < whole ? 0 : whole);
        if (size >= whole)
            assert_memory_equal(room, expected, whole);
        for (size_t i = 0; i < sizeof(expected); i++)
            assert_int_equal(room[size + i], '\0');
        free(room);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_octet_at_each_place),
        cmocka_unit_test(any_text),
        cmocka_unit_test(decimals),
        cmocka_unit_test(sums_of_scores),
        cmocka_unit_test(far_decimals),
        cmocka_unit_test(keeps_to_its_memory),
    };

    return cmocka_run_group_tests_name("audit_record", tests, NULL, NULL);
}
