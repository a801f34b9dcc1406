/* A connection that never blocks. */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/process.h"
#include "tests/bench/wire.h"
#include "tests/bench/wire_tls.h"

/* Octets of one receive, of a full TLS record (RFC 8446, 5.1), and of what is encrypted for one send. */
enum { RECEIVE = 256 * 1024, RECORD = 16 * 1024, PUT_MAX = 256 * 1024 };

void
wire_open(struct wire *wire, int fd, void (*ready)(struct watch *, uint32_t events))
{
    *wire = (struct wire){.watch = {ready}, .fd = fd};
    if (!loop_add(fd, EPOLLIN, &wire->watch))
        process_fail_call("epoll_ctl");
}

bool
wire_is_set_up(const struct wire *wire)
{
    return wire->ssl == NULL || SSL_is_init_finished(wire->ssl);
}

static void
broken(struct wire *wire)
{
    wire->why = strerrordesc_np(errno);
    bytes_clear(&wire->unsent);
}

bool
wire_flush(struct wire *wire)
{
    ssize_t sent;

    if (wire->unsent.len == 0)
        return true;
    sent = send(wire->fd, wire->unsent.data, wire->unsent.len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        broken(wire);
    if (sent <= 0)
        return false;
    wire->unsent.len -= (size_t)sent;
    memmove(wire->unsent.data, wire->unsent.data + sent, wire->unsent.len);
    return wire->unsent.len == 0;
}

/* Sends as much as the socket takes now, and says how much that was. */
static size_t
send_now(struct wire *wire, const struct iovec *pieces, int count)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count};
    ssize_t       sent;

    if (wire->why != NULL || !wire_flush(wire))
        return 0;
    sent = count == 1 ? send(wire->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
                      : sendmsg(wire->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        broken(wire);
    return sent > 0 ? (size_t)sent : 0;
}

/* Sends what TLS made. */
static void
send_made(struct wire *wire)
{
    struct span  made  = bytes_span(&wire_tls_made);
    struct iovec piece = {.iov_base = (char *)made.data, .iov_len = made.len};
    size_t       sent;

    if (made.len == 0)
        return;
    sent = send_now(wire, &piece, 1);
    if (sent < made.len && wire->why == NULL)
        bytes_add(&wire->unsent, span_tail(made, sent));
    bytes_clear(&wire_tls_made);
}

static void
encrypt(struct wire *wire, struct span plain)
{
    if (plain.len > 0 && SSL_write(wire->ssl, plain.data, (int)plain.len) != (int)plain.len)
        process_fail_call("SSL_write");
}

/* Encrypts the octets behind the first `len` of a record. What fills a record is encrypted where it stands; otherwise
 * the octets share the record with those before and behind them. Returns how many are in the record now. */
static size_t
add_to_record(struct wire *wire, char record[RECORD], size_t len, struct span plain)
{
    while (plain.len > 0) {
        size_t part = plain.len < RECORD - len ? plain.len : RECORD - len;
        if (part < RECORD)
            memcpy(record + len, plain.data, part);
        if (len + part == RECORD)
            encrypt(wire, (struct span){part < RECORD ? record : plain.data, RECORD});
        len   = (len + part) % RECORD;
        plain = span_tail(plain, part);
    }
    return len;
}

/* Encrypts up to PUT_MAX octets of the pieces, and says how many. */
static size_t
encrypt_pieces(struct wire *wire, const struct iovec *pieces, int count)
{
    static char record[RECORD];
    size_t      len = 0, taken = 0;

    for (int i = 0; i < count && taken < PUT_MAX; i++) {
        size_t part = pieces[i].iov_len < PUT_MAX - taken ? pieces[i].iov_len : PUT_MAX - taken;
        len         = add_to_record(wire, record, len, (struct span){pieces[i].iov_base, part});
        taken += part;
    }
    encrypt(wire, (struct span){record, len});
    return taken;
}

size_t
wire_put(struct wire *wire, const struct iovec *pieces, int count)
{
    size_t taken;

    if (wire->ssl == NULL)
        return send_now(wire, pieces, count);
    if (wire->why != NULL || !wire_is_set_up(wire) || !wire_flush(wire))
        return 0;
    taken = encrypt_pieces(wire, pieces, count);
    send_made(wire);
    return taken;
}

void
wire_say(struct wire *wire, struct span text)
{
    struct iovec piece = {.iov_base = (char *)text.data, .iov_len = text.len};

    if (wire->ssl != NULL) {
        encrypt(wire, text);
        send_made(wire);
    } else {
        text = span_tail(text, send_now(wire, &piece, 1));
        if (text.len > 0 && wire->why == NULL)
            bytes_add(&wire->unsent, text);
    }
    wire_watch_output(wire, false);
}

void
wire_watch_output(struct wire *wire, bool more)
{
    bool waits = (more && wire_is_set_up(wire)) || wire->unsent.len > 0;

    if (waits == wire->waiting || wire->fd < 0)
        return;
    wire->waiting = waits;
    loop_change(wire->fd, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, &wire->watch);
}

static void
start_tls(struct wire *wire, SSL_CTX *context)
{
    BIO *bio = wire_tls_bio();

    assert(wire->ssl == NULL && wire->unsent.len == 0);
    wire->ssl = SSL_new(context);
    if (wire->ssl == NULL)
        process_fail_call("SSL_new");
    SSL_set_bio(wire->ssl, bio, bio);
}

void
wire_start_server(struct wire *wire, SSL_CTX *context)
{
    start_tls(wire, context);
    SSL_set_accept_state(wire->ssl);
}

void
wire_start_client(struct wire *wire, SSL_CTX *context, SSL_SESSION *ticket)
{
    start_tls(wire, context);
    SSL_set_connect_state(wire->ssl);
    if (ticket != NULL && SSL_set_session(wire->ssl, ticket) != 1)
        process_fail_call("SSL_set_session");
    (void)SSL_do_handshake(wire->ssl);
    send_made(wire);
    wire_watch_output(wire, false);
}

void
wire_fill(struct wire *wire)
{
    static char buffer[RECEIVE];
    ssize_t     got = recv(wire->fd, buffer, sizeof(buffer), 0);

    wire_tls_received = (struct span){buffer, got > 0 ? (size_t)got : 0};
    if (wire->why != NULL)
        return;
    if (got == 0)
        wire->why = "the connection was closed";
    else if (got < 0 && errno != EAGAIN)
        broken(wire);
}

/* There is nothing more to read: because all was read, or for ever? */
static void
note_tls_result(struct wire *wire, int result)
{
    int error = SSL_get_error(wire->ssl, result);

    send_made(wire);
    wire_watch_output(wire, false);
    if (error == SSL_ERROR_WANT_READ || wire->why != NULL)
        return;
    wire->why = error == SSL_ERROR_ZERO_RETURN ? "TLS was ended" : ERR_reason_error_string(ERR_peek_error());
    if (wire->why == NULL)
        wire->why = "TLS failed";
    ERR_clear_error();
}

bool
wire_next(struct wire *wire, struct span *piece)
{
    static char plain[RECORD];
    int         got;

    if (wire->ssl == NULL) {
        *piece            = wire_tls_received;
        wire_tls_received = (struct span){NULL, 0};
        return piece->len > 0;
    }
    got = SSL_read(wire->ssl, plain, sizeof(plain));
    if (got <= 0)
        note_tls_result(wire, got);
    *piece = (struct span){plain, got > 0 ? (size_t)got : 0};
    return got > 0;
}

/* A session whose end nobody told is not resumed: where it is too late to tell, OpenSSL is told that it was done. */
static void
end_tls(struct wire *wire)
{
    if (wire->why != NULL || !wire_is_set_up(wire))
        SSL_set_shutdown(wire->ssl, SSL_SENT_SHUTDOWN);
    else if (SSL_shutdown(wire->ssl) >= 0)
        send_made(wire);
    SSL_free(wire->ssl);
    wire->ssl = NULL;
}

void
wire_close(struct wire *wire)
{
    if (wire->ssl != NULL)
        end_tls(wire);
    (void)close(wire->fd);
    bytes_free(&wire->unsent);
    wire->fd = -1;
}
