/* proxy/process/master_audit.h: an auditor is asked about its files until it has answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/audit/audit_packet.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/master_audit.h"
#include "proxy/process/master_child.h"

enum { FLOOD = 100 };

static char folder[] = "/tmp/popgate-master-audit-XXXXXX";
static char path[64], other[64], log_path[64];

static struct master_audit audit;
static int                 ends[2]; /* the master's, the auditor's */

static int
setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/audit", folder);
    (void)snprintf(other, sizeof(other), "%s/other", folder);
    (void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int
start(void **state)
{
    (void)state;
    assert_int_equal(log_open(log_path, LOG_LEVEL_INFO), 0);
    assert_int_equal(channel_open(ends), 0);
    assert_int_equal(master_audit_find(&audit, path), 0);
    assert_int_equal(master_audit_find(&audit, other), 1);
    return 0;
}

static int
clean(void **state)
{
    (void)state;
    master_audit_close_files(&audit);
    audit = (struct master_audit){0};
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)unlink(path);
    (void)unlink(other);
    (void)unlink(log_path);
    return 0;
}

/* How often the log says that the auditor writes to a file that was opened again. */
static int
count_told(void)
{
    char  line[LOG_LINE_MAX];
    FILE *file  = fopen(log_path, "re");
    int   count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        count += strstr(line, "was opened again, and the auditor writes to it") != NULL;
    (void)fclose(file);
    return count;
}

/* Asks an auditor that is new or was there before; its questions are in the order of the logs. */
static void
ask(uint32_t questions[2])
{
    struct channel_frame frame;

    master_audit_send(&audit, ends[0]);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_FRAME);
        assert_int_equal(frame.type, CHANNEL_FILE);
        assert_int_equal(frame.value, i);
        assert_true(span_equal(frame.body, span_of(i == 0 ? path : other)));
        assert_int_not_equal(frame.number, 0);
        questions[i] = frame.number;
        (void)close(frame.descriptor);
    }
}

static void
answer(uint32_t number, uint32_t value)
{
    const struct channel_frame frame = {CHANNEL_WRITES, number, value, SPAN(""), -1};

    master_audit_take_answer(&audit, &frame);
}

static void
test_answers(void **state)
{
    uint32_t questions[2];

    (void)state;
    ask(questions);
    answer(questions[0], 0);
    answer(questions[1], 1);
    master_audit_reopen(&audit);
    answer(0, 0);
    assert_int_equal(count_told(), 0);
    ask(questions);
    answer(questions[1], 1);
    assert_int_equal(count_told(), 1);
    answer(questions[1], 1);
    answer(0, 0);
    answer(questions[0], 1);
    answer(questions[0], 2);
    answer(questions[0], UINT32_MAX);
    answer(questions[1] + 1, 0);
    assert_int_equal(count_told(), 1);
    answer(questions[0], 0);
    assert_int_equal(count_told(), 2);
    ask(questions);
    answer(questions[0], 0);
    assert_int_equal(count_told(), 2);
}

/* The first one died without an answer, or with one that nobody has read yet. */
static void
test_asked_again(void **state)
{
    uint32_t first[2], second[2];

    (void)state;
    master_audit_reopen(&audit);
    ask(first);
    ask(second);
    answer(first[0], 0);
    answer(first[1], 1);
    assert_int_equal(count_told(), 0);
    answer(second[1], 1);
    answer(second[0], 0);
    assert_int_equal(count_told(), 2);
}

/* Numbers start again after the highest, without 0, which is no question. */
static void
test_questions_start_again(void **state)
{
    uint32_t questions[2];

    (void)state;
    audit.last = UINT32_MAX - 1;
    ask(questions);
    assert_int_equal(questions[0], UINT32_MAX);
    assert_int_equal(questions[1], 1);
}

/* A path or a number that no frame has room for is an error of the file, not the end of the master. */
static void
test_logs_that_cannot_be_sent(void **state)
{
    char                    long_path[2 * PATH_MAX];
    size_t                  len  = strlen(folder);
    struct master_audit_log log  = {.path = path, .fd = -1};
    struct master_audit     full = {.count = AUDIT_LOGS_MAX};

    (void)state;
    memcpy(long_path, folder, len);
    while (len < PATH_MAX - 200) {
        long_path[len]   = '\0';
        long_path[len++] = '/';
        long_path[len++] = '.';
    }
    (void)snprintf(long_path + len, sizeof(long_path) - len, "/%0250d", 0);
    assert_int_equal(master_audit_find(&audit, long_path), -1);
    assert_int_equal(errno, ENAMETOOLONG);
    full.logs = memory_resize_array(NULL, AUDIT_LOGS_MAX, sizeof(log));
    for (size_t i = 0; i < AUDIT_LOGS_MAX; i++)
        full.logs[i] = log;
    assert_int_equal(master_audit_find(&full, other), -1);
    assert_int_equal(errno, EMFILE);
    assert_int_equal(master_audit_find(&full, path), 0);
    free(full.logs);
}

/* An auditor of the master's, at the other end of the channel; what it is is a process that sleeps. */
static struct master_child *
add_auditor(struct master_children *children)
{
    struct master_child *child = master_child_new(children, ROLE_AUDITOR, 0);

    child->channel = ends[0];
    child->pid     = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        (void)alarm(60);
        (void)pause();
        _exit(0);
    }
    return child;
}

static int
end_auditor(struct master_child *child)
{
    int status = 0;

    (void)kill(child->pid, SIGTERM);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    ends[0] = dup(ends[1]);
    master_child_free(&child);
    return WTERMSIG(status);
}

/* The master looks at others between, however fast one child sends. */
static void
test_flood(void **state)
{
    const struct channel_frame frame    = {.type = CHANNEL_WRITES, .descriptor = -1};
    struct master_children     children = LIST_HEAD_INITIALIZER(children);
    struct master_child       *child    = add_auditor(&children);
    struct channel_frame       left;
    int                        count = 0;

    (void)state;
    for (int i = 0; i < FLOOD; i++)
        assert_int_equal(channel_send(ends[1], &frame), 0);
    master_child_receive(&children, &audit);
    while (channel_receive(ends[0], CHANNEL_MASTER, &left) == CHANNEL_FRAME)
        count++;
    assert_in_range(count, FLOOD / 2, FLOOD - 1);
    assert_int_equal(end_auditor(child), SIGTERM);
}

/* Whoever says what it may not is killed, and the log says so. */
static void
test_broken(void **state)
{
    struct master_children children   = LIST_HEAD_INITIALIZER(children);
    struct master_child   *child      = add_auditor(&children);
    char                   text[4096] = "";
    FILE                  *file;

    (void)state;
    assert_int_equal(write(ends[1], "nonsense", 8), 8);
    master_child_receive(&children, &audit);
    assert_int_equal(child->channel, -1);
    assert_int_equal(end_auditor(child), SIGKILL);
    file = fopen(log_path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "said what it may not"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, clean)
    const struct CMUnitTest tests[] = {
        TEST(test_answers),
        TEST(test_asked_again),
        TEST(test_questions_start_again),
        TEST(test_logs_that_cannot_be_sent),
        TEST(test_flood),
        TEST(test_broken),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
