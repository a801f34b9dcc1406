/*
 * What a child that was taken over sends the master, packet by packet: a frame that the master may get, or nothing.
 * Each packet is a length, two octets, and its octets, zeros where the input ends before: so a short input is a packet
 * that is longer than any frame. The number of its descriptors is the length's highest bits.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/channel.h"
#include "tests/fuzz/fuzz.h"

enum { LENGTH_BITS = 13, DESCRIPTORS_MAX = 7, HEAD = 12 };

static void
send_packet(int fd, struct span octets, size_t count)
{
    union {
        struct cmsghdr header;
        char           room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    } control                           = {0};
    struct iovec  part                  = {(void *)octets.data, octets.len};
    struct msghdr packet                = {.msg_iov = &part, .msg_iovlen = 1};
    int           sent[DESCRIPTORS_MAX] = {fd, fd, fd, fd, fd, fd, fd};

    if (count > 0) {
        packet.msg_control        = &control;
        packet.msg_controllen     = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type  = SCM_RIGHTS;
        control.header.cmsg_len   = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), sent, count * sizeof(int));
    }
    FUZZ_EXPECT(sendmsg(fd, &packet, 0) == (ssize_t)octets.len);
}

/* The second number that is free tells whether any was kept: the first is that of the one that is closed last. */
static int
next_descriptor(void)
{
    int first = fcntl(STDERR_FILENO, F_DUPFD, 0), second = fcntl(STDERR_FILENO, F_DUPFD, 0);

    FUZZ_EXPECT(first >= 0 && second >= 0);
    (void)close(first);
    (void)close(second);
    return second;
}

static void
check_packet(const int ends[2], struct span octets, size_t descriptors)
{
    int                  before = next_descriptor();
    struct channel_frame frame;
    enum channel_result  result;

    send_packet(ends[1], octets, descriptors);
    result = channel_receive(ends[0], CHANNEL_MASTER, &frame);
    FUZZ_EXPECT(result != CHANNEL_EMPTY);
    if (result == CHANNEL_FRAME) {
        FUZZ_EXPECT(octets.len == HEAD && descriptors == 0);
        FUZZ_EXPECT(frame.type == CHANNEL_WRITES && frame.body.len == 0);
        FUZZ_EXPECT(memcmp(octets.data + 4, &(uint32_t){htonl(frame.number)}, 4) == 0);
    }
    FUZZ_EXPECT(frame.descriptor == -1 && next_descriptor() == before);
    FUZZ_EXPECT(channel_receive(ends[0], CHANNEL_MASTER, &frame) == CHANNEL_EMPTY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    int         ends[2];

    FUZZ_EXPECT(channel_open(ends) == 0);
    while (rest.len > 2) {
        unsigned bits                      = (unsigned)(unsigned char)rest.data[0] << 8 | (unsigned char)rest.data[1];
        size_t   len                       = bits & ((1U << LENGTH_BITS) - 1);
        char     octets[1U << LENGTH_BITS] = {0};

        rest = span_tail(rest, 2);
        memcpy(octets, rest.data, len < rest.len ? len : rest.len);
        if (len > 0)
            check_packet(ends, (struct span){octets, len}, bits >> LENGTH_BITS);
        rest = span_tail(rest, len < rest.len ? len : rest.len);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}
