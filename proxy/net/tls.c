/*
 * One connection's TLS: an SSL object, and the wire to its socket.
 */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proxy/net/tls.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_explain.h"
#include "proxy/net/tls_remote.h"
#include "proxy/net/tls_wire.h"

struct tls {
    SSL             *ssl;
    struct tls_wire  wire;
    struct tls_visit visit; /* of an upstream's server */
};

/* Why the last call in this process failed. */
static char last_error[1024];

/* Before each call that may read or write: what failed before must not look like this one's failure. There is seldom
 * anything to clear, and ERR_clear_error() goes through all its sixteen places each time. */
static SSL *
take_turn(struct tls *tls)
{
    tls_wire_take_turn(&tls->wire);
    if (ERR_peek_error() != 0)
        ERR_clear_error();
    errno = 0;
    return tls->ssl;
}

bool
tls_is_host(struct span name)
{
    return name.len > 0 && name.len <= TLSEXT_MAXLEN_host_name && name.data[0] != '.' &&
           span_find(name, '\0') == name.len;
}

/* Asks for `name` and has it verified; an address is verified as one, and never sent as SNI (RFC 6066, 3). */
static bool
ask_for(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* A name that is none is not said again: who knows where it comes from. */
static bool
expect_name(SSL *ssl, struct span name)
{
    char copy[TLSEXT_MAXLEN_host_name + 1] = {0};

    if (tls_is_host(name) && ask_for(ssl, memcpy(copy, name.data, name.len)))
        return true;
    (void)snprintf(last_error, sizeof(last_error), "its name is not that of a host, which a certificate could be for");
    return false;
}

static struct tls *
new_connection(struct tls_context *context, int fd)
{
    struct tls *tls = memory_new(sizeof(*tls));

    tls->ssl = SSL_new(tls_context_ssl(context));
    if (tls->ssl == NULL)
        abort();
    tls_wire_open(&tls->wire, tls->ssl, fd);
    return tls;
}

struct tls *
tls_open(struct tls_context *context, int fd)
{
    struct tls *tls = new_connection(context, fd);

    SSL_set_accept_state(tls->ssl);
    return tls;
}

struct tls *
tls_connect(struct tls_remote *remote, int fd, bool unknown)
{
    struct tls *tls = new_connection(tls_remote_context(remote), fd);

    SSL_set_connect_state(tls->ssl);
    if (expect_name(tls->ssl, tls_remote_name(remote)))
        tls_visit_begin(&tls->visit, remote, tls->ssl, unknown);
    else
        tls_free(&tls);
    return tls;
}

void
tls_put_early(struct tls *tls, struct span octets)
{
    tls_wire_put_early(&tls->wire, octets);
}

/* An end without close_notify is a matter of the connection; all else that OpenSSL finds is one of the session, too. */
static bool
is_fault_of_tls(int code)
{
    return code == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_last_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static void
note_error(struct tls *tls, int code, int system_error)
{
    if (is_fault_of_tls(code))
        tls_visit_fail(&tls->visit);
    tls_explain(tls->ssl, code, system_error, last_error, sizeof(last_error));
}

static enum tls_result
result_of(struct tls *tls, int result, int system_error)
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
result_of_write(struct tls *tls, int result, int system_error)
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
    return tls_wire_has_room(&tls->wire);
}

enum tls_written
tls_send(struct tls *tls)
{
    if (tls_wire_send(&tls->wire) == 0)
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

/*
 * What a client sends from now on may be a password. In the handshake there is none, and OpenSSL would wipe 17 KB after
 * every few octets of it.
 */
static void
start_wiping(SSL *ssl)
{
    if (SSL_is_server(ssl) == 1)
        (void)SSL_set_options(ssl, SSL_OP_CLEANSE_PLAINTEXT);
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
    if (result == TLS_OK) {
        forget_exchange(tls->ssl);
        start_wiping(tls->ssl);
    }
    if (result == TLS_CLOSED) {
        (void)snprintf(last_error, sizeof(last_error), "closed in the handshake");
        result = TLS_FAILED;
    }
    if (result == TLS_FAILED) {
        tls_visit_fail(&tls->visit);
        (void)tls_wire_send(&tls->wire); /* an alert */
    } else if (!may_wait(tls)) {
        result = send_handshake(tls, result);
    }
    return result;
}

enum tls_result
tls_read(struct tls *tls, char *data, size_t size, size_t *got)
{
    size_t          before = tls->wire.end;
    int             done   = SSL_read_ex(take_turn(tls), data, size, got);
    enum tls_result result = done == 1 ? TLS_OK : result_of(tls, done, errno);

    if (result != TLS_OK)
        *got = 0;
    if (tls->wire.end != before)
        (void)tls_wire_send(&tls->wire); /* an alert, or the answer to a key update: the peer may wait for it */
    return result;
}

bool
tls_has_more(const struct tls *tls)
{
    return tls->wire.readable || SSL_has_pending(tls->ssl) == 1;
}

enum tls_written
tls_seal(struct tls *tls, struct span span, bool alone, size_t *put)
{
    int result;

    assert(span.len > 0 && tls_has_room(tls));
    tls->wire.alone = alone;
    result          = SSL_write_ex(take_turn(tls), span.data, span.len, put);
    tls->wire.alone = false;
    if (result == 1)
        return TLS_WRITTEN;
    *put = 0;
    return result_of_write(tls, result, errno);
}

void
tls_stop_wiping(struct tls *tls)
{
    if (tls != NULL)
        (void)SSL_clear_options(tls->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

void
tls_readable(struct tls *tls, bool ending)
{
    tls->wire.readable = true;
    tls->wire.ending   = tls->wire.ending || ending;
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

bool
tls_offer_failed(const struct tls *tls)
{
    return tls->visit.offer == TLS_OFFER_FAILED;
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
    tls_wire_close(&(*tls)->wire);
    free(*tls);
    *tls = NULL;
}
