/* Frames are packets: a head of three numbers in network order, and the body. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/count.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"

enum { DESCRIPTORS_MAX = 8 /* that are received, and closed, where there should be one at most */ };

static const struct {
    size_t            body_max; /* octets */
    enum channel_side to;
    bool              descriptor; /* comes with it */
} types[] = {
    [CHANNEL_LOG] = {0, CHANNEL_CHILD, true},      [CHANNEL_DRAIN] = {0, CHANNEL_CHILD, false},
    [CHANNEL_EXPIRED] = {0, CHANNEL_CHILD, false}, [CHANNEL_FILE] = {CHANNEL_BODY_MAX, CHANNEL_CHILD, true},
    [CHANNEL_LINE] = {0, CHANNEL_CHILD, true},     [CHANNEL_WRITES] = {0, CHANNEL_MASTER, false},
};

_Static_assert(COUNT_OF(types) == CHANNEL_TYPES, "a row for each type");

/* Aligned as cmsg(3) asks. */
union control {
    struct cmsghdr header;
    char           room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

struct head {
    uint32_t type, number, value;
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
    message->msg_controllen = CMSG_SPACE(sizeof(descriptor));
    header                  = CMSG_FIRSTHDR(message);
    header->cmsg_level      = SOL_SOCKET;
    header->cmsg_type       = SCM_RIGHTS;
    header->cmsg_len        = CMSG_LEN(sizeof(descriptor));
    memcpy(CMSG_DATA(header), &descriptor, sizeof(descriptor));
}

int
channel_send(int fd, const struct channel_frame *frame)
{
    struct head   head    = {htonl(frame->type), htonl(frame->number), htonl(frame->value)};
    struct iovec  parts[] = {{&head, sizeof(head)}, {(void *)frame->body.data, frame->body.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = frame->body.len > 0 ? 2 : 1};
    union control control = {0};

    assert(frame->type < CHANNEL_TYPES && frame->body.len <= types[frame->type].body_max);
    assert(types[frame->type].descriptor == (frame->descriptor >= 0));
    if (frame->descriptor >= 0)
        attach(&message, &control, frame->descriptor);
    return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Takes the descriptors that came: the first is the frame's, and others, which no frame has, are closed. Returns how
 * many there were. */
static size_t
take_descriptors(struct msghdr *message, int *first)
{
    size_t count = 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
        size_t octets = header->cmsg_len - CMSG_LEN(0);

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= octets; at += sizeof(int)) {
            int descriptor;

            memcpy(&descriptor, CMSG_DATA(header) + at, sizeof(descriptor));
            if (count++ == 0)
                *first = descriptor;
            else
                (void)close(descriptor);
        }
    }
    return count;
}

static bool
fits(const struct channel_frame *frame, enum channel_side side, size_t descriptors)
{
    return frame->type < CHANNEL_TYPES && types[frame->type].to == side &&
           frame->body.len <= types[frame->type].body_max && descriptors == types[frame->type].descriptor;
}

/* As channel_receive(). A frame that is broken may only be cut: it came without its descriptor, of which this process
 * has as many as it may have. */
static enum channel_result
receive_packet(int fd, enum channel_side side, struct channel_frame *frame, bool *cut)
{
    static char   body[CHANNEL_BODY_MAX];
    struct head   head    = {0};
    struct iovec  parts[] = {{&head, sizeof(head)}, {body, sizeof(body)}};
    union control control = {0};
    struct msghdr message = {
        .msg_iov = parts, .msg_iovlen = COUNT_OF(parts), .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    size_t  count;
    bool    whole, lost;

    *frame = (struct channel_frame){.descriptor = -1};
    *cut   = false;
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? CHANNEL_EMPTY : CHANNEL_ENDED;
    if (got == 0 && message.msg_controllen == 0)
        return CHANNEL_ENDED;
    count         = take_descriptors(&message, &frame->descriptor);
    frame->type   = ntohl(head.type);
    frame->number = ntohl(head.number);
    frame->value  = ntohl(head.value);
    if ((size_t)got >= sizeof(head))
        frame->body = (struct span){body, (size_t)got - sizeof(head)};
    whole = (size_t)got >= sizeof(head) && (message.msg_flags & MSG_TRUNC) == 0;
    lost  = (message.msg_flags & MSG_CTRUNC) != 0;
    if (whole && !lost && fits(frame, side, count))
        return CHANNEL_FRAME;
    *cut = whole && lost && count == 0 && fits(frame, side, 1);
    if (frame->descriptor >= 0)
        (void)close(frame->descriptor);
    frame->descriptor = -1;
    return CHANNEL_BROKEN;
}

enum channel_result
channel_receive(int fd, enum channel_side side, struct channel_frame *frame)
{
    enum channel_result result;
    bool                cut;

    do {
        result = receive_packet(fd, side, frame, &cut);
        if (cut)
            log_write(LOG_LEVEL_ERROR, NULL, "there is no descriptor left for what the master hands over");
    } while (cut);
    return result;
}
