/* What a message may cost: time is counted over its turns, and filters that share it are stopped when it is used up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/budget.h"
#include "base/clock.h"
#include "base/count.h"
#include "filters/chain.h"

enum { MILLISECOND = 1000, SLACK = 5 * MILLISECOND };

/* Works for so long, or until the budget is spent. */
static uint64_t
work(uint64_t microseconds)
{
    uint64_t start = clock_microseconds(CLOCK_THREAD_CPUTIME_ID), took = 0;

    while (took < microseconds && !budget_use(512))
        took = clock_microseconds(CLOCK_THREAD_CPUTIME_ID) - start;
    return took;
}

static void
test_turns(void **state)
{
    struct budget budget = {0};

    (void)state;
    assert_false(budget_use(1000000));
    budget_begin(&budget, 30 * MILLISECOND);
    assert_true(work(20 * MILLISECOND) >= 20 * MILLISECOND);
    budget_end(&budget);
    assert_false(budget.spent);
    assert_in_range(budget.used, 19 * MILLISECOND, 20 * MILLISECOND + SLACK);

    work(20 * MILLISECOND); /* nobody's */

    budget_begin(&budget, 30 * MILLISECOND);
    assert_in_range(work(500 * MILLISECOND), 5 * MILLISECOND, 11 * MILLISECOND + SLACK);
    assert_true(budget_is_spent());
    budget_end(&budget);
    assert_true(budget.spent);
    assert_false(budget_is_spent());

    budget_begin(&budget, 30 * MILLISECOND); /* at once */
    assert_true(budget_is_spent());
    assert_true(budget_use(0));
    budget_end(&budget);

    budget_begin(&budget, 60 * MILLISECOND); /* who may use more has something left */
    assert_in_range(work(500 * MILLISECOND), 20 * MILLISECOND, 31 * MILLISECOND + SLACK);
    budget_begin(&budget, 10 * MILLISECOND); /* of the outer turn */
    assert_true(budget_is_spent());
    budget_end(&budget);
    assert_true(budget_is_spent());
    budget_end(&budget);
    assert_true(budget.spent);
}

static void
test_no_limit(void **state)
{
    struct budget budget = {0};

    (void)state;
    budget_begin(&budget, 0);
    assert_true(work(20 * MILLISECOND) >= 20 * MILLISECOND);
    assert_false(budget_check());
    budget_end(&budget);
    assert_false(budget.spent);
}

/* Turns that are too short to be measured count as well. */
static void
test_short_turns(void **state)
{
    struct budget budget = {0};

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        budget_begin(&budget, 1000 * MILLISECOND);
        work(MILLISECOND / 2);
        budget_end(&budget);
    }
    assert_in_range(budget.used, 49 * MILLISECOND, 200 * MILLISECOND); /* whole microseconds of each */
}

/* Works until the turn has had its slice. */
static uint64_t
work_a_slice(void)
{
    uint64_t start = clock_microseconds(CLOCK_THREAD_CPUTIME_ID);

    while (!budget_use(512) && !budget_slice_is_over())
        (void)clock_microseconds(CLOCK_THREAD_CPUTIME_ID);
    return clock_microseconds(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* Each turn has a slice of its own, whatever the turns before it have used, and the limit is that of all. */
static void
test_slices(void **state)
{
    struct budget budget = {.slice = 10 * MILLISECOND};

    (void)state;
    assert_false(budget_slice_is_over());
    for (unsigned i = 0; i < 3; i++) {
        budget_begin(&budget, i == 0 ? 0 : 35 * MILLISECOND);
        assert_false(budget_slice_is_over());
        assert_in_range(work_a_slice(), 9 * MILLISECOND, 10 * MILLISECOND + SLACK);
        assert_true(budget_slice_is_over());
        assert_false(budget_is_spent());
        budget_end(&budget);
        assert_false(budget_slice_is_over());
    }
    assert_in_range(budget.used, 28 * MILLISECOND, 3 * (10 * MILLISECOND + SLACK));
    budget_begin(&budget, budget.used + 5 * MILLISECOND);
    assert_in_range(work(500 * MILLISECOND), 4 * MILLISECOND, 5 * MILLISECOND + SLACK);
    assert_false(budget_slice_is_over());
    assert_true(budget_is_spent());
    budget_end(&budget);
}

/* What slow matches took is the message's, however many turns it has. */
static void
test_slow_matches(void **state)
{
    struct budget budget = {0};

    (void)state;
    budget_begin(&budget, 0);
    budget_turn.slow += 7;
    budget_end(&budget);
    assert_int_equal(budget_turn.slow, 0);
    budget_begin(&budget, 0);
    assert_int_equal(budget_turn.slow, 7);
    budget_end(&budget);
}

/* A filter that has as much to do as its conf says, in milliseconds. */
static unsigned
open_filter(struct filter *filter)
{
    (void)filter;
    return FILTER_HEADERS;
}

static enum filter_verdict
busy(struct filter *filter, struct header_list *list)
{
    const uint64_t *milliseconds = filter->conf;

    (void)list;
    work(*milliseconds * MILLISECOND);
    return budget_is_spent() ? FILTER_FAILED : FILTER_CONTINUE;
}

static const struct filter_module module = {.name = "busy", .open = open_filter, .headers = busy};

static struct bytes lines;

static void
take_line(void *context, const char *filter, enum filter_log_level level, const char *line)
{
    (void)context;
    assert_int_equal(level, FILTER_LOG_WARNING);
    bytes_printf(&lines, "%s: %s\n", filter, line);
}

/* Three filters, one after the other: what each needs and may, in milliseconds. */
static void
test_filters_share(void **state)
{
#define PASSES " time_limit was met: the message passes with what was done by then\n"
#define REFUSED " time_limit was met: the message took too long\n"
    static const struct {
        uint64_t              needs[3];
        int64_t               limits[3];
        enum chain_on_failure on_failure[3];
        enum filter_verdict   verdict;
        const char           *log;
    } rows[] = {
        {{5, 5, 5}, {40, 40, 40}, {CHAIN_REFUSE, CHAIN_REFUSE, CHAIN_REFUSE}, FILTER_CONTINUE, ""},
        {{5, 5, 5}, {0, 0, 0}, {CHAIN_REFUSE, CHAIN_REFUSE, CHAIN_REFUSE}, FILTER_CONTINUE, ""},
        {{15, 15, 15}, {40, 40, 40}, {CHAIN_REFUSE, CHAIN_REFUSE, CHAIN_REFUSE}, FILTER_FAILED, "c:" REFUSED},
        {{30, 30, 1}, {40, 40, 40}, {CHAIN_PASS, CHAIN_PASS, CHAIN_PASS}, FILTER_CONTINUE, "b:" PASSES},
        {{500, 500, 1}, {40, 40, 40}, {CHAIN_PASS, CHAIN_PASS, CHAIN_PASS}, FILTER_CONTINUE, "a:" PASSES},
        {{500, 500, 1}, {40, 40, 40}, {CHAIN_PASS, CHAIN_REFUSE, CHAIN_PASS}, FILTER_FAILED, "a:" PASSES},
        {{500, 5, 5}, {40, 100, 100}, {CHAIN_PASS, CHAIN_REFUSE, CHAIN_REFUSE}, FILTER_CONTINUE, "a:" PASSES},
    };
    static const char *const       names[] = {"a", "b", "c"};
    static const struct chain_host host    = {.log = take_line};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct chain_filter        setups[3];
        const struct chain_filter *filters[] = {&setups[0], &setups[1], &setups[2]};
        struct chain               chain     = {filters, 3};
        struct message_info        info      = {0};
        struct message_report      report    = {0};
        struct header_list         list      = {0};
        struct chain_run          *run;

        for (size_t at = 0; at < 3; at++)
            setups[at] = (struct chain_filter){
                &module, names[at], (void *)&rows[i].needs[at], rows[i].on_failure[at], rows[i].limits[at], 0};
        bytes_clear(&lines);
        run = chain_open(&chain, &info, &report, &host);
        assert_int_equal(chain_headers(run, &list), rows[i].verdict);
        assert_string_equal(lines.len > 0 ? lines.data : "", rows[i].log);
        chain_close(&run);
    }
    bytes_free(&lines);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),  cmocka_unit_test(test_no_limit),     cmocka_unit_test(test_short_turns),
        cmocka_unit_test(test_slices), cmocka_unit_test(test_slow_matches), cmocka_unit_test(test_filters_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
