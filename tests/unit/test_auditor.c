/*
 * proxy/auditor.h and proxy/channel.h: the auditor runs as a process of its own here, and its files hold whole lines,
 * each once, whatever becomes of the disk, the files and the auditor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/logfile.h"
#include "proxy/auditor.h"
#include "proxy/channel.h"
#include "proxy/log.h"

static char folder[] = "/tmp/popgate-auditor-XXXXXX";
static char path[64], other[64], log_path[64];

static int   control[2] = {-1, -1}, records[2] = {-1, -1}; /* ours, the auditor's */
static pid_t auditor;

static void
start_auditor(rlim_t file_size)
{
    auditor = fork();
    assert_true(auditor >= 0);
    if (auditor == 0) {
        const struct rlimit limit = {file_size, file_size};

        (void)setrlimit(RLIMIT_FSIZE, &limit);
        (void)close(control[0]);
        (void)close(records[0]);
        (void)alarm(60);
        _exit(auditor_run(control[1], records[1]));
    }
}

static void
open_sockets(void)
{
    assert_int_equal(channel_open(control), 0);
    assert_int_equal(channel_open(records), 0);
}

static void
close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* Waits for the auditor's end: its exit status, or minus the signal that ended it. */
static int
end_auditor(void)
{
    int status = 0;

    for (int i = 0; i < 2; i++) {
        close_one(&control[i]);
        close_one(&records[i]);
    }
    assert_int_equal(waitpid(auditor, &status, 0), auditor);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int
setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/audit", folder);
    (void)snprintf(other, sizeof(other), "%s/audit.1", folder);
    (void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
    (void)signal(SIGPIPE, SIG_IGN);
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
    open_sockets();
    start_auditor(RLIM_INFINITY);
    return 0;
}

static int
clean(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    (void)unlink(log_path);
    return 0;
}

static void
give_file(unsigned id, const char *name)
{
    int fd = logfile_open(name, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(channel_send(control[0], id, fd), 0);
    (void)close(fd);
}

static void
send_packet(const void *octets, size_t len)
{
    while (send(records[0], octets, len, MSG_NOSIGNAL) < 0) {
        assert_int_equal(errno, EAGAIN);
        (void)usleep(1000);
    }
}

/* Line `number`, `size` octets long. */
static void
send_line(unsigned id, unsigned number, size_t size)
{
    static char packet[AUDITOR_ID_SIZE + AUDITOR_LINE_MAX];
    int         head = snprintf(packet + 2, sizeof(packet) - 2, "{\"n\":%u,\"x\":\"", number);

    assert_true(size > (size_t)head + 3);
    packet[0] = (char)(id >> 8);
    packet[1] = (char)id;
    memset(packet + 2 + head, 'x', size - (size_t)head - 3);
    memcpy(packet + 2 + size - 3, "\"}\n", 3);
    send_packet(packet, AUDITOR_ID_SIZE + size);
}

/* Reads a whole file; to be given to free(). */
static char *
contents(const char *name)
{
    FILE  *file = fopen(name, "re");
    char  *text = NULL;
    size_t size = 0;

    assert_non_null(file);
    if (getdelim(&text, &size, '\0', file) < 0) {
        text    = realloc(text, 1);
        text[0] = '\0';
    }
    (void)fclose(file);
    return text;
}

/* The file holds the lines first..last, whole and in order, and nothing else. */
static void
assert_lines(const char *name, unsigned first, unsigned last)
{
    char *text = contents(name), *line = text;

    for (unsigned i = first; i <= last; i++) {
        char     end     = '\0';
        unsigned number  = 0;
        char    *newline = strchr(line, '\n');

        if (newline == NULL || sscanf(line, "{\"n\":%u,\"x\":\"%*[x]\"%c", &number, &end) != 2 || number != i ||
            end != '}' || newline[-1] != '}')
            fail_msg("%s: line %u is %.60s", name, i, line);
        line = newline + 1;
    }
    if (*line != '\0')
        fail_msg("%s: behind line %u is %.60s", name, last, line);
    free(text);
}

/* Waits until the file is `size` octets long. */
static void
wait_for_size(const char *name, off_t size)
{
    struct stat stat_now = {0};

    for (int i = 0; i < 5000; i++) {
        if (stat(name, &stat_now) == 0 && stat_now.st_size == size)
            return;
        (void)usleep(1000);
    }
    fail_msg("%s has %lld octets, not %lld", name, (long long)stat_now.st_size, (long long)size);
}

static void
writes_what_workers_sent_before_they_ended(void **state)
{
    (void)state;
    give_file(0, path);
    give_file(3, other);
    for (unsigned i = 0; i < 5000; i++)
        send_line(i % 2 == 0 ? 0 : 3, i / 2, i % 100 == 0 ? AUDITOR_LINE_MAX : 300);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 2499);
    assert_lines(other, 0, 2499);
}

/* The master has died; a worker still drains. */
static void
goes_on_until_the_last_worker_ends(void **state)
{
    (void)state;
    give_file(0, path);
    for (int i = 0; i < 2; i++)
        close_one(&control[i]);
    close_one(&records[1]);
    (void)usleep(100 * 1000);
    send_line(0, 0, 100);
    wait_for_size(path, 100);
    assert_int_equal(waitpid(auditor, NULL, WNOHANG), 0);
    send_line(0, 1, 100);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 1);
}

static void
goes_on_in_the_new_file_after_a_rotation(void **state)
{
    (void)state;
    give_file(0, path);
    send_line(0, 0, 100);
    wait_for_size(path, 100);
    assert_int_equal(rename(path, other), 0);
    send_line(0, 1, 100);
    wait_for_size(other, 200);
    give_file(0, path);
    send_line(0, 2, 100);
    assert_int_equal(end_auditor(), 0);
    assert_lines(other, 0, 1);
    assert_lines(path, 2, 2);
}

static void
starts_on_a_new_line_behind_a_torn_one(void **state)
{
    FILE *file = fopen(path, "we");
    char *text;

    (void)state;
    (void)fputs("{\"torn\":", file);
    (void)fclose(file);
    give_file(0, path);
    send_line(0, 0, 100);
    send_line(0, 1, 100);
    assert_int_equal(end_auditor(), 0);
    text = contents(path);
    assert_int_equal(strncmp(text, "{\"torn\":\n{\"n\":0,", 16), 0);
    assert_int_equal(strlen(text), 209);
    free(text);
}

/* Packets that no honest worker sends do no harm to the others, and none of them ends the auditor. */
static void
drops_what_is_not_a_record(void **state)
{
    static char huge[150000];
    char       *text;

    (void)state;
    give_file(0, path);
    memset(huge, 'x', sizeof(huge));
    huge[0] = huge[1] = '\0';
    send_line(0, 0, 100);
    send_packet("", 0);
    send_packet("\0", 1);
    send_packet("\0\0", 2);
    send_packet("\0\0no newline", 12);
    send_packet("\0\0two\nlines\n", 12);
    send_packet("\0\1unknown log\n", 14);
    send_packet("\377\377{}\n", 5);
    send_packet(huge, sizeof(huge));
    send_line(0, 1, 100);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 1);
    text = contents(log_path);
    assert_non_null(strstr(text, "malformed record"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void
logs_to_the_file_it_is_given(void **state)
{
    int   fd = open(other, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *text;

    (void)state;
    assert_int_equal(channel_send(control[0], CHANNEL_LOG, fd), 0);
    (void)close(fd);
    send_packet("\0\0{}\n", 5);
    assert_int_equal(end_auditor(), 0);
    text = contents(other);
    assert_non_null(strstr(text, "malformed record"));
    free(text);
}

/* Killed while records wait in the socket, which the master keeps: the next auditor goes on. */
static void
leaves_the_queue_to_its_successor(void **state)
{
    (void)state;
    give_file(0, path);
    send_line(0, 0, 100);
    wait_for_size(path, 100);
    assert_int_equal(kill(auditor, SIGSTOP), 0);
    for (unsigned i = 1; i < 100; i++)
        send_line(0, i, 100);
    assert_int_equal(kill(auditor, SIGKILL), 0);
    assert_int_equal(waitpid(auditor, NULL, 0), auditor);
    close_one(&control[0]);
    close_one(&control[1]);
    assert_int_equal(channel_open(control), 0);
    start_auditor(RLIM_INFINITY);
    give_file(0, path);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 99);
}

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
    static char packet[AUDITOR_ID_SIZE + AUDITOR_LINE_MAX];
    int         idle = 0;

    while (idle < 1500) {
        int head = snprintf(packet + 2, sizeof(packet) - 2, "{\"n\":%u,\"x\":\"", next);

        memset(packet + 2 + head, 'x', size - (size_t)head - 3);
        memcpy(packet + 2 + size - 3, "\"}\n", 3);
        if (send(records[0], packet, AUDITOR_ID_SIZE + size, MSG_NOSIGNAL) >= 0) {
            next++;
            idle = 0;
        } else {
            idle++;
            (void)usleep(1000);
        }
    }
    return next;
}

/* A full disk: records wait, up to a bound, and all of them are written whole once there is room. */
static void
waits_while_the_disk_is_full(void **state)
{
    char     disk[96], name[128], filler[128];
    unsigned sent;
    int      fd;
    char    *text;
    char     octets[65536] = {0};

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
    text = contents(log_path);
    assert_non_null(strstr(text, "cannot write the audit log: No space left on device"));
    assert_non_null(strstr(text, "can be written again"));
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
    assert_int_equal(channel_send(control[0], 0, fd), 0);
    (void)close(fd);
    send_line(0, 0, 100);
    send_line(0, 1, 100);
    assert_int_equal(end_auditor(), 0);
    text = contents(log_path);
    assert_non_null(strstr(text, "200 octets of audit records could not be written and are lost"));
    free(text);
}

static void
a_channel_carries_words_and_descriptors(void **state)
{
    static const unsigned words[] = {0, 1, 0x1234, CHANNEL_LOG};
    int                   ends[2], descriptor, pair[2];
    unsigned              word = 0;

    (void)state;
    assert_int_equal(channel_open(ends), 0);
    assert_int_equal(channel_receive(ends[1], &word, &descriptor), -1);
    assert_int_equal(errno, EAGAIN);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(channel_send(ends[0], words[i], -1), 0);
        assert_int_equal(channel_receive(ends[1], &word, &descriptor), 1);
        assert_int_equal(word, words[i]);
        assert_int_equal(descriptor, -1);
    }
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(channel_send(ends[0], 5, pair[1]), 0);
    (void)close(pair[1]);
    assert_int_equal(channel_receive(ends[1], &word, &descriptor), 1);
    assert_int_equal(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(descriptor, "x", 1), 1);
    assert_int_equal(read(pair[0], &word, 1), 1);
    (void)close(descriptor);
    (void)close(ends[0]);
    assert_int_equal(channel_receive(ends[1], &word, &descriptor), 0);
    (void)close(ends[1]);
    (void)close(pair[0]);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, clean)
    const struct CMUnitTest tests[] = {
        TEST(writes_what_workers_sent_before_they_ended),
        TEST(goes_on_until_the_last_worker_ends),
        TEST(goes_on_in_the_new_file_after_a_rotation),
        TEST(starts_on_a_new_line_behind_a_torn_one),
        TEST(drops_what_is_not_a_record),
        TEST(logs_to_the_file_it_is_given),
        TEST(leaves_the_queue_to_its_successor),
        TEST(tears_no_line_at_a_rotation),
        TEST(starts_a_torn_line_again_in_a_truncated_file),
        TEST(waits_while_the_disk_is_full),
        TEST(gives_up_after_some_seconds),
        cmocka_unit_test(a_channel_carries_words_and_descriptors),
    };

    return cmocka_run_group_tests_name("auditor", tests, setup, teardown);
}
