/* One end of a session: its events, its reads and its writes. */
#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/clock.h"
#include "proxy/net/buffer.h"
#include "proxy/net/peer.h"

enum { PIECES = 16 /* written at once */ };

static void
note_event(evutil_socket_t fd, short what, void *arg)
{
    struct peer *peer = arg;

    (void)fd;
    peer->readable = peer->readable || (what & (EV_READ | EV_CLOSED)) != 0;
    peer->writable = peer->writable || (what & EV_WRITE) != 0;
    peer->ending   = peer->ending || (what & EV_CLOSED) != 0;
    peer->unsure   = true;
    if (peer->tls != NULL && (what & (EV_READ | EV_CLOSED)) != 0)
        tls_readable(peer->tls, peer->ending);
    peer->wake(peer->context);
}

/* A copy: TLS has one place for the reasons of all connections, and the next that fails writes there. */
bool
peer_break(struct peer *peer, const char *why)
{
    if (peer->state == PEER_CLOSED || peer->state == PEER_BROKEN)
        return false;
    peer->state = PEER_BROKEN;
    peer->why   = memory_copy_string(why);
    return true;
}

static bool
system_error(struct peer *peer, int error)
{
    return peer_break(peer, strerrordesc_np(error));
}

/* One event for all that a socket may say: one system call to ask for it, one call for each word of the kernel. */
static bool
watch(struct peer *peer, struct event_base *base, short output)
{
    const short input = EV_READ | EV_CLOSED | EV_ET | EV_PERSIST;

    return event_assign(&peer->event, base, peer->fd, (short)(input | output), note_event, peer) == 0 &&
           event_add(&peer->event, NULL) == 0;
}

/* Asked for when a write first finds the socket full, and kept: most peers never need it. True if it broke the peer. */
static bool
watch_output(struct peer *peer)
{
    peer->writable = false;
    if ((event_get_events(&peer->event) & EV_WRITE) != 0)
        return false;
    (void)event_del(&peer->event);
    return !watch(peer, event_get_base(&peer->event), EV_WRITE) &&
           peer_break(peer, "the event loop did not take the connection");
}

int
peer_open(struct peer *peer, struct event_base *base, int fd, bool connecting, size_t chunk, void (*wake)(void *),
          void *context)
{
    *peer = (struct peer){.fd       = fd,
                          .state    = connecting ? PEER_CONNECTING : PEER_OPEN,
                          .last     = clock_now(),
                          .in       = {.secret = true},
                          .out      = {.secret = true},
                          .chunk    = chunk,
                          .readable = !connecting,
                          .writable = !connecting,
                          .wake     = wake,
                          .context  = context};
    if (!watch(peer, base, connecting ? EV_WRITE : 0)) {
        peer_close(peer);
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

void
peer_stop_wiping(struct peer *peer)
{
    peer->in.secret = peer->out.secret = false;
    tls_stop_wiping(peer->tls);
}

void
peer_start_tls(struct peer *peer, struct tls *tls)
{
    const struct span early = buffer_pull(&peer->in, peer_waiting(peer));

    assert(peer->state == PEER_OPEN && peer->tls == NULL && peer_unsent(peer) == 0);
    peer->tls   = tls;
    peer->state = PEER_HANDSHAKE;
    peer->received -= early.len;
    if (tls != NULL)
        tls_put_early(tls, early);
    else
        (void)peer_break(peer, tls_error(NULL));
    buffer_clear(&peer->in);
}

/* The connection ended: in good order only between records, and if TLS said so itself. */
static bool
ended(struct peer *peer)
{
    peer->state = PEER_ENDED;
    return true;
}

/* What went wrong with the socket without a call having failed. */
static int
pending_error(const struct peer *peer)
{
    int       error = 0;
    socklen_t len   = sizeof(error);

    return getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

bool
peer_acknowledged(struct peer *peer)
{
    int error, waiting;

    if (peer->state != PEER_OPEN && peer->state != PEER_ENDED)
        return false;
    error = pending_error(peer);
    if (error == 0 && ioctl(peer->fd, SIOCOUTQ, &waiting) == 0)
        return waiting == 0;
    (void)system_error(peer, error != 0 ? error : errno);
    return false;
}

bool
peer_connect(struct peer *peer)
{
    int error;

    if (peer->state != PEER_CONNECTING || !peer->writable)
        return false;
    error = pending_error(peer);
    if (error != 0)
        return system_error(peer, error);
    peer->state    = PEER_OPEN;
    peer->readable = true;
    peer->last     = clock_now();
    return true;
}

/* What the result of a read, or of a step of the handshake, means for the peer; true if it changed anything. */
static bool
take_tls_result(struct peer *peer, enum tls_result result)
{
    switch (result) {
    case TLS_OK:
        peer->last = clock_now();
        return true;
    case TLS_WANTS_READ:
        peer->readable = false;
        return false;
    case TLS_WANTS_WRITE:
        return watch_output(peer);
    case TLS_CLOSED:
        return ended(peer);
    case TLS_FAILED:
        break;
    }
    return peer_break(peer, tls_error(peer->tls));
}

bool
peer_handshake(struct peer *peer)
{
    if (peer->state != PEER_HANDSHAKE || (!peer->readable && !peer->writable))
        return false;
    if (!take_tls_result(peer, tls_handshake(peer->tls)))
        return false;
    if (peer->state == PEER_HANDSHAKE) {
        peer->state    = PEER_OPEN;
        peer->readable = tls_has_more(peer->tls);
        peer->writable = true;
    }
    return true;
}

bool
peer_unsure(const struct peer *peer)
{
    return peer->unsure && peer->state == PEER_OPEN && !peer->readable;
}

bool
peer_look_again(struct peer *peer)
{
    if (!peer_unsure(peer))
        return false;
    peer->unsure   = false;
    peer->readable = true;
    if (peer->tls != NULL)
        tls_readable(peer->tls, peer->ending);
    return true;
}

/* Reads go here. Large ones take it along, others are copied: what waits is never much larger than its octets. */
static struct block *block;

enum { GOOD_PART = PEER_BATCH / 8 /* octets */ };

static void
give_block_back(struct block *used)
{
    used->users = 1;
    if (block == NULL)
        block = used;
    else
        free(used);
}

static void
make_block(void)
{
    block          = block_new(PEER_BATCH);
    block->release = give_block_back;
}

static void
keep_read(struct peer *peer, size_t len)
{
    peer->received += len;
    if (len < GOOD_PART) {
        buffer_add(&peer->in, (struct span){block->data, len});
        if (peer->in.secret)
            explicit_bzero(block->data, len);
    } else {
        buffer_add_block(&peer->in, block, block->data, len);
        block = NULL;
    }
}

static bool
fill_plain(struct peer *peer, size_t *len)
{
    ssize_t got;

    do
        got = recv(peer->fd, block->data, peer->chunk, 0);
    while (got < 0 && errno == EINTR);
    if (got < (ssize_t)peer->chunk)
        peer->readable = peer->ending && got > 0;
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got < 0)
        return system_error(peer, errno);
    if (got == 0)
        return ended(peer);
    *len       = (size_t)got;
    peer->last = clock_now();
    return true;
}

/* As many records as there are. One may have to wait until the answer to one before it can be written. */
static bool
fill_tls(struct peer *peer, size_t *len)
{
    enum tls_result result;
    bool            changed = false;

    do {
        size_t got = 0;

        result         = tls_read(peer->tls, block->data + *len, peer->chunk - *len, &got);
        changed        = take_tls_result(peer, result) || changed;
        peer->readable = peer->readable && (result == TLS_WANTS_WRITE || tls_has_more(peer->tls));
        *len += got;
    } while (result == TLS_OK && peer->readable && *len < peer->chunk);
    return changed;
}

bool
peer_fill(struct peer *peer, size_t most)
{
    size_t len = 0;
    bool   changed;

    if (peer->state != PEER_OPEN || !peer->readable || peer_waiting(peer) >= most)
        return false;
    if (block == NULL)
        make_block();
    changed = peer->tls != NULL ? fill_tls(peer, &len) : fill_plain(peer, &len);
    if (len > 0)
        keep_read(peer, len);
    return changed;
}

static ssize_t
write_plain(struct peer *peer)
{
    struct iovec  pieces[PIECES];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)buffer_pieces(&peer->out, pieces, PIECES)};
    ssize_t       put;

    do
        put = message.msg_iovlen == 1 ? send(peer->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
                                      : sendmsg(peer->fd, &message, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    return put;
}

/*
 * The next record's octets: where they lie if a whole record lies there together, else gathered, so that status lines,
 * headers and bodies share records.
 */
static char gathered[TLS_RECORD_MAX];

static struct span
next_record(const struct peer *peer)
{
    struct span first = buffer_first(&peer->out);

    if (first.len >= TLS_RECORD_MAX || first.len == peer->out.length)
        return span_head(first, first.len < TLS_RECORD_MAX ? first.len : TLS_RECORD_MAX);
    return (struct span){gathered, buffer_copy(&peer->out, gathered, TLS_RECORD_MAX)};
}

static bool
flush_plain(struct peer *peer)
{
    ssize_t put = write_plain(peer);

    if (put < 0 && errno == EAGAIN)
        return watch_output(peer);
    if (put < 0)
        return system_error(peer, errno);
    buffer_drain(&peer->out, (size_t)put);
    peer->sent += (size_t)put;
    peer->last = clock_now();
    return true;
}

/* Seals what there is, as far as there is room. */
static enum tls_written
seal(struct peer *peer)
{
    while (peer->out.length > 0 && tls_has_room(peer->tls)) {
        struct span      record = next_record(peer);
        bool             alone  = record.len == peer->out.length && !peer->complete;
        size_t           put;
        enum tls_written written = tls_seal(peer->tls, record, alone, &put);

        if (peer->out.secret && record.data == gathered)
            explicit_bzero(gathered, record.len);
        if (written != TLS_WRITTEN)
            return written;
        buffer_drain(&peer->out, put);
        peer->sealed += put;
    }
    if (peer->complete && peer->out.length == 0 && tls_has_room(peer->tls))
        tls_say_close(peer->tls);
    return TLS_WRITTEN;
}

static bool
flush_tls(struct peer *peer)
{
    enum tls_written written = seal(peer);

    if (written == TLS_WRITTEN)
        written = tls_send(peer->tls);
    if (written == TLS_WRITE_LATER)
        return watch_output(peer);
    if (written == TLS_WRITE_FAILED)
        return peer_break(peer, tls_error(peer->tls));
    peer->sent += peer->sealed;
    peer->sealed = 0;
    peer->last   = clock_now();
    return true;
}

bool
peer_flush(struct peer *peer)
{
    bool changed = false;

    while ((peer->state == PEER_OPEN || peer->state == PEER_ENDED) && peer->writable && peer_unsent(peer) > 0) {
        if (!(peer->tls != NULL ? flush_tls(peer) : flush_plain(peer)))
            break;
        changed      = true;
        peer->unsure = false;
    }
    return changed;
}

void
peer_drop_unsent(struct peer *peer)
{
    buffer_clear(&peer->out);
    peer->sealed = 0;
}

void
peer_put(struct peer *peer, struct span span)
{
    if (peer->state != PEER_BROKEN && peer->state != PEER_CLOSED)
        buffer_add(&peer->out, span);
}

void
peer_put_end(struct peer *peer)
{
    peer->complete = true;
}

/* Has close(2) reset the connection, or not; also the kernel's own close at the end of the process. */
static void
set_reset(const struct peer *peer, bool reset)
{
    const struct linger linger = {.l_onoff = reset, .l_linger = 0};

    (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void
peer_mark_fragile(struct peer *peer, bool fragile)
{
    if (fragile == peer->fragile || peer->tls != NULL || peer->state == PEER_CLOSED)
        return;
    peer->fragile = fragile;
    set_reset(peer, fragile);
}

/* Gives back what the peer holds, but for the socket. */
static void
release_peer(struct peer *peer)
{
    if (event_initialized(&peer->event))
        (void)event_del(&peer->event);
    tls_free(&peer->tls);
    buffer_clear(&peer->in);
    buffer_clear(&peer->out);
    free(peer->why);
    peer->why    = NULL;
    peer->sealed = 0;
    peer->state  = PEER_CLOSED;
}

/* Octets that nobody will read would make the kernel answer close(2) with a reset, and the last reply would be lost. */
static void
discard_input(struct peer *peer)
{
    char scrap[4096];

    for (int i = 0; i < 16 && peer->readable; i++)
        peer->readable = read(peer->fd, scrap, sizeof(scrap)) > 0;
    if (peer->in.secret)
        explicit_bzero(scrap, sizeof(scrap));
}

void
peer_close(struct peer *peer)
{
    if (peer->state == PEER_CLOSED)
        return;
    if (peer->tls != NULL && peer->state != PEER_BROKEN) {
        tls_say_close(peer->tls);
        (void)tls_send(peer->tls);
    }
    if (peer->state == PEER_OPEN)
        discard_input(peer);
    peer_mark_fragile(peer, false);
    release_peer(peer);
    (void)close(peer->fd);
}

void
peer_reset(struct peer *peer)
{
    if (peer->state == PEER_CLOSED)
        return;
    release_peer(peer);
    set_reset(peer, true);
    (void)close(peer->fd);
}
