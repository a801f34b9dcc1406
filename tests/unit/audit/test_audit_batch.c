/* proxy/audit/audit_batch.h: a worker that dies leaves its records whole, and they get where they were to go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "proxy/audit/audit_queue.h"
#include "proxy/process/master_line.h"
#include "tests/unit/audit/audit_end.h"

/* Runs `work` in a process that shares the batch, and dies of it. */
static void
die_of(void (*work)(void))
{
    pid_t pid = fork();
    int   status;

    assert_true(pid >= 0);
    if (pid == 0) {
        work();
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void
record_some(void)
{
    for (unsigned i = 0; i < 3; i++)
        audit_delete(&session, i, NULL, true);
}

/* With a socket of its own. */
static void
start_again(void)
{
    int ends[2];

    assert_int_equal(channel_open(ends), 0);
    assert_int_equal(audit_start(base, ends[0], batch), 0);
    (void)close(auditor);
    auditor = ends[1];
}

static void
start_and_record_some(void)
{
    start_again();
    record_some();
}

/* In the middle of the fourth. */
static void
record_some_and_a_half(void)
{
    record_some();
    memset(audit_batch_room(batch), '{', 100);
}

static void
claim_nonsense(void)
{
    atomic_store(&batch->len, sizeof(*batch) + 1);
}

/* As the master does it. */
static void
rescue(void)
{
    struct master_lines lines = {0};
    struct master_line *way   = master_line_open(&lines);

    assert_non_null(way);
    (void)close(auditor);
    auditor = dup(way->auditor_fd);
    assert_true(auditor >= 0);
    master_line_end(way, batch);
    master_lines_close(&lines, NULL);
}

static void
assert_numbers(unsigned first, unsigned last)
{
    unsigned id;

    for (unsigned i = first; i <= last; i++) {
        json_t *record = next_record(&id);

        assert_non_null(record);
        assert_int_equal(json_integer_value(json_object_get(record, "number")), i);
        json_decref(record);
    }
    assert_null(next_record(&id));
}

static void
outlives_its_worker(void **state)
{
    (void)state;
    die_of(record_some_and_a_half);
    rescue();
    assert_int_equal(audit_batch_packet(batch).len, 0);
    assert_numbers(0, 2);
}

/* The worker that is started in place of the dead one sends what could not be sent before. */
static void
is_sent_by_the_next_worker(void **state)
{
    (void)state;
    audit_stop(0);
    die_of(start_and_record_some);
    start_again();
    assert_numbers(0, 2);
}

static void
stays_while_the_auditor_takes_nothing(void **state)
{
    struct master_lines lines = {0};
    struct master_line *way   = master_line_open(&lines);
    size_t              before;

    (void)state;
    die_of(record_some);
    before = audit_batch_packet(batch).len;
    assert_non_null(way);
    while (send(way->worker_fd, "x", 1, MSG_DONTWAIT) > 0)
        continue;
    master_line_end(way, batch);
    assert_int_equal(audit_batch_packet(batch).len, before);
    master_lines_close(&lines, NULL);
}

/* A worker that was taken over may write what it likes into its batch. */
static void
is_empty_if_its_length_is_nonsense(void **state)
{
    (void)state;
    die_of(claim_nonsense);
    rescue();
    assert_int_equal(audit_batch_packet(batch).len, 0);
    assert_null(next_record(&(unsigned){0}));
    audit_delete(&session, 0, NULL, true);
}

/* Whatever comes after it, a record waits no longer than the batch may, and many do not wait at all. */
static void
is_sent_in_time_or_when_it_is_full(void **state)
{
    char octet;

    (void)state;
    audit_delete(&session, 0, NULL, true);
    assert_int_equal(recv(auditor, &octet, 1, MSG_DONTWAIT | MSG_PEEK), -1);
    (void)usleep(AUDIT_BATCH_MS * 1000);
    audit_delete(&session, 1, NULL, true);
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(recv(auditor, &octet, 1, MSG_DONTWAIT | MSG_PEEK), 1);
    assert_numbers(0, 1);
    for (unsigned i = 2; recv(auditor, &octet, 1, MSG_DONTWAIT | MSG_PEEK) < 0; i++) {
        assert_in_range(i, 2, AUDIT_BATCH_FULL / 100);
        audit_delete(&session, i, NULL, true);
    }
    assert_int_equal(audit_batch_packet(batch).len, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(outlives_its_worker),
        TEST(is_sent_by_the_next_worker),
        TEST(stays_while_the_auditor_takes_nothing),
        TEST(is_empty_if_its_length_is_nonsense),
        TEST(is_sent_in_time_or_when_it_is_full),
    };

    return cmocka_run_group_tests_name("audit_batch", tests, NULL, NULL);
}
