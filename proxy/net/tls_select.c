/* A choice for each name that is asked for; OpenSSL chooses from it by the client's signature algorithms and ciphers.
 */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "proxy/net/tls_select.h"
#include "proxy/net/tls_ticket.h"
#include "proxy/net/tls_words.h"

static const int kinds[TLS_KINDS] = {EVP_PKEY_EC, EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_ED25519, EVP_PKEY_ED448};

/* TLS_KINDS: one that TLS does not use. */
static size_t
kind_of(const struct tls_certificate *certificate)
{
    size_t kind = 0;

    while (kind < TLS_KINDS && kinds[kind] != EVP_PKEY_get_base_id(certificate->key))
        kind++;
    return kind;
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
    if (name > len - HEAD)
        return (struct span){0};
    return (struct span){(const char *)data + HEAD, name};
}

/* Of each kind the first certificate that is for the name. */
static struct tls_choice
choose(const struct tls_selection *selection, struct span name)
{
    struct tls_choice choice = {0};

    for (size_t i = 0; i < selection->count; i++) {
        const struct tls_certificate *certificate = &selection->certificates[i];
        size_t                        kind        = kind_of(certificate);

        if (kind < TLS_KINDS && choice.of[kind] == NULL && tls_words_fits(certificate->own, name))
            choice.of[kind] = certificate;
    }
    return choice;
}

/* The first certificate, and those of other kinds that stand beside it for the same name. */
static struct tls_choice
choose_first(const struct tls_selection *selection)
{
    const struct tls_certificate *first = &selection->certificates[0];
    struct bytes                  name  = {0};
    struct tls_choice             choice;

    tls_words_first_name(first->own, &name);
    choice = choose(selection, bytes_span(&name));
    if (kind_of(first) < TLS_KINDS)
        choice.of[kind_of(first)] = first;
    bytes_free(&name);
    return choice;
}

static bool
is_equal(const struct tls_choice *a, const struct tls_choice *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
is_empty(const struct tls_choice *choice)
{
    static const struct tls_choice none;

    return is_equal(choice, &none);
}

/*
 * Where a ticket is good: at this listener, with these certificates, under these settings. All listeners and
 * generations share the keys of tickets: without this a ticket from another listener would be accepted, and the client
 * would not see the certificate that it asks for.
 */
static bool
bind_tickets(const struct tls_selection *selection, const struct tls_choice *choice,
             unsigned char digest[SHA256_DIGEST_LENGTH])
{
    struct bytes bound = {0};
    bool         done  = true;
    unsigned     len;

    bytes_add(&bound, bytes_span(&selection->bound));
    for (size_t i = 0; i < TLS_KINDS; i++)
        if (choice->of[i] != NULL) {
            done = done && X509_digest(choice->of[i]->own, EVP_sha256(), digest, &len) == 1;
            bytes_add(&bound, (struct span){(const char *)digest, SHA256_DIGEST_LENGTH});
        }
    done = done && EVP_Digest(bound.data, bound.len, digest, &len, EVP_sha256(), NULL) == 1;
    bytes_free(&bound);
    return done;
}

/* The place for a name among those that were asked for. */
static struct tls_asked *
place_of(struct tls_selection *selection, struct span name)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < name.len; i++)
        hash = hash * 31 + (unsigned char)name.data[i];
    return &selection->asked[hash % TLS_ASKED_MAX];
}

/*
 * What is known of a name, or is found out now: OpenSSL takes a certificate apart each time that it is asked for its
 * names. NULL if it could not be.
 */
static const struct tls_asked *
look_up(struct tls_selection *selection, struct span name)
{
    struct tls_asked *asked = place_of(selection, name);

    if (span_equal(bytes_span(&asked->name), name))
        return asked;
    bytes_clear(&asked->name);
    asked->choice = choose(selection, name);
    if (!bind_tickets(selection, &asked->choice, asked->tickets)) {
        asked->choice = (struct tls_choice){0};
        return NULL;
    }
    bytes_add(&asked->name, name);
    return asked;
}

static bool
use(SSL *ssl, const struct tls_asked *asked)
{
    bool done = SSL_set_session_id_context(ssl, asked->tickets, sizeof(asked->tickets)) == 1;

    SSL_certs_clear(ssl);
    for (size_t i = 0; i < TLS_KINDS && done; i++) {
        const struct tls_certificate *one = asked->choice.of[i];

        done = one == NULL || SSL_use_cert_and_key(ssl, one->own, one->key, one->chain, 1) == 1;
    }
    return done;
}

/*
 * Before OpenSSL looks at a ticket, which it does before it asks for a servername: a ticket is good only where the
 * client would see the certificate again that it saw when it got it. The context has the first choice already.
 */
static int
select_certificates(SSL *ssl, int *alert, void *arg)
{
    struct tls_selection   *selection = arg;
    const struct tls_asked *asked     = look_up(selection, asked_name(ssl));

    tls_ticket_see_hello(ssl);
    if (asked != NULL && (is_empty(&asked->choice) || is_equal(&asked->choice, &selection->first) || use(ssl, asked)))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
}

/* Acknowledges the name that the client asked for where a certificate fits it. */
static int
acknowledge_name(SSL *ssl, int *alert, void *arg)
{
    const struct tls_asked *asked = look_up(arg, span_of(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)));

    (void)alert;
    return asked == NULL || is_empty(&asked->choice) ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
}

static void
complain_of(const struct tls_where *where, const struct tls_certificate *certificate)
{
    tls_complain(where, "certificate", certificate->file,
                 kind_of(certificate) == TLS_KINDS ? "TLS does not use keys of this kind" : "OpenSSL does not take it");
}

/* What OpenSSL refuses, as a key that is too small for its security level, it would refuse in each handshake. */
static void
try_all(const struct tls_selection *selection, SSL_CTX *context, const struct tls_where *where)
{
    SSL *ssl = SSL_new(context);

    if (ssl == NULL)
        abort();
    for (size_t i = 0; i < selection->count; i++) {
        const struct tls_certificate *one = &selection->certificates[i];

        if (kind_of(one) == TLS_KINDS || SSL_use_cert_and_key(ssl, one->own, one->key, one->chain, 1) != 1)
            complain_of(where, one);
    }
    SSL_free(ssl);
}

static void
use_first(const struct tls_selection *selection, SSL_CTX *context, const struct tls_where *where)
{
    for (size_t i = 0; i < TLS_KINDS; i++) {
        const struct tls_certificate *one = selection->first.of[i];

        if (one != NULL && SSL_CTX_use_cert_and_key(context, one->own, one->key, one->chain, 1) != 1)
            complain_of(where, one);
    }
}

void
tls_select_start(struct tls_selection *selection, SSL_CTX *ssl, const struct tls_where *where)
{
    unsigned char id[SHA256_DIGEST_LENGTH];

    try_all(selection, ssl, where);
    selection->first = choose_first(selection);
    use_first(selection, ssl, where);
    SSL_CTX_set_client_hello_cb(ssl, select_certificates, selection);
    (void)SSL_CTX_set_tlsext_servername_callback(ssl, acknowledge_name);
    (void)SSL_CTX_set_tlsext_servername_arg(ssl, selection);
    if (!bind_tickets(selection, &selection->first, id) || SSL_CTX_set_session_id_context(ssl, id, sizeof(id)) != 1)
        tls_complain(where, "certificate", selection->certificates[0].file, "no TLS context could be made");
}

void
tls_select_release(struct tls_selection *selection)
{
    for (size_t i = 0; i < selection->count; i++)
        tls_certificate_release(&selection->certificates[i]);
    for (size_t i = 0; i < TLS_ASKED_MAX; i++)
        bytes_free(&selection->asked[i].name);
    free(selection->certificates);
    bytes_free(&selection->bound);
    *selection = (struct tls_selection){0};
}
