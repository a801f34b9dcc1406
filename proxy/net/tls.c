/*
 * One connection's TLS: an SSL object over a BIO of our own. It asks the kernel only for what the event loop has
 * announced, so that no system call is spent on learning that there is nothing to read; and what it is given to write
 * it keeps, until it is told to send all of it at once. All connections share the BIO, which holds nothing but whose
 * turn it is.
 */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/net/tls.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_explain.h"

enum {
    RECORDS  = 16,  /* sealed before they are sent */
    OVERHEAD = 512, /* octets of a record besides the data, and of alerts and key updates between them */
    SEALED   = RECORDS * (TLS_RECORD_MAX + OVERHEAD),
    FEW      = 2 * 1024, /* octets: what TLS itself has to say waits in this much */
};

struct tls {
    SSL   *ssl;
    int    fd;
    bool   readable; /* the kernel may have octets */
    bool   ending;   /* the peer closed its half: a short read is not the last one */
    bool   eof;      /* it was read */
    bool   alone;    /* what is written next need not wait for more */
    bool   full;     /* the socket has not taken all: what is sealed has to go first */
    char  *sealed;   /* what waits to be sent is from `start` to `end`; NULL: nothing does */
    size_t room, start, end;
};

/* Why the last call in this process failed. */
static char last_error[1024];

static int
socket_read(BIO *bio, char *data, int size)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t     got;

    BIO_clear_retry_flags(bio);
    if (!tls->readable) {
        BIO_set_retry_read(bio);
        return -1;
    }
    do
        got = read(tls->fd, data, (size_t)size);
    while (got < 0 && errno == EINTR);
    if (got < size)
        tls->readable = tls->ending && got > 0;
    tls->eof = got == 0;
    if (got < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int)got;
}

/* The large buffer of a connection that has nothing to send is the next one's. */
static char *spare;

static void
give_back(struct tls *tls)
{
    if (spare == NULL && tls->room == SEALED)
        spare = tls->sealed;
    else
        free(tls->sealed);
    tls->sealed = NULL;
    tls->room = tls->start = tls->end = 0;
}

/* What waits goes to a buffer of `room` octets. */
static void
change_room(struct tls *tls, size_t room)
{
    bool   spared = room == SEALED && spare != NULL;
    char  *other  = spared ? spare : memory_resize(NULL, room);
    size_t len    = tls->end - tls->start;

    if (spared)
        spare = NULL;
    if (tls->sealed != NULL) {
        memcpy(other, tls->sealed + tls->start, len);
        give_back(tls);
    }
    tls->sealed = other;
    tls->room   = room;
    tls->end    = len;
}

/* What a slow peer leaves takes no more room than it needs. */
static int
stop_sending(struct tls *tls, int why)
{
    if (tls->room == SEALED)
        change_room(tls, tls->end - tls->start);
    tls->full = true;
    errno     = why;
    return -1;
}

/* Sends what is sealed: 0 when it is all gone, else -1 with errno. */
static int
send_sealed(struct tls *tls)
{
    while (tls->start < tls->end) {
        ssize_t put = send(tls->fd, tls->sealed + tls->start, tls->end - tls->start, MSG_NOSIGNAL);

        if (put >= 0)
            tls->start += (size_t)put;
        else if (errno != EINTR)
            return stop_sending(tls, errno);
    }
    if (tls->sealed != NULL)
        give_back(tls);
    tls->full = false;
    return 0;
}

/* Tries to send a record as it lies, which spares a copy; whatever is left is kept. Returns how much is gone, or -1. */
static ssize_t
send_alone(const struct tls *tls, const char *data, size_t len)
{
    ssize_t put = 0;

    if (tls->alone && tls->sealed == NULL)
        put = send(tls->fd, data, len, MSG_NOSIGNAL);
    return put < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : put;
}

static void
keep_sealed(struct tls *tls, const char *data, size_t len)
{
    size_t waiting = tls->end - tls->start;

    if (tls->room - tls->end < len)
        change_room(tls, waiting + len <= FEW ? FEW : SEALED);
    memcpy(tls->sealed + tls->end, data, len);
    tls->end += len;
}

static int
socket_write(BIO *bio, const char *data, int len)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t     put;

    BIO_clear_retry_flags(bio);
    if ((tls->full || SEALED - tls->end < (size_t)len) && send_sealed(tls) != 0) {
        if (errno == EAGAIN)
            BIO_set_retry_write(bio);
        return -1;
    }
    put = send_alone(tls, data, (size_t)len);
    if (put < 0)
        return -1;
    if (put < len)
        keep_sealed(tls, data + put, (size_t)(len - put));
    return len;
}

static long
socket_control(BIO *bio, int command, long number, void *pointer)
{
    const struct tls *tls = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return tls->eof;
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

/* Before each call that may read or write: what failed before must not look like this one's failure. There is seldom
 * anything to clear, and ERR_clear_error() goes through all its sixteen places each time. */
static SSL *
take_turn(struct tls *tls)
{
    BIO_set_data(shared_bio(), tls);
    if (ERR_peek_error() != 0)
        ERR_clear_error();
    errno = 0;
    return tls->ssl;
}

/* Asks for `name` and has it verified; an address is verified as one, and never sent as SNI (RFC 6066, 3). */
static bool
expect_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct tls *
tls_open(struct tls_context *context, int fd, const char *name)
{
    struct tls *tls = memory_new(sizeof(*tls));

    tls->fd       = fd;
    tls->readable = true;
    tls->ssl      = SSL_new(tls_context_ssl(context));
    if (tls->ssl == NULL || BIO_up_ref(shared_bio()) != 1)
        abort();
    SSL_set_bio(tls->ssl, shared_bio(), shared_bio());
    if (name == NULL)
        SSL_set_accept_state(tls->ssl);
    else {
        SSL_set_connect_state(tls->ssl);
        if (!expect_name(tls->ssl, name))
            abort();
    }
    return tls;
}

static void
note_error(const struct tls *tls, int code, int system_error)
{
    tls_explain(tls->ssl, code, system_error, last_error, sizeof(last_error));
}

static enum tls_result
result_of(const struct tls *tls, int result, int system_error)
{
    int code = SSL_get_error(tls->ssl, result);

    switch (code) {
    case SSL_ERROR_NONE:
        return TLS_OK;
    case SSL_ERROR_WANT_READ:
        return TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    default:
        note_error(tls, code, system_error);
        return TLS_FAILED;
    }
}

/* OpenSSL tells of any call that failed behind the peer's close_notify what it tells of a read there: the end. */
static enum tls_written
result_of_write(const struct tls *tls, int result, int system_error)
{
    int code = SSL_get_error(tls->ssl, result);

    if (code == SSL_ERROR_WANT_WRITE)
        return TLS_WRITE_LATER;
    note_error(tls, code == SSL_ERROR_ZERO_RETURN ? SSL_ERROR_SYSCALL : code, system_error);
    return TLS_WRITE_FAILED;
}

bool
tls_has_room(const struct tls *tls)
{
    return !tls->full && SEALED - tls->end >= TLS_RECORD_MAX + OVERHEAD;
}

enum tls_written
tls_send(struct tls *tls)
{
    if (send_sealed(tls) == 0)
        return TLS_WRITTEN;
    if (errno == EAGAIN)
        return TLS_WRITE_LATER;
    (void)snprintf(last_error, sizeof(last_error), "%s", strerrordesc_np(errno));
    return TLS_WRITE_FAILED;
}

static void
empty_key(EVP_PKEY *key)
{
    (void)EVP_PKEY_set_type(key, EVP_PKEY_EC);
    EVP_PKEY_free(key);
}

/*
 * OpenSSL keeps both sides' keys of the key exchange as long as the connection. They have done their work: forward
 * secrecy begins when the secret one is gone.
 */
static void
forget_exchange(SSL *ssl)
{
    EVP_PKEY *ours, *theirs;

    if (SSL_get_tmp_key(ssl, &ours) == 1)
        empty_key(ours);
    if (SSL_get_peer_tmp_key(ssl, &theirs) == 1)
        empty_key(theirs);
}

/* A server's last flight is a ticket in TLS 1.3: no client waits for it, and it goes with the first octets. */
static bool
may_wait(const struct tls *tls)
{
    return SSL_is_init_finished(tls->ssl) && SSL_is_server(tls->ssl) && SSL_version(tls->ssl) == TLS1_3_VERSION;
}

/* What keeps the octets of a handshake from being sent; `fine` if nothing does. */
static enum tls_result
send_handshake(struct tls *tls, enum tls_result fine)
{
    switch (tls_send(tls)) {
    case TLS_WRITE_LATER:
        return TLS_WANTS_WRITE;
    case TLS_WRITE_FAILED:
        return TLS_FAILED;
    case TLS_WRITTEN:
        break;
    }
    return fine;
}

enum tls_result
tls_handshake(struct tls *tls)
{
    enum tls_result result = send_handshake(tls, TLS_OK);
    int             done;

    if (result != TLS_OK)
        return result;
    done   = SSL_do_handshake(take_turn(tls));
    result = result_of(tls, done, errno);
    if (result == TLS_OK)
        forget_exchange(tls->ssl);
    if (result == TLS_CLOSED) {
        (void)snprintf(last_error, sizeof(last_error), "closed in the handshake");
        result = TLS_FAILED;
    }
    if (result == TLS_FAILED)
        (void)send_sealed(tls); /* an alert */
    else if (!may_wait(tls))
        result = send_handshake(tls, result);
    return result;
}

enum tls_result
tls_read(struct tls *tls, char *data, size_t size, size_t *got)
{
    size_t          before = tls->end;
    int             done   = SSL_read_ex(take_turn(tls), data, size, got);
    enum tls_result result = done == 1 ? TLS_OK : result_of(tls, done, errno);

    if (result != TLS_OK)
        *got = 0;
    if (tls->end != before)
        (void)send_sealed(tls); /* an alert, or the answer to a key update: the peer may wait for it */
    return result;
}

bool
tls_has_more(const struct tls *tls)
{
    return tls->readable || SSL_has_pending(tls->ssl) == 1;
}

enum tls_written
tls_seal(struct tls *tls, struct span span, bool alone, size_t *put)
{
    int result;

    assert(span.len > 0 && tls_has_room(tls));
    tls->alone = alone;
    result     = SSL_write_ex(take_turn(tls), span.data, span.len, put);
    tls->alone = false;
    if (result == 1)
        return TLS_WRITTEN;
    *put = 0;
    return result_of_write(tls, result, errno);
}

void
tls_readable(struct tls *tls, bool ending)
{
    tls->readable = true;
    tls->ending   = tls->ending || ending;
}

void
tls_say_close(struct tls *tls)
{
    if (SSL_is_init_finished(tls->ssl) && (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN) == 0)
        (void)SSL_shutdown(take_turn(tls));
}

const char *
tls_error(const struct tls *tls)
{
    (void)tls;
    return last_error;
}

const char *
tls_protocol(const struct tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *
tls_cipher(const struct tls *tls)
{
    return SSL_get_cipher_name(tls->ssl);
}

const char *
tls_sni(const struct tls *tls)
{
    return SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
}

bool
tls_resumed(const struct tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

void
tls_free(struct tls **tls)
{
    if (*tls == NULL)
        return;
    SSL_free((*tls)->ssl);
    if ((*tls)->sealed != NULL)
        give_back(*tls);
    free(*tls);
    *tls = NULL;
}
