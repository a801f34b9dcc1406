/*
 * A BIO over a socket that reads what was announced and keeps what is written. All connections share it: it holds
 * nothing but whose turn it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/net/tls_wire.h"

enum {
    RECORDS  = 16,  /* sealed before they are sent */
    OVERHEAD = 512, /* octets of a record besides the data, and of alerts and key updates between them */
    SEALED   = RECORDS * (TLS_RECORD_MAX + OVERHEAD),
    FEW      = 2 * 1024, /* octets: what TLS itself has to say waits in this much */
};

/* It may be the password of somebody who does not speak TLS. */
static void
free_early(struct tls_wire *wire)
{
    if (wire->early != NULL)
        explicit_bzero(wire->early->data, wire->early->len);
    free(wire->early);
    wire->early = NULL;
}

void
tls_wire_put_early(struct tls_wire *wire, struct span octets)
{
    if (octets.len == 0)
        return;
    wire->early      = memory_new(sizeof(*wire->early) + octets.len);
    wire->early->len = octets.len;
    memcpy(wire->early->data, octets.data, octets.len);
}

static int
take_early(struct tls_wire *wire, char *data, size_t size)
{
    struct tls_early *early = wire->early;
    size_t            left  = early->len - early->at;
    size_t            len   = left < size ? left : size;

    memcpy(data, early->data + early->at, len);
    early->at += len;
    if (len == left)
        free_early(wire);
    return (int)len;
}

static int
socket_read(BIO *bio, char *data, int size)
{
    struct tls_wire *wire = BIO_get_data(bio);
    ssize_t          got;

    BIO_clear_retry_flags(bio);
    if (wire->early != NULL)
        return take_early(wire, data, (size_t)size);
    if (!wire->readable) {
        BIO_set_retry_read(bio);
        return -1;
    }
    do
        got = read(wire->fd, data, (size_t)size);
    while (got < 0 && errno == EINTR);
    if (got < size)
        wire->readable = wire->ending && got > 0;
    wire->eof = got == 0;
    if (got < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int)got;
}

/* The large buffer of a connection that has nothing to send is the next one's. */
static char *spare;

static void
give_room_back(struct tls_wire *wire)
{
    if (spare == NULL && wire->room == SEALED)
        spare = wire->sealed;
    else
        free(wire->sealed);
    wire->sealed = NULL;
    wire->room = wire->start = wire->end = 0;
}

/* What waits goes to a buffer of `room` octets. */
static void
change_room(struct tls_wire *wire, size_t room)
{
    bool   spared = room == SEALED && spare != NULL;
    char  *other  = spared ? spare : memory_resize(NULL, room);
    size_t len    = wire->end - wire->start;

    if (spared)
        spare = NULL;
    if (wire->sealed != NULL) {
        memcpy(other, wire->sealed + wire->start, len);
        give_room_back(wire);
    }
    wire->sealed = other;
    wire->room   = room;
    wire->end    = len;
}

/* What a slow peer leaves takes no more room than it needs. */
static int
stop_sending(struct tls_wire *wire, int why)
{
    if (wire->room == SEALED)
        change_room(wire, wire->end - wire->start);
    wire->full = true;
    errno      = why;
    return -1;
}

int
tls_wire_send(struct tls_wire *wire)
{
    while (wire->start < wire->end) {
        ssize_t put = send(wire->fd, wire->sealed + wire->start, wire->end - wire->start, MSG_NOSIGNAL);

        if (put >= 0)
            wire->start += (size_t)put;
        else if (errno != EINTR)
            return stop_sending(wire, errno);
    }
    if (wire->sealed != NULL)
        give_room_back(wire);
    wire->full = false;
    return 0;
}

/* Tries to send a record as it lies, which spares a copy; whatever is left is kept. Returns how much is gone, or -1. */
static ssize_t
send_alone(const struct tls_wire *wire, const char *data, size_t len)
{
    ssize_t put = 0;

    if (wire->alone && wire->sealed == NULL)
        put = send(wire->fd, data, len, MSG_NOSIGNAL);
    return put < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : put;
}

static void
keep_sealed(struct tls_wire *wire, const char *data, size_t len)
{
    size_t waiting = wire->end - wire->start;

    if (wire->sealed == NULL || wire->room - wire->end < len)
        change_room(wire, waiting + len <= FEW ? FEW : SEALED);
    memcpy(wire->sealed + wire->end, data, len);
    wire->end += len;
}

static int
socket_write(BIO *bio, const char *data, int len)
{
    struct tls_wire *wire = BIO_get_data(bio);
    ssize_t          put;

    BIO_clear_retry_flags(bio);
    if ((wire->full || SEALED - wire->end < (size_t)len) && tls_wire_send(wire) != 0) {
        if (errno == EAGAIN)
            BIO_set_retry_write(bio);
        return -1;
    }
    put = send_alone(wire, data, (size_t)len);
    if (put < 0)
        return -1;
    if (put < len)
        keep_sealed(wire, data + put, (size_t)(len - put));
    return len;
}

static long
socket_control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_wire *wire = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return wire->eof;
    return command == BIO_CTRL_FLUSH;
}

/* Made once in a process and kept. */
static BIO *
make_bio(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "popgate socket");
    BIO        *bio;

    if (method == NULL || BIO_meth_set_read(method, socket_read) != 1 ||
        BIO_meth_set_write(method, socket_write) != 1 || BIO_meth_set_ctrl(method, socket_control) != 1 ||
        (bio = BIO_new(method)) == NULL)
        abort();
    BIO_set_init(bio, 1);
    return bio;
}

static BIO *
shared_bio(void)
{
    static BIO *bio;

    if (bio == NULL)
        bio = make_bio();
    return bio;
}

void
tls_wire_open(struct tls_wire *wire, SSL *ssl, int fd)
{
    *wire = (struct tls_wire){.fd = fd, .readable = true};
    if (BIO_up_ref(shared_bio()) != 1)
        abort();
    SSL_set_bio(ssl, shared_bio(), shared_bio());
}

void
tls_wire_take_turn(struct tls_wire *wire)
{
    BIO_set_data(shared_bio(), wire);
}

bool
tls_wire_has_room(const struct tls_wire *wire)
{
    return !wire->full && SEALED - wire->end >= TLS_RECORD_MAX + OVERHEAD;
}

void
tls_wire_close(struct tls_wire *wire)
{
    free_early(wire);
    if (wire->sealed != NULL)
        give_room_back(wire);
}
