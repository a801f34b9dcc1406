/*
 * Contexts: what holds for every connection of a listener or an upstream. common_context() is the one place where an
 * SSL_CTX is made.
 */
#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "proxy/net/tls_authority.h"
#include "proxy/net/tls_ciphers.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_explain.h"
#include "proxy/net/tls_memory.h"
#include "proxy/net/tls_remote.h"
#include "proxy/net/tls_select.h"
#include "proxy/net/tls_ticket.h"
#include "proxy/net/tls_words.h"

struct tls_context {
    SSL_CTX             *ssl;
    struct tls_selection selection; /* of a listener */
};

const char *const tls_version_names[] = {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3", NULL};

static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};

static const unsigned char alpn[] = "\4pop3";

static bool
set_versions(const struct tls_where *where, SSL_CTX *ssl, enum tls_version least)
{
    if (least < TLS_VERSION_1_2)
        SSL_CTX_set_security_level(ssl, 0);
    if (SSL_CTX_set_min_proto_version(ssl, versions[least]) == 1 && SSL_CTX_set_max_proto_version(ssl, 0) == 1)
        return true;
    tls_complain(where, "tls_min", tls_version_names[least], "this OpenSSL cannot do that");
    return false;
}

/* NULL with an error. */
static SSL_CTX *
common_context(const SSL_METHOD *method, const struct tls_settings *settings, const struct tls_where *where)
{
    SSL_CTX *ssl = SSL_CTX_new(method);

    if (ssl == NULL)
        abort();
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                    SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    if (set_versions(where, ssl, settings->least) && tls_ciphers_set(ssl, settings, where))
        return ssl;
    SSL_CTX_free(ssl);
    return NULL;
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

static void
set_up_listening(const struct tls_where *where, struct tls_context *context, const struct tls_server_settings *settings)
{
    SSL_CTX_set_alpn_select_cb(context->ssl, select_alpn, NULL);
    if (SSL_CTX_set_num_tickets(context->ssl, 1) != 1 || tls_ticket_use(context->ssl) != 0)
        abort();
    bytes_printf(&context->selection.bound, "%s\n%s\n%s\n%s\n", settings->name,
                 tls_version_names[settings->common.least], settings->common.ciphers, settings->common.curves);
    tls_select_start(&context->selection, context->ssl, where);
}

/* Each in its order; false if there is an error. */
static bool
read_certificates(const struct tls_where *where, struct tls_selection *selection,
                  const struct tls_server_settings *settings)
{
    size_t count = settings->certificate->count;
    bool   done  = true;

    selection->certificates = memory_new(count * sizeof(*selection->certificates));
    for (; selection->count < count; selection->count++) {
        size_t      i   = selection->count;
        const char *key = i < settings->key->count ? settings->key->items[i] : NULL;

        done = tls_certificate_read(&selection->certificates[i], settings->certificate->items[i], key, where) && done;
    }
    return done;
}

/* What is the matter with the dates of one certificate of a file; `whose` says which. */
static void
note_dates(const struct tls_certificate *file, const char *whose, X509 *certificate, const time_t times[2],
           const struct setting_place *place, struct error *notes)
{
    struct bytes fault = {0}, names = {0};

    tls_words_dates(certificate, times[0], times[1], &fault);
    tls_words_names(certificate, &names);
    if (fault.len > 0)
        error_note(notes, place->file, place->line, "certificate %s: %s (%s) %s", file->file, whose, names.data,
                   fault.data);
    bytes_free(&fault);
    bytes_free(&names);
}

void
tls_server_note_dates(const struct tls_context *context, time_t since, time_t now, const char *file, unsigned line,
                      struct error *notes)
{
    const struct setting_place place    = {.file = file, .line = line};
    const time_t               times[2] = {since, now};

    for (size_t i = 0; i < context->selection.count; i++) {
        const struct tls_certificate *certificate = &context->selection.certificates[i];

        note_dates(certificate, "the server's own", certificate->own, times, &place, notes);
        for (int k = 0; k < sk_X509_num(certificate->chain); k++)
            note_dates(certificate, "an authority's", sk_X509_value(certificate->chain, k), times, &place, notes);
    }
}

struct tls_context *
tls_server_new(const struct tls_server_settings *settings, const struct setting_place *place, struct error *error)
{
    const struct tls_where where   = {place, error};
    size_t                 before  = error->count;
    struct tls_context    *context = memory_new(sizeof(*context));

    assert(settings->certificate->count > 0);
    context->ssl = common_context(TLS_server_method(), &settings->common, &where);
    if (read_certificates(&where, &context->selection, settings) && context->ssl != NULL) {
        set_up_listening(&where, context, settings);
        tls_server_note_dates(context, 0, time(NULL), place->file, place->line_of(place, "certificate"), error);
    }
    if (error->count > before)
        tls_context_free(&context);
    return context;
}

void
tls_server_note_cost(const struct tls_context *context, const char *file, unsigned line, struct error *notes)
{
    for (size_t i = 0; i < context->selection.count; i++) {
        const struct tls_certificate *certificate = &context->selection.certificates[i];
        struct bytes                  cost        = {0};

        tls_words_cost(certificate->key, &cost);
        if (cost.len > 0)
            error_note(notes, file, line, "certificate %s: %s", certificate->file, cost.data);
        bytes_free(&cost);
    }
}

struct tls_context *
tls_client_new(const struct tls_client_settings *settings, const struct setting_place *place, struct error *error)
{
    const struct tls_where where   = {place, error};
    size_t                 before  = error->count;
    struct tls_context    *context = memory_new(sizeof(*context));

    context->ssl = common_context(TLS_client_method(), &settings->common, &where);
    if (context->ssl != NULL) {
        SSL_CTX_set_verify(context->ssl, settings->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, tls_explain_verified);
        if (settings->legacy_connect)
            (void)SSL_CTX_set_options(context->ssl, SSL_OP_LEGACY_SERVER_CONNECT);
        else
            (void)SSL_CTX_clear_options(context->ssl, SSL_OP_LEGACY_SERVER_CONNECT);
        if (settings->verify)
            tls_authority_use(context->ssl, settings, &where);
        tls_remote_watch(context->ssl);
    }
    if (error->count > before)
        tls_context_free(&context);
    return context;
}

SSL_CTX *
tls_context_ssl(const struct tls_context *context)
{
    return context->ssl;
}

void
tls_context_free(struct tls_context **context)
{
    if (*context == NULL)
        return;
    SSL_CTX_free((*context)->ssl);
    tls_select_release(&(*context)->selection);
    free(*context);
    *context = NULL;
}

int
tls_start(void)
{
    tls_memory_start();
    return tls_ticket_start();
}
