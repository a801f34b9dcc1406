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

enum { RECEIVE = 256 * 1024, RECORD = 16 * 1024, MADE_MAX = 256 * 1024 };

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

void
wire_say(struct wire *wire, struct span text)
{
    struct iovec piece = {.iov_base = (char *)text.data, .iov_len = text.len};
    size_t       sent  = wire_put(wire, &piece, 1);

    assert(sent == text.len || wire->ssl == NULL);
    if (sent < text.len)
        bytes_add(&wire->unsent, span_tail(text, sent));
    wire_watch_output(wire, false);
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
encrypt(struct wire *wire, const char *data, size_t len)
{
    if (len > 0 && SSL_write(wire->ssl, data, (int)len) != (int)len)
        process_fail_call("SSL_write");
}

/* Small pieces share a record; a large one is encrypted where it stands. */
static size_t
encrypt_all(struct wire *wire, const struct iovec *pieces, int count)
{
    static char record[RECORD];
    size_t      len = 0, taken = 0;

    for (int i = 0; i < count && wire_tls_made.len < MADE_MAX; i++) {
        const char *data = pieces[i].iov_base;
        for (size_t left = pieces[i].iov_len; left > 0 && wire_tls_made.len < MADE_MAX;) {
            size_t part = left < RECORD - len ? left : RECORD - len;
            if (part == RECORD) {
                encrypt(wire, data, RECORD);
            } else {
                memcpy(record + len, data, part);
                len += part;
            }
            if (len == RECORD) {
                encrypt(wire, record, len);
                len = 0;
            }
            data += part;
            left -= part;
            taken += part;
        }
    }
    encrypt(wire, record, len);
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
    taken = encrypt_all(wire, pieces, count);
    send_made(wire);
    return taken;
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
