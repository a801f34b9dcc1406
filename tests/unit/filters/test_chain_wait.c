/* Filters that wait: for an answer, which may come too late or not at all, with the text that comes meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <time.h>

#include "base/count.h"
#include "tests/unit/filters/chain_script.h"

/* A run of up to two filters that has seen a header. */
struct rig {
    struct script              scripts[2];
    struct chain_filter        setups[2];
    const struct chain_filter *filters[2];
    struct chain               chain;
    struct message_info        info;
    struct message_report      report;
    struct header_list         list;
    struct chain_run          *run;
};

static uint64_t
needs_all(const void *conf)
{
    (void)conf;
    return UINT64_MAX;
}

static struct filter_module needy_module;

static enum filter_verdict
rig_open(struct rig *rig, struct script first, struct script second, int64_t timeout)
{
    struct script scripts[] = {first, second};

    needy_module       = script_module;
    needy_module.needs = needs_all;
    *rig               = (struct rig){.info = {.top = true, .needed = 9}};
    rig->chain         = (struct chain){rig->filters, second.reach != 0 ? 2 : 1};
    for (size_t i = 0; i < 2; i++) {
        enum chain_on_failure on_failure = (scripts[i].reach & REFUSES) != 0 ? CHAIN_REFUSE : CHAIN_PASS;

        rig->scripts[i] = scripts[i];
        rig->setups[i] =
            (struct chain_filter){&needy_module, i == 0 ? "a" : "b", &rig->scripts[i], on_failure, 0, timeout};
        rig->filters[i] = &rig->setups[i];
    }
    headers_parse(&rig->list, SPAN("A: b\r\n\r\n"));
    rig->run = chain_open(&rig->chain, &rig->info, &rig->report, &host);
    bytes_clear(&trace);
    return chain_headers(rig->run, &rig->list);
}

static void
rig_close(struct rig *rig)
{
    chain_close(&rig->run);
    headers_free(&rig->list);
    bytes_clear(&trace);
}

/* What is at hand when a filter waits is kept for it, and what the client has not asked for goes no further than
 * before. */
static void
test_text_behind_a_wait(void **state)
{
    static const struct script waits = {B | R, "", "wwcc", "c"}, reads = {B, "", "c", "c"};
    struct rig                 rig;

    (void)state;
    assert_int_equal(rig_open(&rig, waits, reads, 0), FILTER_CONTINUE);
    assert_int_equal(chain_body(rig.run, SPAN("1")), FILTER_WAIT);
    assert_int_equal(chain_body(rig.run, SPAN("2")), FILTER_WAIT);
    assert_int_equal(chain_surplus(rig.run, SPAN("3")), FILTER_WAIT);
    filter_resume(waiting);
    assert_int_equal(chain_surplus(rig.run, SPAN("4")), FILTER_WAIT);
    expect_trace("waits", "a:body(1) resume a:body(12) ");
    filter_resume(waiting);
    assert_int_equal(chain_body(rig.run, SPAN("")), FILTER_CONTINUE);
    expect_trace("goes on", "resume a:body(12) b:body(a<12>) text(a<12>) a:body(34) b:body(a<34>) ");
    rig_close(&rig);
}

/* Two are resumed at once: what the first one then writes stands behind what the second one has not taken yet. */
static void
test_text_stays_in_order(void **state)
{
    static const struct script writes = {B | R, "", "cwc", "c"}, reads = {B, "", "wc", "c"};
    struct rig                 rig;
    struct filter             *reader;

    (void)state;
    assert_int_equal(rig_open(&rig, writes, reads, 0), FILTER_CONTINUE);
    assert_int_equal(chain_body(rig.run, SPAN("1")), FILTER_WAIT);
    reader = waiting;
    assert_int_equal(chain_body(rig.run, SPAN("2")), FILTER_WAIT);
    filter_resume(reader);
    filter_resume(waiting);
    bytes_clear(&trace);
    assert_int_equal(chain_body(rig.run, SPAN("")), FILTER_CONTINUE);
    expect_trace("in order", "a:body(2) text(a<2>) b:body(a<1>a<2>) ");
    rig_close(&rig);
}

/* The time of an answer that does not come: counted from the first time that the callback waited. */
static void
test_deadline(void **state)
{
    static const struct script waits = {H, "wc", "", ""}, yields = {H, "ywc", "", ""};
    struct rig                 rig;
    int64_t                    first;

    (void)state;
    assert_int_equal(rig_open(&rig, waits, waits, 50), FILTER_WAIT);
    first = chain_deadline(rig.run);
    assert_true(first < INT64_MAX);
    chain_expire(rig.run, first - 1);
    assert_int_equal(chain_headers(rig.run, &rig.list), FILTER_WAIT);
    filter_resume(waiting);
    assert_true(chain_deadline(rig.run) == INT64_MAX);
    bytes_clear(&trace);
    assert_int_equal(chain_headers(rig.run, &rig.list), FILTER_WAIT);
    expect_trace("resumed in time", "a:headers(1) b:headers(1) ");
    assert_in_range(chain_deadline(rig.run), first, first + 10000);
    rig_close(&rig);

    assert_int_equal(rig_open(&rig, yields, yields, 50), FILTER_WAIT);
    assert_true(chain_deadline(rig.run) == INT64_MAX); /* nobody is asked */
    chain_expire(rig.run, INT64_MAX - 1);
    chain_next_turn(rig.run);
    bytes_clear(&trace);
    assert_int_equal(chain_headers(rig.run, &rig.list), FILTER_WAIT);
    expect_trace("yielded", "a:headers(1) ");
    rig_close(&rig);

    assert_int_equal(rig_open(&rig, waits, waits, 0), FILTER_WAIT);
    assert_true(chain_deadline(rig.run) == INT64_MAX); /* it may wait for ever */
    rig_close(&rig);
}

/* One that is resumed and waits again in the same call has no more time for that. */
static void
test_deadline_stays(void **state)
{
    static const struct script waits = {H, "w", "", ""}, none = {0};
    const struct timespec      pause = {.tv_nsec = 5000000};
    struct rig                 rig;
    int64_t                    first;

    (void)state;
    assert_int_equal(rig_open(&rig, waits, none, 1000), FILTER_WAIT);
    first = chain_deadline(rig.run);
    (void)nanosleep(&pause, NULL);
    filter_resume(waiting);
    assert_int_equal(chain_headers(rig.run, &rig.list), FILTER_WAIT);
    assert_true(chain_deadline(rig.run) == first);
    rig_close(&rig);
}

static const struct late_row {
    const char         *name;
    struct script       scripts[2];
    enum filter_verdict verdict;
    const char         *expect;
} late_rows[] = {
    {"headers, pass",
     {{H | B | O, "w", "c", "c"}, {H | B, "c", "c", "c"}},
     FILTER_CONTINUE,
     "log(a,filter) b:headers(1) b:body(1) b:end(1) "},
    {"headers, refuse", {{H | O | REFUSES, "w", "c", "c"}, {H | B, "c", "c", "c"}}, FILTER_FAILED, "log(a,filter) "},
    {"body, pass",
     {{B | O, "", "w", "c"}, {B, "", "c", "c"}},
     FILTER_CONTINUE,
     "a:body(1) b:body(1) log(a,filter) b:end(1) "},
    {"body, refuse",
     {{B | O | REFUSES, "", "w", "c"}, {B, "", "c", "c"}},
     FILTER_FAILED,
     "a:body(1) b:body(1) log(a,filter) "},
    {"body that would be rewritten passes as it is",
     {{B | R, "", "w", "c"}, {B, "", "c", "c"}},
     FILTER_CONTINUE,
     "a:body(1) log(a,filter) b:body(1) text(1) b:end(1) "},
    {"end, pass",
     {{B | O, "", "c", "w"}, {B, "", "c", "c"}},
     FILTER_CONTINUE,
     "a:body(1) b:body(1) a:end(1) log(a,filter) b:end(2) "},
    {"end, refuse",
     {{B | O | REFUSES, "", "c", "w"}, {B, "", "c", "c"}},
     FILTER_FAILED,
     "a:body(1) b:body(1) a:end(1) log(a,filter) "},
};

/* Goes on with a call of the chain when all that wait have waited in vain. */
static bool
wait_in_vain(struct rig *rig, enum filter_verdict *verdict)
{
    if (*verdict == FILTER_WAIT)
        chain_expire(rig->run, INT64_MAX - 1);
    return *verdict == FILTER_WAIT;
}

static void
test_too_late(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(late_rows); i++) {
        const struct late_row *row = &late_rows[i];
        struct rig             rig;
        enum filter_verdict    verdict = rig_open(&rig, row->scripts[0], row->scripts[1], 50);

        bytes_clear(&trace);
        if (wait_in_vain(&rig, &verdict))
            verdict = chain_headers(rig.run, &rig.list);
        if (verdict == FILTER_CONTINUE)
            verdict = chain_body(rig.run, SPAN("1"));
        if (wait_in_vain(&rig, &verdict))
            verdict = chain_body(rig.run, SPAN(""));
        if (verdict == FILTER_CONTINUE)
            verdict = chain_end(rig.run);
        if (wait_in_vain(&rig, &verdict))
            verdict = chain_end(rig.run);
        assert_int_equal(verdict, row->verdict);
        expect_trace(row->name, row->expect);
        assert_true(verdict != FILTER_FAILED || strcmp(chain_failure(rig.run), "a") == 0);
        rig_close(&rig);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_behind_a_wait), cmocka_unit_test(test_text_stays_in_order),
        cmocka_unit_test(test_deadline),           cmocka_unit_test(test_deadline_stays),
        cmocka_unit_test(test_too_late),
    };
    int failed = cmocka_run_group_tests_name("chain, waiting", tests, NULL, NULL);

    bytes_free(&trace);
    return failed;
}
