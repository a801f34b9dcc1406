/*
 * Messages that are made to cost more than their size: work for each element times the size of something else that
 * the sender chooses. What counts is the processor's time, beside that of a usual message of the same size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/count.h"
#include "tests/unit/spamassassin/rule_fixture.h"

/* A message costs no more than so many usual ones. Those that are here cost 30 times as much, and most some hundreds.
 */
enum { SIZE = 256 * 1024, TIMES_MAX = 10, ATTEMPTS = 3 };

/* What may stand in a shape behind what is repeated. */
static const char rules_text[] = "body ALTERNATIVES eval:multipart_alternative_difference('99', '100')\n"
                                 "header BRAND ALL =~ /^To:\\s+<?[^\\@]+\\@([^\\.]+)\\.(?:[^\\n]+\\n+)*^Subject: "
                                 "\\\"?\\1\\b/ism\n";

#define HTML "Content-Type: text/html; charset=utf-8\n\n"
#define TEXT "Content-Type: text/plain\n\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

/* `start`, with `fill` so many times, `middle`, then `unit` up to SIZE, and `end`. In a unit, # is its number and ~ a
 * thousand spaces. */
static const struct shape {
    const char *name, *start, *fill;
    size_t      times;
    const char *middle, *unit, *end;
} shapes[] = {
    {"a base, and links from it", HTML "<base href=\"http://one.example/", "/", 8100, "\">", "<a href=a>", ""},
    {"its dots", HTML "<base href=\"http://one.example/", "a/", 4000, "\">", "<a href=../x>", ""},
    {"ways to one place", HTML "<base href=\"http://one.example/", "a/", 4000, "\">", "<a href=#/../x>", ""},
    {"links that are no links", HTML "<base href=\"http://one.example/", "/", 8100, "\">", "<td background=a>", ""},
    {"many bases", HTML, "", 0, "", "<base href=\"http://a.b/#/\"><a href=a>", ""},
    {"byte order marks", HTML "<a href=\"", "", 0, "", "\ufeff", "\">x"},
    {"declarations that are none", HTML, "", 0, "", "<!doctype \">\" ", "-x"},
    {"a face of spaces", HTML, "", 0, "", "<font face=\"~!\">", ""},
    {"names that are no entities", HTML, "", 0, "", "&abcdefgh", ""},
    {"at signs in one word", MIXED, "", 0, "", "--b\nContent-Type: text/plain\n\n^^^^^^^^^^\n", ""},
    {"sightings of a slow pattern", "", "", 0, "", "To: =?utf-8?q?~?=\n", "To: a@b.c\nSubject: x\n\nx"},
};

static struct score_rules *rules;

static void
add_unit(struct bytes *text, const char *unit, size_t number)
{
    for (; *unit != '\0'; unit++) {
        if (*unit == '#')
            bytes_printf(text, "%zx", number);
        else if (*unit == '~')
            bytes_printf(text, "%1000s", "");
        else if (*unit == '^')
            for (unsigned i = 0; i < 1000; i++)
                bytes_add(text, SPAN("a@"));
        else
            bytes_add_char(text, *unit);
    }
}

static void
make(const struct shape *shape, struct bytes *text)
{
    bytes_clear(text);
    bytes_add(text, span_of(shape->start));
    for (size_t i = 0; i < shape->times; i++)
        bytes_add(text, span_of(shape->fill));
    bytes_add(text, span_of(shape->middle));
    for (size_t i = 0; text->len + strlen(shape->end) < SIZE; i++)
        add_unit(text, shape->unit, i);
    bytes_add(text, span_of(shape->end));
}

/* In microseconds: the least of several attempts, as others may be at work on this machine. */
static uint64_t
cost(struct span text)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < ATTEMPTS; i++) {
        struct score_result result = {0};
        struct mail         mail;
        uint64_t            took = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);

        mail_parse(&mail, NULL, text);
        score_run(rules, &mail, &result);
        mail_free(&mail);
        took  = clock_microseconds(CLOCK_THREAD_CPUTIME_ID) - took;
        least = took < least ? took : least;
        score_result_free(&result);
    }
    return least;
}

static uint64_t
usual(void)
{
    static const struct shape shape = {
        "", HTML, "",
        0,  "",   "<p>A line of <b>words</b>, and a link: <a href=\"http://www.example.com/\">here</a>.</p>\n",
        ""};
    struct bytes text = {0};
    uint64_t     took;

    make(&shape, &text);
    took = cost(bytes_span(&text));
    bytes_free(&text);
    return took;
}

static void
test_shapes(void **state)
{
    struct bytes text  = {0};
    uint64_t     least = usual();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        uint64_t took;

        make(&shapes[i], &text);
        took = cost(bytes_span(&text));
        print_message("%6.1f  %s\n", (double)took / (double)least, shapes[i].name);
        if (took > TIMES_MAX * least)
            fail_msg("%s: %lu us, a usual message %lu", shapes[i].name, took, least);
    }
    bytes_free(&text);
}

/* One in the other, twenty deep: each looks at all words that are in it. */
static void
test_nested_alternatives(void **state)
{
    struct bytes text = {0};
    uint64_t     took, least = usual();

    (void)state;
    bytes_add(&text, SPAN("Content-Type: multipart/alternative; boundary=b0\n\n"));
    for (unsigned i = 0; i < 19; i++)
        bytes_printf(&text, "--b%u\nContent-Type: multipart/alternative; boundary=b%u\n\n", i, i + 1);
    bytes_add(&text, SPAN("--b19\nContent-Type: text/html\n\n"));
    for (unsigned i = 0; text.len < SIZE; i++)
        bytes_printf(&text, "w%u ", i);
    took = cost(bytes_span(&text));
    if (took > TIMES_MAX * least)
        fail_msg("%lu us, a usual message %lu", took, least);
    bytes_free(&text);
}

static int
start(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    rules = load_text(rules_text);
    return 0;
}

static int
end(void **state)
{
    score_rules_free(&rules);
    return remove_folder(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_nested_alternatives),
    };

    return cmocka_run_group_tests(tests, start, end);
}
