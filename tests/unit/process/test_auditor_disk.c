/* proxy/process/auditor.h: the disk is full, a file is at its limit, cut short beneath the auditor, or broken; no line
 * is torn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/mount.h>

#include "tests/unit/process/auditor_process.h"

/*
 * A file at its limit is cut within a line. The rotation then takes the torn piece back from it, and the line goes to
 * the new file as a whole.
 */
static void
tears_no_line_at_a_rotation(void **state)
{
    (void)state;
    assert_int_equal(end_auditor(), 0);
    open_sockets();
    start_auditor(1050);
    give_file(0, path);
    for (unsigned i = 0; i < 15; i++)
        send_line(0, i, 100);
    wait_for_size(path, 1050);
    assert_int_equal(rename(path, other), 0);
    give_file(0, path);
    assert_int_equal(end_auditor(), 0);
    assert_lines(other, 0, 9);
    assert_lines(path, 10, 14);
}

/* Somebody empties the file (logrotate's copytruncate) while a line is torn at its end: the line starts again. */
static void
starts_a_torn_line_again_in_a_truncated_file(void **state)
{
    (void)state;
    assert_int_equal(end_auditor(), 0);
    open_sockets();
    start_auditor(1050);
    give_file(0, path);
    for (unsigned i = 0; i < 15; i++)
        send_line(0, i, 100);
    wait_for_size(path, 1050);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 10, 14);
}

/* Sends as long as the auditor takes it; returns the number of the next line. */
static unsigned
send_until_full(unsigned next, size_t size)
{
    static char packet[AUDIT_HEAD_SIZE + AUDIT_LINE_MAX];
    int         idle = 0;

    while (idle < 1500) {
        size_t len = write_record(packet, 0, next, size);

        if (send(records[0], packet, len, MSG_NOSIGNAL) >= 0) {
            next++;
            idle = 0;
        } else {
            idle++;
            (void)usleep(1000);
        }
    }
    return next;
}

static unsigned
count(const char *text, const char *piece)
{
    unsigned found = 0;

    for (; (text = strstr(text, piece)) != NULL; text++)
        found++;
    return found;
}

/* A full disk: records wait, up to a bound, and all of them are written whole once there is room. */
static void
waits_while_the_disk_is_full(void **state)
{
    char          disk[96], name[128], filler[128];
    unsigned      sent;
    int           fd;
    char         *text;
    char          octets[65536] = {0}, wanted[512];
    struct rusage used;

    (void)state;
    (void)snprintf(disk, sizeof(disk), "%s/disk", folder);
    (void)snprintf(name, sizeof(name), "%s/audit", disk);
    (void)snprintf(filler, sizeof(filler), "%s/filler", disk);
    assert_int_equal(mkdir(disk, 0700), 0);
    if (mount("none", disk, "tmpfs", 0, "size=16m") != 0) {
        (void)rmdir(disk);
        (void)end_auditor();
        skip(); /* only root may mount */
    }
    fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, octets, sizeof(octets)) > 0)
        continue;
    assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 12288), 0);
    give_file(0, name);
    sent = send_until_full(0, 1000);
    assert_in_range(sent, 4000, 8000);
    (void)close(fd);
    assert_int_equal(unlink(filler), 0);
    for (unsigned i = 0; i < 10; i++)
        send_line(0, sent++, 1000);
    assert_int_equal(end_auditor(), 0);
    assert_lines(name, 0, sent - 1);
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
    assert_int_equal(used.ru_utime.tv_sec + used.ru_stime.tv_sec, 0); /* it slept while it waited */
    text = contents(log_path);
    (void)snprintf(wanted, sizeof(wanted), "cannot write the audit log %s: No space left on device", name);
    assert_non_null(strstr(text, wanted));
    assert_int_equal(count(text, "cannot write"), 1);
    (void)snprintf(wanted, sizeof(wanted), "the audit log %s can be written again", name);
    assert_non_null(strstr(text, wanted));
    free(text);
    assert_int_equal(umount(disk), 0);
    (void)rmdir(disk);
}

/* It ends although nothing can be written, and says what was lost. */
static void
gives_up_after_some_seconds(void **state)
{
    int   fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    char *text;

    (void)state;
    send_frame(CHANNEL_FILE, 0, 0, "/dev/full", fd);
    (void)close(fd);
    send_line(0, 0, 100);
    send_line(0, 1, 100);
    assert_int_equal(end_auditor(), 0);
    text = contents(log_path);
    assert_non_null(strstr(text, "200 octets of audit records could not be written and are lost"));
    free(text);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, clean)
    const struct CMUnitTest tests[] = {
        TEST(tears_no_line_at_a_rotation),
        TEST(starts_a_torn_line_again_in_a_truncated_file),
        TEST(waits_while_the_disk_is_full),
        TEST(gives_up_after_some_seconds),
    };

    return cmocka_run_group_tests_name("auditor_disk", tests, setup, teardown);
}
