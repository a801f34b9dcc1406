/* Packets with descriptors over a pair of AF_UNIX sockets, see unix(7). */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/channel.h"

/* Room for one descriptor, aligned as cmsg(3) asks. */
union control {
    struct cmsghdr header;
    char           room[CMSG_SPACE(sizeof(int))];
};

int
channel_open(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static void
attach(struct msghdr *message, union control *control, int descriptor)
{
    struct cmsghdr *header;

    message->msg_control    = control;
    message->msg_controllen = CMSG_SPACE(sizeof(int));
    header                  = CMSG_FIRSTHDR(message);
    header->cmsg_level      = SOL_SOCKET;
    header->cmsg_type       = SCM_RIGHTS;
    header->cmsg_len        = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
}

int
channel_send(int fd, unsigned word, uint32_t number, int descriptor)
{
    unsigned char octets[CHANNEL_PACKET_SIZE] = {
        (unsigned char)(word >> 8),    (unsigned char)word,          (unsigned char)(number >> 24),
        (unsigned char)(number >> 16), (unsigned char)(number >> 8), (unsigned char)number,
    };
    struct iovec  part    = {octets, sizeof(octets)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {0};

    assert(word <= 0xffff);
    if (descriptor >= 0)
        attach(&message, &control, descriptor);
    return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* The descriptor that came with the packet, or -1; there is room for one. */
static int
attached(struct msghdr *message)
{
    struct cmsghdr *header     = CMSG_FIRSTHDR(message);
    int             descriptor = -1;

    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    return descriptor;
}

int
channel_receive(int fd, unsigned *word, uint32_t *number, int *descriptor)
{
    unsigned char octets[CHANNEL_PACKET_SIZE] = {0};
    struct iovec  part                        = {octets, sizeof(octets)};
    union control control                     = {0};
    struct msghdr message                     = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t       got;

    message.msg_control    = &control;
    message.msg_controllen = CMSG_LEN(sizeof(int));
    got                    = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got <= 0)
        return (int)got;
    *descriptor = attached(&message);
    *word       = (unsigned)octets[0] << 8 | octets[1];
    *number     = (uint32_t)octets[2] << 24 | (uint32_t)octets[3] << 16 | (uint32_t)octets[4] << 8 | octets[5];
    return 1;
}
