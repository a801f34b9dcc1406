/* proxy/audit/audit_queue.h: records wait in order up to a limit, and what is lost is recorded once, where it is
 * missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proxy/clock.h"
#include "tests/unit/audit/audit_end.h"

/* Reads all there is while the loop flushes; every number must come once and in order, but for those that a record says
 * are lost. */
static uint64_t
drain(uint64_t expected, uint64_t *lost)
{
    unsigned id, losses = 0;
    json_t  *record;

    do {
        while ((record = next_record(&id)) != NULL) {
            if (strcmp(json_string_value(json_object_get(record, "event")), "lost") == 0) {
                uint64_t count = (uint64_t)json_integer_value(json_object_get(record, "count"));

                assert_is_time(json_string_value(json_object_get(record, "time")));
                assert_int_equal(json_object_size(record), 3);
                assert_int_equal(losses++, 0);
                expected += count;
                *lost += count;
            } else {
                assert_int_equal(json_integer_value(json_object_get(record, "number")), expected);
                expected++;
            }
            json_decref(record);
        }
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
    } while (recv(auditor, &id, 1, MSG_PEEK | MSG_DONTWAIT) > 0);
    return expected;
}

static void
queues_what_the_auditor_does_not_take(void **state)
{
    uint64_t lost = 0;

    (void)state;
    for (uint64_t i = 0; i < 10000; i++)
        audit_delete(&session, i, "some-unique-id", true);
    for (uint64_t i = 0; i < 10; i++) {
        unsigned id;
        json_t  *record = next_record(&id);

        assert_int_equal(json_integer_value(json_object_get(record, "number")), i);
        json_decref(record);
    }
    audit_delete(&session, 10000, "behind all that wait, although there is room now", true);
    assert_int_equal(drain(10, &lost), 10001);
    assert_int_equal(lost, 0);
}

/* Some rounds: the queue runs over, half of it drains, more comes. */
static void
records_its_loss_where_it_was(void **state)
{
    uint64_t sent = 0, seen = 0, lost = 0;

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 60000; i++)
            audit_delete(&session, sent++, "some-unique-id", true);
        seen = drain(seen, &lost);
        assert_int_equal(seen, sent);
        assert_true(lost > (uint64_t)(round + 1) * 10000);
    }
    audit_delete(&session, sent++, NULL, true);
    seen = drain(seen, &lost);
    assert_int_equal(seen, sent);
}

static void
outlives_the_auditor(void **state)
{
    (void)state;
    (void)close(auditor);
    for (int i = 0; i < 1000; i++)
        audit_connect(&session);
    auditor = -1;
}

/* Nobody reads: the end waits as long as it was told, and no longer. */
static void
stops_in_time(void **state)
{
    int64_t before = clock_now(), took;

    for (int i = 0; i < 10000; i++)
        audit_delete(&session, 1, "some-unique-id", true);
    audit_stop(50);
    took = clock_now() - before;
    assert_in_range(took, 50, 5000);
    audit_connect(&session);
    (void)state;
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(queues_what_the_auditor_does_not_take),
        TEST(records_its_loss_where_it_was),
        TEST(outlives_the_auditor),
        TEST(stops_in_time),
    };

    return cmocka_run_group_tests_name("audit_queue", tests, NULL, NULL);
}
