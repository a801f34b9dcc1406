/* The header block: where it ends, at every split; its fields; edits, and what is written afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "filters/headers.h"
#include "rules/mail/mail_header.h"
#include "tests/unit/octets.h"

static const struct length_row {
    const char *name;
    struct span text;
    ssize_t     expect; /* -1: the text may go on */
} lengths[] = {
    {"fields and body", SPAN("A: b\r\nC: d\r\n\r\nbody"), 14},
    {"bare line feeds", SPAN("A: b\nC: d\n\nbody"), 11},
    {"mixed line ends", SPAN("A: b\r\nC: d\n\r\nbody"), 13},
    {"folded", SPAN("A: b\r\n c\r\n\td\r\n\r\nx"), 16},
    {"a line of white space goes on", SPAN("A: b\r\n \t \r\nC: d\r\n\r\nx"), 19},
    {"empty line first", SPAN("\r\nbody"), 2},
    {"bare empty line first", SPAN("\nbody"), 1},
    {"body first", SPAN("Hello you\r\nA: b\r\n\r\n"), 0},
    {"white space first", SPAN(" A: b\r\n\r\n"), 0},
    {"no colon in the second line", SPAN("A: b\r\nHello\r\nC: d\r\n\r\nx"), 21},
    {"an odd line is continued", SPAN("A: b\r\nHello\r\n C: d\r\n\r\nx"), 22},
    {"three odd lines", SPAN("A: b\nx y\nC: d\n>\n:\n\nx"), 19},
    {"four odd lines", SPAN("A: b\nx y\nC: d\n>\n:\n.\nE: f\n\n"), 18},
    {"a boundary", SPAN("A: b\r\n--x\r\nC: d\r\n\r\n"), 6},
    {"a boundary that could be a name", SPAN("A: b\r\n--x: y\r\n\r\n"), 6},
    {"a name with a dash in front", SPAN("A: b\r\n-x: y\r\n\r\nx"), 15},
    {"mbox line", SPAN("From x@y Thu Jan  1 00:00:00 1970\r\nA: b\r\n\r\nx"), 43},
    {"mbox line, bare", SPAN("From \nA: b\n\nx"), 12},
    {"mbox line later", SPAN("A: b\r\nFrom x@y\r\nC: d\r\n\r\nx"), 24},
    {"mbox line, then the body", SPAN("From x@y\r\nHello you\r\nA: b\r\n\r\n"), 10},
    {"From field, white space", SPAN("From : x@y\r\n\r\n"), 14},
    {"quoted mbox line", SPAN(">From x@y\r\nA: b\r\n\r\n"), 0},
    {"Fromage", SPAN("Fromage\r\n"), 0},
    {"NUL in a name", SPAN("A: b\r\nC\0D: e\r\n\r\nx"), 16},
    {"NUL in a value", SPAN("A: b\0c\r\n\r\nx"), 10},
    {"8-bit name", SPAN("A: b\r\n\xc3\xbc: e\r\n\r\nx"), 15},
    {"control octet in a name", SPAN("A\x01: b\r\n\r\n"), 0},
    {"DEL in a name", SPAN("A\x7f: b\r\n\r\n"), 0},
    {"no name", SPAN(": b\r\n\r\n"), 0},
    {"white space before the colon", SPAN("A \t : b\r\n\r\nx"), 11},
    {"two words before the colon", SPAN("A B: b\r\n\r\nx"), 0},
    {"colon alone", SPAN("A:\r\n:\r\n\r\nx"), 9},
    {"value of colons", SPAN("A:::\r\n\r\n"), 8},
    {"name of dots", SPAN("..A: b\r\n.B: c\r\n\r\nx"), 17},
    {"a dot", SPAN("A: b\r\n.\r\n\r\nx"), 11},
    {"bare CR in a value", SPAN("A: b\rB: c\r\n\r\nx"), 13},
    {"bare CR first in a line", SPAN("A: b\r\n\rB: c\r\n\r\nx"), 15},
    {"CR CR LF is no empty line", SPAN("A: b\r\n\r\r\n\r\nx"), 11},
    {"value ends in CR CR LF", SPAN("A: b\r\r\n\r\nx"), 9},
    {"header alone", SPAN("A: b\r\nC: d\r\n"), -1},
    {"header without line end", SPAN("A: b"), -1},
    {"name alone", SPAN("Abc"), -1},
    {"CR alone", SPAN("A: b\r\n\r"), -1},
    {"start of an mbox line", SPAN("Fro"), -1},
    {"start of an mbox line or field", SPAN("From  "), -1},
    {"nothing", SPAN(""), -1},
};

/* What a text begins with is taken apart alike, whether more of it follows or not. */
static void
check_parse(const struct length_row *row)
{
    struct header_list list = {0}, alone = {0};
    struct span        text = exact_copy(row->text);
    size_t             len  = headers_parse(&list, text);

    assert_int_equal(len, row->expect >= 0 ? (size_t)row->expect : text.len);
    assert_int_equal(headers_parse(&alone, span_head(text, len)), len);
    assert_int_equal(list.raw.len, len);
    assert_int_equal(list.count, alone.count);
    assert_int_equal(list.headless, alone.headless);
    assert_true(span_equal(list.separator, alone.separator) && span_equal(list.line_end, alone.line_end));
    headers_free(&list);
    headers_free(&alone);
    free_copy(text);
}

/* The text grows from one cut to the next, by `step` octets, each time in a block of its own. */
static void
check_growing(const struct length_row *row, size_t step)
{
    struct headers_scan scan = {0};
    ssize_t             got  = -1;

    for (size_t len = 0; got < 0; len += step) {
        struct span part = exact_copy(span_head(row->text, len < row->text.len ? len : row->text.len));

        got = headers_length(part, &scan);
        free_copy(part);
        if (len >= row->text.len)
            break;
    }
    if (got != row->expect)
        fail_msg("%s, by %zu: %zd, not %zd", row->name, step, got, row->expect);
}

static void
test_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        check_parse(&lengths[i]);
    for (size_t i = 0; i < COUNT_OF(lengths); i++)
        for (size_t step = 1; step <= lengths[i].text.len + 1; step++)
            check_growing(&lengths[i], step);
}

/* Every short text over the octets that matter: all splits agree, and what is unedited is written as it came. */
static void
test_length_all_short_texts(void **state)
{
    static const char alphabet[] = "a: \r\n-";
    char              text[6];

    (void)state;
    for (size_t len = 0; len <= sizeof(text); len++) {
        size_t total = 1;

        for (size_t i = 0; i < len; i++)
            total *= sizeof(alphabet) - 1;
        for (size_t number = 0; number < total; number++) {
            struct length_row   row  = {.name = text, .text = {text, len}};
            struct headers_scan scan = {0};
            size_t              rest = number;

            for (size_t i = 0; i < len; i++, rest /= sizeof(alphabet) - 1)
                text[i] = alphabet[rest % (sizeof(alphabet) - 1)];
            row.expect = headers_length(row.text, &scan);
            check_growing(&row, 1);
            check_parse(&row);
        }
    }
}

static void
render(const struct header_list *list, struct bytes *out)
{
    for (size_t i = 0; i < list->count; i++) {
        bytes_add(out, list->fields[i].name);
        bytes_add(out, SPAN("="));
        bytes_add(out, list->fields[i].value);
        bytes_add(out, SPAN("|"));
    }
}

static const struct parse_row {
    const char *name;
    struct span block;
    struct span fields, separator;
} parses[] = {
    {"plain", SPAN("A: b\r\nC:d\r\n\r\n"), SPAN("A= b|C=d|"), SPAN("\r\n")},
    {"bare", SPAN("A: b\nC:d\n\n"), SPAN("A= b|C=d|"), SPAN("\n")},
    {"folded", SPAN("A: b\r\n c\r\nB: d\r\n\r\n"), SPAN("A= b\r\n c|B= d|"), SPAN("\r\n")},
    {"empty folds", SPAN("A:\r\n \r\n b\r\n\r\n"), SPAN("A=\r\n \r\n b|"), SPAN("\r\n")},
    {"empty values", SPAN("A:\r\nB:\n\r\n"), SPAN("A=|B=|"), SPAN("\r\n")},
    {"obsolete", SPAN("A \t: b\r\n\r\n"), SPAN("A= b|"), SPAN("\r\n")},
    {"mbox", SPAN("From a b\r\nA: b\r\n\r\n"), SPAN("=a b|A= b|"), SPAN("\r\n")},
    {"NUL", SPAN("A: \0b\r\n\r\n"), SPAN("A= \0b|"), SPAN("\r\n")},
    {"CRs in front of the line end", SPAN("A: b\r\r\n\r\n"), SPAN("A= b\r|"), SPAN("\r\n")},
    {"empty", SPAN(""), SPAN(""), SPAN("")},
    {"empty line alone", SPAN("\n"), SPAN(""), SPAN("\n")},
    {"ends in a value", SPAN("A: b\r\nC: d"), SPAN("A= b|C= d|"), SPAN("")},
    {"ends in a name", SPAN("A: b\r\nCd"), SPAN("A= b|"), SPAN("")},
    {"ends in CR", SPAN("A: b\r\n\r"), SPAN("A= b|"), SPAN("")},
    {"ends in a fold", SPAN("A: b\r\n "), SPAN("A= b\r\n |"), SPAN("")},
    {"odd lines", SPAN("A: b\r\nx y\r\n z\r\nC: d\r\n\r\n"), SPAN("A= b|=x y\r\n z|C= d|"), SPAN("\r\n")},
    {"ends in an odd line", SPAN("A: b\r\nx y"), SPAN("A= b|=x y|"), SPAN("")},
};

static void
expect_written(const char *name, const struct header_list *list, struct span expect)
{
    struct bytes out = {0};

    headers_write(list, &out);
    expect_span(name, "written", bytes_span(&out), expect);
    bytes_free(&out);
}

static void
test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parses); i++) {
        const struct parse_row *row   = &parses[i];
        struct span             block = exact_copy(row->block);
        struct header_list      list  = {0};
        struct bytes            out   = {0};

        headers_parse(&list, block);
        render(&list, &out);
        expect_span(row->name, "fields", bytes_span(&out), row->fields);
        expect_span(row->name, "separator", list.separator, row->separator);
        assert_false(list.body_follows);
        expect_written(row->name, &list, row->block);
        list.changed = true; /* put together from its fields it is the same */
        expect_written(row->name, &list, row->block);
        bytes_free(&out);
        headers_free(&list);
        free_copy(block);
    }
}

static void
test_find(void **state)
{
    struct header_list list = {0};

    (void)state;
    headers_parse(&list, SPAN("From x\r\nSubject: a\r\nTo: b\r\nsUBJECT : c\r\n\r\n"));
    assert_int_equal(headers_find(&list, SPAN("subject"), 0), 1);
    assert_int_equal(headers_find(&list, SPAN("subject"), 2), 3);
    assert_int_equal(headers_find(&list, SPAN("subject"), 4), -1);
    assert_int_equal(headers_find(&list, SPAN("subjec"), 0), -1);
    assert_int_equal(headers_find(&list, SPAN("From"), 0), -1);
    headers_free(&list);
}

/* A letter says what to do: + insert name, value at; L insert the line at; = replace the value; R replace the line; -
 */
struct edit {
    char        what;
    size_t      at;
    struct span name, value;
    int         refused;
};

#define ADD(at, name, value)                                                                                           \
    {                                                                                                                  \
        '+', at, SPAN(name), SPAN(value), 0                                                                            \
    }
#define ADD_LINE(at, line)                                                                                             \
    {                                                                                                                  \
        'L', at, SPAN(""), SPAN(line), 0                                                                               \
    }
#define NO_LINE(at, line)                                                                                              \
    {                                                                                                                  \
        'L', at, SPAN(""), SPAN(line), -1                                                                              \
    }
#define REPLACE(at, value)                                                                                             \
    {                                                                                                                  \
        '=', at, SPAN(""), SPAN(value), 0                                                                              \
    }
#define REPLACE_LINE(at, line)                                                                                         \
    {                                                                                                                  \
        'R', at, SPAN(""), SPAN(line), 0                                                                               \
    }
#define REMOVE(at)                                                                                                     \
    {                                                                                                                  \
        '-', at, SPAN(""), SPAN(""), 0                                                                                 \
    }
#define REMOVE_ALL(count, name)                                                                                        \
    {                                                                                                                  \
        '*', count, SPAN(name), SPAN(""), 0                                                                            \
    }

static const struct edit_row {
    const char *name;
    struct span block;
    struct edit edits[4];
    struct span expect, changes;
} edits[] = {
    {"add above", SPAN("A: b\r\n\r\n"), {ADD(0, "X", "y")}, SPAN("X: y\r\nA: b\r\n\r\n"), SPAN("add X")},
    {"add below", SPAN("A: b\r\n\r\n"), {ADD(1, "X", "y")}, SPAN("A: b\r\nX: y\r\n\r\n"), SPAN("add X")},
    {"bare line feeds stay", SPAN("A: b\n\n"), {ADD(0, "X", "y")}, SPAN("X: y\nA: b\n\n"), SPAN("add X")},
    {"never above an mbox line",
     SPAN("From a\r\nA: b\r\n\r\n"),
     {ADD(0, "X", "y")},
     SPAN("From a\r\nX: y\r\nA: b\r\n\r\n"),
     SPAN("add X")},
    {"no header at all", SPAN(""), {ADD(0, "X", "y")}, SPAN("X: y\r\n\r\n"), SPAN("add X")},
    {"no header at all, two",
     SPAN(""),
     {ADD(0, "X", "y"), ADD(0, "Y", "z")},
     SPAN("Y: z\r\nX: y\r\n\r\n"),
     SPAN("add X, add Y")},
    {"mbox line, then the body", SPAN("From a\r\n"), {ADD(0, "X", "y")}, SPAN("From a\r\nX: y\r\n\r\n"), SPAN("add X")},
    {"empty line alone", SPAN("\r\n"), {ADD(0, "X", "y")}, SPAN("X: y\r\n\r\n"), SPAN("add X")},
    {"no empty line, but fields", SPAN("A: b\r\n"), {ADD(0, "X", "y")}, SPAN("X: y\r\nA: b\r\n"), SPAN("add X")},
    {"behind a field without line end", SPAN("A: b"), {ADD(1, "X", "y")}, SPAN("A: b\r\nX: y\r\n"), SPAN("add X")},
    {"above a field without line end", SPAN("A: b"), {ADD(0, "X", "y")}, SPAN("X: y\r\nA: b"), SPAN("add X")},
    {"what ends in a name stays", SPAN("A: b\r\nCd"), {ADD(0, "X", "y")}, SPAN("X: y\r\nA: b\r\nCd"), SPAN("add X")},
    {"injection",
     SPAN("A: b\r\n\r\n"),
     {ADD(0, "X", "y\r\nEvil: z\r\n\r\nbody\n\n.\r\n\0end")},
     SPAN("X: y Evil: z body . end\r\nA: b\r\n\r\n"),
     SPAN("add X")},
    {"white space is trimmed and kept",
     SPAN("\r\n"),
     {ADD(0, "X", " \t a  b\r\n \tc \r\n ")},
     SPAN("X: a  b \tc\r\n\r\n"),
     SPAN("add X")},
    {"empty value", SPAN("\r\n"), {ADD(0, "X", "")}, SPAN("X:\r\n\r\n"), SPAN("add X")},
    {"blank value", SPAN("\r\n"), {ADD(0, "X", " \r\n ")}, SPAN("X:\r\n\r\n"), SPAN("add X")},
    {"folded at 78",
     SPAN("\r\n"),
     {ADD(0, "X", "aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhh i")},
     SPAN("X: aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee fffffffff ggggggggg hhhhh\r\n i\r\n\r\n"),
     SPAN("add X")},
    {"a line that would end the block", SPAN("A: b\r\n\r\n"), {NO_LINE(0, "--c: d")}, SPAN("A: b\r\n\r\n"), SPAN("")},
    {"a line", SPAN("\r\n"), {ADD_LINE(0, "X-Y :  z")}, SPAN("X-Y: z\r\n\r\n"), SPAN("add X-Y")},
    {"lines that are none",
     SPAN("A: b\r\n\r\n"),
     {NO_LINE(0, "no colon"), NO_LINE(0, ": x"), NO_LINE(0, "")},
     SPAN("A: b\r\n\r\n"),
     SPAN("")},
    {"a line with a control in its name",
     SPAN("\r\n"),
     {NO_LINE(0, "X\nY: z"), NO_LINE(0, "X\0: z")},
     SPAN("\r\n"),
     SPAN("")},
    {"replace the value",
     SPAN("A: b\r\n c\r\nD: e\r\n\r\n"),
     {REPLACE(0, "new")},
     SPAN("A: new\r\nD: e\r\n\r\n"),
     SPAN("replace A")},
    {"replace the line",
     SPAN("A: b\r\n c\r\nD: e\r\n\r\n"),
     {REPLACE_LINE(1, "New:x")},
     SPAN("A: b\r\n c\r\nNew: x\r\n\r\n"),
     SPAN("replace D")},
    {"replace twice",
     SPAN("A: b\r\n\r\n"),
     {REPLACE_LINE(0, "C: d"), REPLACE(0, "e")},
     SPAN("C: e\r\n\r\n"),
     SPAN("replace A, replace C")},
    {"remove", SPAN("A: b\r\nC: d\r\n\r\n"), {REMOVE(0)}, SPAN("C: d\r\n\r\n"), SPAN("remove A")},
    {"remove every one",
     SPAN("A: b\r\nC: d\r\na: x\r\n y\r\nA : z\r\n\r\n"),
     {REMOVE_ALL(3, "A")},
     SPAN("C: d\r\n\r\n"),
     SPAN("remove A, remove a, remove A")},
    {"remove what was added",
     SPAN("A: b\r\n\r\n"),
     {ADD(0, "X", "y"), REMOVE(0)},
     SPAN("A: b\r\n\r\n"),
     SPAN("add X, remove X")},
    {"remove all in front of an odd line",
     SPAN("A: b\r\nx y\r\nC: d\r\n\r\n"),
     {REMOVE(0), ADD(0, "X", "y")},
     SPAN("X: y\r\nx y\r\nC: d\r\n\r\n"),
     SPAN("remove A, add X")},
    {"remove behind an odd line",
     SPAN("A: b\r\nx y\r\nC: d\r\n e\r\nF: g\r\n\r\n"),
     {REMOVE_ALL(1, "c")},
     SPAN("A: b\r\nx y\r\nF: g\r\n\r\n"),
     SPAN("remove C")},
    {"remove all that is there", SPAN("A: b\r\n\r\n"), {REMOVE(0)}, SPAN("\r\n"), SPAN("remove A")},
};

static int
apply(struct header_list *list, const struct edit *edit)
{
    switch (edit->what) {
    case '+':
        headers_insert(list, edit->at, edit->name, edit->value);
        return 0;
    case 'L':
        return headers_insert_line(list, edit->at, edit->value);
    case '=':
        headers_replace(list, edit->at, edit->value);
        return 0;
    case 'R':
        return headers_replace_line(list, edit->at, edit->value);
    case '*':
        return headers_remove_all(list, &edit->name, 1) == edit->at ? 0 : -1;
    default:
        headers_remove(list, edit->at);
        return 0;
    }
}

static void
test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        const struct edit_row *row   = &edits[i];
        struct span            block = exact_copy(row->block);
        struct header_list     list  = {0};

        headers_parse(&list, block);
        for (size_t e = 0; e < COUNT_OF(row->edits) && row->edits[e].what != '\0'; e++)
            if (apply(&list, &row->edits[e]) != row->edits[e].refused)
                fail_msg("%s: edit %zu", row->name, e);
        expect_written(row->name, &list, row->expect);
        expect_span(row->name, "changes", bytes_span(&list.changes), row->changes);
        assert_int_equal(list.changed, row->changes.len > 0);
        headers_free(&list);
        free_copy(block);
    }
}

/* Where fields end for whoever stops at an odd line, and for whoever goes on to an empty line. */
static void
test_ends(void **state)
{
    static const struct {
        const char *name;
        struct span text;
        size_t      sound;
        struct span finished;
    } rows[] = {
        {"fields", SPAN("A: b\r\nC: d\r\n\r\nx"), 2, SPAN("A: b\r\nC: d\r\n\r\n")},
        {"odd line", SPAN("A: b\nx y\nC: d\n\nx"), 1, SPAN("A: b\nx y\nC: d\n\n")},
        {"mbox line", SPAN("From a\r\nA: b\r\nFrom c\r\n\r\n"), 2, SPAN("From a\r\nA: b\r\nFrom c\r\n\r\n")},
        {"boundary", SPAN("A: b\r\n--x\r\n\r\n"), 1, SPAN("A: b\r\n\r\n")},
        {"many odd lines", SPAN("A: b\n.\n.\n.\n.\nC: d\n\n"), 1, SPAN("A: b\n.\n.\n.\n\n")},
        {"body alone", SPAN("x y\r\nA: b\r\n\r\n"), 0, SPAN("\r\n")},
        {"no body", SPAN("A: b\r\nC: d"), 2, SPAN("A: b\r\nC: d")},
        {"nothing", SPAN(""), 0, SPAN("")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct header_list list = {0};

        headers_parse(&list, rows[i].text);
        assert_int_equal(headers_sound(&list), rows[i].sound);
        headers_finish(&list);
        expect_written(rows[i].name, &list, rows[i].finished);
        headers_finish(&list);
        expect_written(rows[i].name, &list, rows[i].finished);
        headers_free(&list);
    }
}

/* Rules and filters see the same header: every text of a few lines, with both kinds of line ends. */
static void
test_rules_see_the_same_header(void **state)
{
    static const char *const lines[] = {"", "Ab: c", "x y", " z", "--b", "From a", "\rAb: c", "-: c", ":"};
    struct span              first   = SPAN("First: field\n");

    (void)state;
    for (size_t number = 0; number < 9 * 9 * 9 * 9 * 9; number++) {
        struct bytes             text    = {0};
        struct mail_headers      headers = {0};
        struct mail_header_flaws flaws;
        struct arena             arena = {0};
        struct header_list       list  = {0};
        struct headers_scan      scan  = {0};
        size_t                   end, rest = number;

        bytes_add(&text, first);
        for (int i = 0; i < 5; i++, rest /= COUNT_OF(lines))
            bytes_printf(&text, "%s\n", lines[rest % COUNT_OF(lines)]);
        bytes_add(&text, SPAN("\nend"));
        end = mail_headers_read(&headers, &arena, bytes_span(&text), &flaws);
        if (headers_length(bytes_span(&text), &scan) != (ssize_t)end || headers_parse(&list, bytes_span(&text)) != end)
            fail_msg("the rules' header has %zu octets in [%s]", end, text.data);
        assert_int_equal(list.body_follows, flaws.missing_head_body_separator);
        headers_free(&list);
        mail_headers_free(&headers);
        arena_free(&arena);
        bytes_free(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_length_all_short_texts),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_rules_see_the_same_header),
    };

    return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
