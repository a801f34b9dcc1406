/* proxy/process/auditor.h and proxy/net/channel.h: the files hold whole lines, each once, whoever comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>

#include "base/count.h"
#include "tests/unit/process/auditor_process.h"

static void
writes_what_workers_sent_before_they_ended(void **state)
{
    (void)state;
    give_file(0, path);
    give_file(3, other);
    for (unsigned i = 0; i < 5000; i++)
        send_line(i % 2 == 0 ? 0 : 3, i / 2, i % 100 == 0 ? AUDIT_LINE_MAX : 300);
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
    assert_int_equal(strncmp(text, "{\"torn\":\n{\"time\":", 16), 0);
    assert_int_equal(strlen(text), 209);
    free(text);
}

/* A packet holds many records, for several logs. */
static void
takes_packets_apart(void **state)
{
    static char packet[AUDIT_BATCH_SIZE];
    size_t      len = 0;

    (void)state;
    give_file(0, path);
    give_file(3, other);
    for (unsigned i = 0; i < 100; i++) {
        len += write_record(packet + len, i % 2 == 0 ? 0 : 3, i / 2, 100 + i);
    }
    send_packet(packet, len);
    send_line(0, 50, 300);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 50);
    assert_lines(other, 0, 49);
}

/* Whose record it is the auditor knows by the line that it came by; what one does to its own end is its own loss. */
static void
knows_each_worker_by_its_line(void **state)
{
    int  ends[2];
    char packet[200], *text;

    (void)state;
    give_file(0, path);
    assert_int_equal(channel_open(ends), 0);
    send_frame(CHANNEL_LINE, 0, 8, "", ends[1]);
    (void)close(ends[1]);
    send_line(0, 0, 100);
    wait_for_size(path, 100);
    assert_true(send(ends[0], packet, write_record(packet, 0, 1, 100), 0) > 0);
    wait_for_size(path, 200);
    assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
    send_line(0, 2, 100);
    assert_int_equal(end_auditor(), 0);
    (void)close(ends[0]);
    text = contents(path);
    assert_non_null(strstr(text, "\"n\":1,\"x\":\"xxxxxxxx"));
    assert_non_null(strstr(text, "x\",\"worker\":8}\n{"));
    free(text);
}

/* Packets that no honest worker sends do no harm to the others, and none of them ends the auditor. */
static void
drops_what_is_not_a_record(void **state)
{
    static const struct span packets[] = {
        SPAN(""),
        SPAN("\0"),
        SPAN("\0\0\0\0\0"),
        SPAN("\0\0\0\0\0\0"),
        SPAN("\0\0\0\0\0\5{}\n"),
        SPAN("\0\0\377\377\377\377{}\n"),
        SPAN("\0\0\0\0\0\12no newline"),
        SPAN("\0\0\0\0\0\12two\nlines\n"),
        SPAN("\0\1\0\0\0\14unknown log\n"),
        SPAN("\377\377\0\0\0\3{}\n"),
    };
    static char huge[200000], between[3 * AUDIT_HEAD_SIZE + 206];
    size_t      len;
    char       *text;

    (void)state;
    give_file(0, path);
    send_line(0, 0, 100);
    for (size_t i = 0; i < COUNT_OF(packets); i++)
        send_packet(packets[i].data, packets[i].len);
    memset(huge, 'x', sizeof(huge));
    huge[0] = huge[1] = huge[2] = '\0';
    send_packet(huge, sizeof(huge));
    len = write_record(between, 0, 1, 100);
    memcpy(between + len, "\0\0\0\0\0\6no end", 12);
    len += 12;
    len += write_record(between + len, 0, 2, 100);
    send_packet(between, len);
    send_line(0, 3, 100);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 3);
    text = contents(log_path);
    assert_non_null(strstr(text, "malformed record"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void
logs_to_the_socket_it_is_given(void **state)
{
    char line[LOG_LINE_MAX + 1] = "";
    int  ends[2];

    (void)state;
    assert_int_equal(channel_open(ends), 0);
    send_frame(CHANNEL_LOG, 0, 0, "", ends[1]);
    (void)close(ends[1]);
    send_packet("\0\0\0\0\0\3{}\n", 9);
    assert_int_equal(end_auditor(), 0);
    assert_true(recv(ends[0], line, sizeof(line) - 1, 0) > 0);
    assert_non_null(strstr(line, "malformed record"));
    (void)close(ends[0]);
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
    give_file(0, path);
    start_auditor(RLIM_INFINITY);
    assert_int_equal(end_auditor(), 0);
    assert_lines(path, 0, 99);
}

/* The master asks with the file, and knows by the answer that the file of before gets no more records. */
static void
answers_for_a_file(void **state)
{
    struct pollfd        heard = {.fd = control[0], .events = POLLIN};
    struct channel_frame frame;
    int                  fd = logfile_open(path, O_RDWR);

    (void)state;
    assert_true(fd >= 0);
    give_file(1, path);
    send_frame(CHANNEL_FILE, 77, 0, path, fd);
    (void)close(fd);
    assert_int_equal(poll(&heard, 1, 10000), 1);
    assert_int_equal(channel_receive(control[0], CHANNEL_MASTER, &frame), CHANNEL_FRAME);
    assert_int_equal(frame.type, CHANNEL_WRITES);
    assert_int_equal(frame.number, 77);
    assert_int_equal(frame.value, 0);
    assert_int_equal(poll(&heard, 1, 700), 0); /* once: it sleeps now, and would have tried again by then */
    assert_int_equal(end_auditor(), 0);
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
        TEST(takes_packets_apart),
        TEST(knows_each_worker_by_its_line),
        TEST(drops_what_is_not_a_record),
        TEST(logs_to_the_socket_it_is_given),
        TEST(leaves_the_queue_to_its_successor),
        TEST(answers_for_a_file),
    };

    return cmocka_run_group_tests_name("auditor", tests, setup, teardown);
}
