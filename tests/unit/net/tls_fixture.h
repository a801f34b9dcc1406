/* For the tests of TLS: one of ours and one of OpenSSL's, at the two ends of a pair of sockets. */
#ifndef TESTS_UNIT_TLS_FIXTURE_H
#define TESTS_UNIT_TLS_FIXTURE_H

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "tests/unit/config_fixture.h"

struct tls_pair {
    struct tls     *ours; /* a server, or a client */
    SSL            *theirs;
    int             fds[2];
    enum tls_result result; /* of our handshake */
    char            why[1024];
};

/* What is written into the folder: the certificate, the key, or both. */
enum { WRITE_CERTIFICATE = 1, WRITE_KEY = 2 };

/* A self-signed certificate for `names` ("DNS:a.example,DNS:b.example"), from and to so many seconds from now. */
static inline X509 *
make_certificate(EVP_PKEY *key, const char *names, long from, long to)
{
    X509           *certificate = X509_new();
    X509_EXTENSION *extension   = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

    assert_int_equal(X509_set_version(certificate, 2), 1);
    assert_true(X509_gmtime_adj(X509_getm_notBefore(certificate), from) != NULL);
    assert_true(X509_gmtime_adj(X509_getm_notAfter(certificate), to) != NULL);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    X509_EXTENSION_free(extension);
    return certificate;
}

/* Writes them as PEM to the file of this name in the folder, behind what is there. */
static inline void
write_pem(const char *name, X509 *certificate, EVP_PKEY *key, int what)
{
    char  path[512];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "ae");
    assert_non_null(file);
    if ((what & WRITE_CERTIFICATE) != 0)
        assert_int_equal(PEM_write_X509(file, certificate), 1);
    if ((what & WRITE_KEY) != 0)
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

/* A new certificate with its key, valid for a year. */
static inline void
write_site(const char *name, EVP_PKEY *key, const char *names)
{
    X509 *certificate = make_certificate(key, names, 0, 365L * 24 * 3600);

    write_pem(name, certificate, key, WRITE_CERTIFICATE | WRITE_KEY);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static inline unsigned
no_line(const struct setting_place *place, const char *key)
{
    (void)key;
    return place->line;
}

/* A listener's context with these certificates in the folder, each with its key; `settings` says the rest. */
static inline struct tls_context *
open_listener(struct tls_server_settings settings, char **files, size_t count, struct error *error)
{
    const struct setting_place place = {.file = "proxy.conf", .line_of = no_line};
    const struct setting_list  none  = {0};
    struct setting_list        paths = {memory_new(count * sizeof(char *)), count};
    struct tls_context        *context;

    for (size_t i = 0; i < count; i++) {
        paths.items[i] = memory_new(512);
        (void)snprintf(paths.items[i], 512, "%s/%s", folder, files[i]);
    }
    settings.certificate = &paths;
    settings.key         = &none;
    context              = tls_server_new(&settings, &place, error);
    for (size_t i = 0; i < count; i++)
        free(paths.items[i]);
    free(paths.items);
    return context;
}

static inline void
open_ends(struct tls_pair *pair)
{
    *pair = (struct tls_pair){.result = TLS_WANTS_READ};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
}

static inline void
open_pair(struct tls_pair *pair, struct tls_context *ours)
{
    open_ends(pair);
    pair->ours = tls_open(ours, pair->fds[0]);
}

/* Our step of the handshake, if it has neither been done nor failed. */
static inline void
step(struct tls_pair *pair)
{
    if (pair->result == TLS_OK || pair->result == TLS_FAILED)
        return;
    tls_readable(pair->ours, false);
    pair->result = tls_handshake(pair->ours);
    if (pair->result == TLS_FAILED)
        (void)snprintf(pair->why, sizeof(pair->why), "%s", tls_error(pair->ours));
}

/* Shakes hands as far as it goes. The client asks for a name and offers a session to resume; either may be NULL. */
static inline void
shake_hands(struct tls_pair *pair, struct tls_context *server, SSL_CTX *client, const char *asked_for,
            SSL_SESSION *session)
{
    open_pair(pair, server);
    pair->theirs = SSL_new(client);
    assert_int_equal(SSL_set_fd(pair->theirs, pair->fds[1]), 1);
    if (session != NULL)
        assert_int_equal(SSL_set_session(pair->theirs, session), 1);
    if (asked_for != NULL)
        assert_int_equal(SSL_set_tlsext_host_name(pair->theirs, asked_for), 1);
    SSL_set_connect_state(pair->theirs);
    for (int i = 0; i < 8; i++) {
        (void)SSL_do_handshake(pair->theirs);
        step(pair);
    }
}

/* A client that speaks no TLS. */
static inline void
send_instead(struct tls_pair *pair, struct tls_context *server, const char *text)
{
    open_pair(pair, server);
    assert_int_equal(write(pair->fds[1], text, strlen(text)), strlen(text));
    step(pair);
}

/* Moves what there is from one BIO to the other, without the word that the server knows RFC 5746 if it is `legacy`. */
static inline void
pump(BIO *from, BIO *to, bool legacy)
{
    static const char known[] = {(char)0xff, 0x01, 0x00, 0x01, 0x00};
    char              data[32 * 1024];
    int               len = BIO_read(from, data, sizeof(data));
    char             *at  = legacy && len > 0 ? memmem(data, (size_t)len, known, sizeof(known)) : NULL;

    if (at != NULL)
        *at = (char)0xfa; /* an extension that nobody knows */
    if (len > 0)
        assert_int_equal(BIO_write(to, data, len), len);
}

/* Ours is the client; `server` NULL: one that greets in plain text. */
static inline void
shake_hands_as_client(struct tls_pair *pair, struct tls_remote *remote, SSL_CTX *server, bool legacy)
{
    BIO *wire, *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    open_ends(pair);
    pair->ours = tls_connect(remote, pair->fds[0], false);
    wire       = BIO_new_socket(pair->fds[1], BIO_NOCLOSE);
    if (server != NULL) {
        pair->theirs = SSL_new(server);
        SSL_set_bio(pair->theirs, in, out);
        SSL_set_accept_state(pair->theirs);
    } else {
        assert_int_equal(write(pair->fds[1], "+OK ready\r\n", 11), 11);
        BIO_free(in);
        BIO_free(out);
    }
    for (int i = 0; i < 4; i++) {
        step(pair);
        if (server == NULL)
            continue;
        pump(wire, in, false);
        (void)SSL_do_handshake(pair->theirs);
        pump(out, wire, legacy && i == 0);
    }
    BIO_free(wire);
}

/* The server's first octets, which bring the client its ticket. */
static inline void
greet(struct tls_pair *pair)
{
    char   data[16];
    size_t len;

    assert_int_equal(tls_seal(pair->ours, (struct span){"+OK", 3}, false, &len), TLS_WRITTEN);
    assert_int_equal(tls_send(pair->ours), TLS_WRITTEN);
    assert_int_equal(SSL_read_ex(pair->theirs, data, sizeof(data), &len), 1);
}

static inline void
close_pair(struct tls_pair *pair)
{
    if (pair->theirs != NULL)
        (void)SSL_shutdown(pair->theirs); /* else its session is not resumed */
    SSL_free(pair->theirs);
    tls_free(&pair->ours);
    assert_int_equal(close(pair->fds[0]), 0);
    assert_int_equal(close(pair->fds[1]), 0);
}

#endif
