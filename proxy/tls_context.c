/*
 * Contexts: what holds for every connection of a listener or an upstream. common_context() is the one place where an
 * SSL_CTX is made.
 */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "proxy/tls_context.h"
#include "proxy/tls_memory.h"
#include "proxy/tls_ticket.h"

struct tls_context {
    SSL_CTX **ssl; /* the first is the one for names that no other fits */
    size_t    count;
};

/* What an error is about. */
struct where {
    const struct setting_place *place;
    struct error               *error;
};

const char *const tls_version_names[] = {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL};

static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};

static const unsigned char alpn[] = "\4pop3";

/* Why the library failed, in words; NULL if it did not say. */
static const char *
reason_of(unsigned long code)
{
    if (code == 0)
        return NULL;
    return ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
}

static void
complain(const struct where *where, const char *key, const char *file, const char *what)
{
    const char *reason = reason_of(ERR_peek_error());

    error_add(where->error, where->place->file, where->place->line_of(where->place, key), "%s %s: %s%s%s", key, file,
              what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    ERR_clear_error();
}

static SSL_CTX *
common_context(const SSL_METHOD *method, enum tls_version least)
{
    SSL_CTX *ssl = SSL_CTX_new(method);

    if (ssl == NULL)
        return NULL;
    if (least < TLS_VERSION_1_2) {
        SSL_CTX_set_security_level(ssl, 0);
        (void)SSL_CTX_set_cipher_list(ssl, "DEFAULT:@SECLEVEL=0");
    }
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_min_proto_version(ssl, versions[least]) != 1 || SSL_CTX_set_max_proto_version(ssl, 0) != 1) {
        SSL_CTX_free(ssl);
        return NULL;
    }
    return ssl;
}

/* A client that offers protocols must offer pop3: what speaks HTTP is turned away before it says a word (RFC 7301). */
static int
select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in, unsigned in_len,
            void *context)
{
    (void)ssl;
    (void)context;
    if (SSL_select_next_proto((unsigned char **)out, out_len, alpn, sizeof(alpn) - 1, in, in_len) ==
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_OK;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The name that the client asks for (RFC 6066, 3), as it stands in its first message; empty if there is none. */
static struct span
asked_name(SSL *ssl)
{
    enum { HEAD = 5 /* octets: the list's length, the kind of name, the name's length */ };
    const unsigned char *data;
    size_t               len, name;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &len) != 1 || len < HEAD ||
        data[2] != TLSEXT_NAMETYPE_host_name)
        return (struct span){0};
    name = (size_t)data[3] << 8 | data[4];
    return name > len - HEAD ? (struct span){0} : (struct span){(const char *)data + HEAD, name};
}

static bool
fits(X509 *certificate, struct span name)
{
    return name.len > 0 &&
           X509_check_host(certificate, name.data, name.len, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/*
 * Before OpenSSL looks at a ticket, which it does before it asks for a servername: a ticket is good only where the
 * client would see the certificate again that it saw when it got it.
 */
static int
select_certificate(SSL *ssl, int *alert, void *arg)
{
    const struct tls_context *context = arg;
    struct span               name    = asked_name(ssl);

    (void)alert;
    for (size_t i = 0; i < context->count; i++)
        if (fits(SSL_CTX_get0_certificate(context->ssl[i]), name)) {
            (void)SSL_set_SSL_CTX(ssl, context->ssl[i]);
            break;
        }
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* Was the name that was asked for of use? */
static int
acknowledge_name(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    (void)arg;
    return name != NULL && fits(SSL_get_certificate(ssl), span_of(name)) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* A key may be read by its owner and, as Debian's ssl-cert has it, by a group; by nobody else. */
static void
check_key_mode(const struct where *where, const char *setting, const char *file)
{
    struct stat status;

    if (stat(file, &status) == 0 && (status.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        complain(where, setting, file, "holds a private key that others can read or change: chmod 600 it");
}

static bool
load_certificate(const struct where *where, SSL_CTX *ssl, const char *certificate, const char *key)
{
    const char *setting = key != NULL ? "key" : "certificate";
    size_t      before  = where->error->count;

    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1) {
        complain(where, "certificate", certificate, "no certificate could be read from it");
        return false;
    }
    key = key != NULL ? key : certificate;
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
        complain(where, setting, key,
                 ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH
                     ? "this key does not belong to the certificate"
                     : "no private key could be read from it");
    else
        check_key_mode(where, setting, key);
    return where->error->count == before;
}

static bool
set_up_listening(struct tls_context *context, SSL_CTX *ssl)
{
    SSL_CTX_set_alpn_select_cb(ssl, select_alpn, NULL);
    SSL_CTX_set_client_hello_cb(ssl, select_certificate, context);
    (void)SSL_CTX_set_tlsext_servername_callback(ssl, acknowledge_name);
    return SSL_CTX_set_num_tickets(ssl, 1) == 1 && tls_ticket_use(ssl) == 0;
}

/*
 * Where a ticket is good: at this listener, with this certificate, under these settings. The keys of tickets are those
 * of all listeners and generations: without this one from elsewhere would be taken, and the client not see the
 * certificate that it asks for.
 */
static bool
bind_tickets(const struct tls_server_settings *settings, SSL_CTX *ssl)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned      len   = sizeof(digest);
    struct bytes  bound = {0};
    bool          done  = X509_digest(SSL_CTX_get0_certificate(ssl), EVP_sha256(), digest, &len) == 1;

    bytes_printf(&bound, "%s\n%s\n", settings->name, tls_version_names[settings->least]);
    bytes_add(&bound, (struct span){(const char *)digest, len});
    done = done && EVP_Digest(bound.data, bound.len, digest, &len, EVP_sha256(), NULL) == 1 &&
           SSL_CTX_set_session_id_context(ssl, digest, len) == 1;
    bytes_free(&bound);
    return done;
}

struct tls_context *
tls_server_new(const struct tls_server_settings *settings, const struct setting_place *place, struct error *error)
{
    const struct where  where   = {place, error};
    size_t              before  = error->count;
    struct tls_context *context = memory_new(sizeof(*context));

    assert(settings->certificate->count > 0);
    context->ssl = memory_new(settings->certificate->count * sizeof(*context->ssl));
    for (size_t i = 0; i < settings->certificate->count; i++) {
        const char *certificate = settings->certificate->items[i];
        SSL_CTX    *ssl         = common_context(TLS_server_method(), settings->least);

        if (ssl == NULL) {
            complain(&where, "tls_min", tls_version_names[settings->least], "this OpenSSL cannot do that");
            break;
        }
        context->ssl[context->count++] = ssl;
        if (load_certificate(&where, ssl, certificate, i < settings->key->count ? settings->key->items[i] : NULL) &&
            (!set_up_listening(context, ssl) || !bind_tickets(settings, ssl)))
            complain(&where, "certificate", certificate, "no TLS context could be made");
    }
    if (error->count > before)
        tls_context_free(&context);
    return context;
}

static void
load_authorities(const struct where *where, SSL_CTX *ssl, const char *ca)
{
    struct stat status;

    ERR_clear_error();
    if (ca == NULL) {
        if (SSL_CTX_set_default_verify_paths(ssl) != 1)
            complain(where, "tls_ca", "(the system's store)", "it could not be read");
    } else if (stat(ca, &status) != 0) {
        complain(where, "tls_ca", ca, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        if (SSL_CTX_load_verify_dir(ssl, ca) != 1)
            complain(where, "tls_ca", ca, "it could not be read");
    } else if (SSL_CTX_load_verify_file(ssl, ca) != 1) {
        complain(where, "tls_ca", ca, "no certificate could be read from it");
    }
}

struct tls_context *
tls_client_new(const struct tls_client_settings *settings, const struct setting_place *place, struct error *error)
{
    const struct where  where   = {place, error};
    size_t              before  = error->count;
    struct tls_context *context = memory_new(sizeof(*context));
    SSL_CTX            *ssl     = common_context(TLS_client_method(), settings->least);

    if (ssl == NULL) {
        complain(&where, "tls_min", tls_version_names[settings->least], "this OpenSSL cannot do that");
    } else {
        context->ssl                   = memory_new(sizeof(SSL_CTX *));
        context->ssl[context->count++] = ssl;
        SSL_CTX_set_verify(ssl, settings->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
        if (settings->verify)
            load_authorities(&where, ssl, settings->ca);
    }
    if (error->count > before)
        tls_context_free(&context);
    return context;
}

SSL_CTX *
tls_context_ssl(const struct tls_context *context)
{
    return context->ssl[0];
}

void
tls_context_free(struct tls_context **context)
{
    if (*context == NULL)
        return;
    for (size_t i = 0; i < (*context)->count; i++)
        SSL_CTX_free((*context)->ssl[i]);
    free((*context)->ssl);
    free(*context);
    *context = NULL;
}

int
tls_start(void)
{
    tls_memory_start();
    return tls_ticket_start();
}
