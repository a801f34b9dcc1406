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

#include "tests/unit/spamassassin/shapes.h"

static const char rules_text[] = "body ALTERNATIVES eval:multipart_alternative_difference('99', '100')\n"
                                 "header BRAND ALL =~ /^To:\\s+<?[^\\@]+\\@([^\\.]+)\\.(?:[^\\n]+\\n+)*^Subject: "
                                 "\\\"?\\1\\b/ism\n";

static struct score_rules *rules;

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
    struct bytes text = {0};
    uint64_t     took;

    make(&usual_shape, &text);
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

static void
test_nested_alternatives(void **state)
{
    struct bytes text = {0};
    uint64_t     took, least = usual();

    (void)state;
    make_nested(&text);
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
