/* proxy/net/channel.h: frames arrive as they were sent or not at all, whoever is at the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/count.h"
#include "proxy/net/channel.h"

static int ends[2];

static int
open_ends(void **state)
{
    (void)state;
    return channel_open(ends);
}

static int
close_ends(void **state)
{
    (void)state;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

/* How many descriptors the process has. */
static int
count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int  count  = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

/* As a child that was taken over would: any octets, with some descriptors. */
static void
send_raw(int fd, const void *octets, size_t len, size_t descriptors)
{
    union {
        struct cmsghdr header;
        char           room[CMSG_SPACE(16 * sizeof(int))];
    } control            = {0};
    struct iovec  part   = {(void *)octets, len};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    int           none[16];

    for (size_t i = 0; i < COUNT_OF(none); i++)
        none[i] = STDERR_FILENO;
    if (descriptors > 0) {
        packet.msg_control        = &control;
        packet.msg_controllen     = CMSG_SPACE(descriptors * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type  = SCM_RIGHTS;
        control.header.cmsg_len   = CMSG_LEN(descriptors * sizeof(int));
        memcpy(CMSG_DATA(&control.header), none, descriptors * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &packet, 0), len);
}

static void
test_frames_arrive(void **state)
{
    char                 path[CHANNEL_BODY_MAX];
    struct channel_frame frame, file = {CHANNEL_FILE, 7, 0x12345678, {path, sizeof(path)}, STDERR_FILENO};
    struct channel_frame answer = {CHANNEL_WRITES, 7, 3, SPAN(""), -1};

    (void)state;
    memset(path, 'p', sizeof(path));
    assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_EMPTY);
    assert_int_equal(channel_send(ends[0], &file), 0);
    assert_int_equal(channel_send(ends[0], &(struct channel_frame){.type = CHANNEL_DRAIN, .descriptor = -1}), 0);
    assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_FRAME);
    assert_int_equal(frame.type, CHANNEL_FILE);
    assert_int_equal(frame.number, 7);
    assert_int_equal(frame.value, 0x12345678);
    assert_int_equal(frame.body.len, sizeof(path));
    assert_memory_equal(frame.body.data, path, sizeof(path));
    assert_int_equal(fcntl(frame.descriptor, F_GETFD), FD_CLOEXEC);
    (void)close(frame.descriptor);
    assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_FRAME);
    assert_int_equal(frame.type, CHANNEL_DRAIN);
    assert_int_equal(frame.descriptor, -1);
    assert_int_equal(channel_send(ends[1], &answer), 0);
    assert_int_equal(channel_receive(ends[0], CHANNEL_MASTER, &frame), CHANNEL_FRAME);
    assert_int_equal(frame.number, 7);
    assert_int_equal(frame.value, 3);
}

static void
test_end(void **state)
{
    struct channel_frame frame;

    (void)state;
    (void)close(ends[0]);
    assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_ENDED);
    assert_int_equal(channel_receive(-1, CHANNEL_CHILD, &frame), CHANNEL_ENDED);
    ends[0] = dup(ends[1]);
}

/* Who does not read bounds what waits for it. */
static void
test_full(void **state)
{
    const struct channel_frame frame = {.type = CHANNEL_WRITES, .descriptor = -1};
    int                        sent  = 0;

    (void)state;
    while (sent < 100000 && channel_send(ends[1], &frame) == 0)
        sent++;
    assert_int_equal(errno, EAGAIN);
    assert_true(sent < 100000);
}

static const struct {
    const char *what;
    uint32_t    type;
    size_t      len; /* of the packet */
    size_t      descriptors;
    bool        good;
} packets[] = {
    {"the answer", CHANNEL_WRITES, 12, 0, true},
    {"a head cut short", CHANNEL_WRITES, 11, 0, false},
    {"one octet", CHANNEL_WRITES, 1, 0, false},
    {"no type", CHANNEL_TYPES, 12, 0, false},
    {"no type at all", UINT32_MAX, 12, 0, false},
    {"what only the master says", CHANNEL_DRAIN, 12, 0, false},
    {"what only the master says, as it would", CHANNEL_LOG, 12, 1, false},
    {"a body where there is none", CHANNEL_WRITES, 13, 0, false},
    {"longer than any frame", CHANNEL_WRITES, 12 + CHANNEL_BODY_MAX + 1, 0, false},
    {"a descriptor that was not asked for", CHANNEL_WRITES, 12, 1, false},
    {"eight of them", CHANNEL_WRITES, 12, 8, false},
    {"more of them than there is room for", CHANNEL_WRITES, 12, 16, false},
};

/* None of it is kept, no descriptor least of all. */
static void
test_what_a_child_may_send(void **state)
{
    static uint32_t octets[2 + CHANNEL_BODY_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(packets); i++) {
        int                  before = count_descriptors();
        struct channel_frame frame;
        enum channel_result  result;

        octets[0] = htonl(packets[i].type);
        send_raw(ends[1], octets, packets[i].len, packets[i].descriptors);
        result = channel_receive(ends[0], CHANNEL_MASTER, &frame);
        if ((result == CHANNEL_FRAME) != packets[i].good)
            fail_msg("%s: %d", packets[i].what, result);
        assert_int_equal(frame.descriptor, -1);
        if (count_descriptors() != before)
            fail_msg("%s: a descriptor was kept", packets[i].what);
        assert_int_equal(channel_receive(ends[0], CHANNEL_MASTER, &frame), CHANNEL_EMPTY);
    }
}

/* A path that was cut is another path. */
static void
test_too_long_for_its_type(void **state)
{
    static uint32_t      octets[4 + CHANNEL_BODY_MAX / sizeof(uint32_t)];
    struct channel_frame frame;
    int                  before = count_descriptors();

    (void)state;
    octets[0] = htonl(CHANNEL_FILE);
    send_raw(ends[0], octets, 12 + CHANNEL_BODY_MAX + 1, 1);
    assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_BROKEN);
    assert_int_equal(count_descriptors(), before);
}

/* A worker that strangers have filled up keeps its master when a log is handed to it. */
static void
test_no_room_for_a_descriptor(void **state)
{
    const struct channel_frame frames[] = {{.type = CHANNEL_LOG, .descriptor = STDERR_FILENO},
                                           {.type = CHANNEL_LOG, .descriptor = STDERR_FILENO},
                                           {.type = CHANNEL_DRAIN, .descriptor = -1}};
    struct channel_frame       frame;
    struct rlimit              before, none;
    int                        next = dup(ends[1]);

    (void)state;
    (void)close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){(rlim_t)next, before.rlim_max};
    for (size_t i = 0; i < COUNT_OF(frames); i++)
        assert_int_equal(channel_send(ends[0], &frames[i]), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(channel_receive(ends[1], CHANNEL_CHILD, &frame), CHANNEL_FRAME);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(frame.type, CHANNEL_DRAIN);
    assert_int_equal(frame.descriptor, -1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_ends, close_ends)
    const struct CMUnitTest tests[] = {
        TEST(test_frames_arrive),
        TEST(test_end),
        TEST(test_full),
        TEST(test_what_a_child_may_send),
        TEST(test_too_long_for_its_type),
        TEST(test_no_room_for_a_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
