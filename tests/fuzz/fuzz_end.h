/*
 * For the fuzzer of sessions: the other end of one of popgate's connections, in the same process. It sends what it is
 * told, reads or does not, with TLS or without; and the system calls of popgate can be made to fail.
 */
#ifndef TESTS_FUZZ_FUZZ_END_H
#define TESTS_FUZZ_FUZZ_END_H

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/* What the linker puts in the place of popgate's calls, and the calls themselves (--wrap of ld(1)). */
ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_recv(int fd, void *data, size_t len, int flags);
ssize_t __real_read(int fd, void *data, size_t len);
int     __real_clock_gettime(clockid_t clock, struct timespec *time);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);
ssize_t __wrap_read(int fd, void *data, size_t len);
int     __wrap_clock_gettime(clockid_t clock, struct timespec *time);

static struct {
    size_t   writes, reads; /* the call that fails, counted from now on; 0: none does */
    int      error;         /* and why */
    size_t   part;          /* a write takes no more octets at once; 0: as many as there is room for */
    int64_t  ahead;         /* seconds by which popgate's clock has been moved on */
    uint64_t asked;         /* how often it was looked at */
} calls;

static inline bool
call_fails(size_t *left)
{
    if (*left == 0 || --*left > 0)
        return false;
    errno = calls.error;
    return true;
}

static inline size_t
call_part(size_t len)
{
    return calls.part > 0 && calls.part < len ? calls.part : len;
}

ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
    return call_fails(&calls.writes) ? -1 : __real_send(fd, data, call_part(len), flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return call_fails(&calls.writes) ? -1 : __real_sendmsg(fd, message, flags);
}

ssize_t
__wrap_recv(int fd, void *data, size_t len, int flags)
{
    return call_fails(&calls.reads) ? -1 : __real_recv(fd, data, len, flags);
}

ssize_t
__wrap_read(int fd, void *data, size_t len)
{
    return call_fails(&calls.reads) ? -1 : __real_read(fd, data, len);
}

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = __real_clock_gettime(clock, time);

    if (clock == CLOCK_MONOTONIC_COARSE) {
        time->tv_sec += calls.ahead;
        calls.asked++;
    }
    return result;
}

struct end {
    int          fd;    /* -1: none */
    SSL         *ssl;   /* over memory; NULL: in the clear */
    bool         stops; /* it does not read */
    struct bytes in;    /* what it read, and has not looked at */
    struct bytes out;   /* what it has to say, */
    size_t       sent;  /* of which its socket has taken so many octets */
};

static inline void
end_close(struct end *end)
{
    if (end->fd >= 0)
        (void)close(end->fd);
    SSL_free(end->ssl);
    bytes_free(&end->in);
    bytes_free(&end->out);
    *end = (struct end){.fd = -1};
}

static inline void
end_start_tls(struct end *end, SSL_CTX *context, bool server)
{
    if (end->ssl != NULL)
        return;
    end->ssl = SSL_new(context);
    SSL_set_bio(end->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(end->ssl), -1);
    if (server)
        SSL_set_accept_state(end->ssl);
    else
        SSL_set_connect_state(end->ssl);
}

/* As it is, TLS or not. */
static inline void
end_put(struct end *end, struct span span)
{
    enum { KEPT_MAX = 512 * 1024 };

    if (end->out.len < KEPT_MAX)
        bytes_add(&end->out, span);
}

static inline void
end_say(struct end *end, struct span span)
{
    if (end->ssl == NULL)
        end_put(end, span);
    else if (span.len > 0)
        (void)SSL_write(end->ssl, span.data, (int)span.len);
}

static inline void
end_send(struct end *end)
{
    static char room[16 * 1024];
    int         len;
    ssize_t     put;

    while (end->ssl != NULL && (len = BIO_read(SSL_get_wbio(end->ssl), room, sizeof(room))) > 0)
        end_put(end, (struct span){room, (size_t)len});
    while (end->sent < end->out.len &&
           (put = __real_send(end->fd, end->out.data + end->sent, end->out.len - end->sent, MSG_NOSIGNAL)) > 0)
        end->sent += (size_t)put;
    if (end->sent == end->out.len)
        end->sent = end->out.len = 0;
}

static inline void
end_read(struct end *end)
{
    static char room[64 * 1024];
    ssize_t     len;

    while (!end->stops && (len = __real_recv(end->fd, room, sizeof(room), MSG_DONTWAIT)) > 0)
        if (end->ssl != NULL)
            (void)BIO_write(SSL_get_rbio(end->ssl), room, (int)len);
        else
            bytes_add(&end->in, (struct span){room, (size_t)len});
    if (end->ssl == NULL || (!SSL_is_init_finished(end->ssl) && SSL_do_handshake(end->ssl) != 1))
        return;
    while ((len = SSL_read(end->ssl, room, sizeof(room))) > 0)
        bytes_add(&end->in, (struct span){room, (size_t)len});
}

/* Sends what it has to say, and reads what has come. */
static inline void
end_move(struct end *end)
{
    if (end->fd < 0)
        return;
    end_read(end);
    end_send(end);
    ERR_clear_error();
}

#endif
