/*
 * Sessions of servers, newest first out. Those of TLS 1.3 are offered once (RFC 8446, C.4), so that nobody on the way
 * can tell two connections to be the same client's; those before TLS 1.3 have an id that is to be used again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "proxy/clock.h"
#include "proxy/net/tls_chain.h"
#include "proxy/net/tls_context.h"
#include "proxy/net/tls_remote.h"

/* As many connections can begin at a time and all resume: each brings one session or two back. */
enum { SESSIONS = 32 };

struct session {
    SSL_SESSION *ssl;
    int64_t      until; /* milliseconds of clock_now() */
};

struct tls_remote {
    struct tls_context *context;
    char               *name;
    size_t              name_len; /* a NUL in it is found where it is used */
    struct session      sessions[SESSIONS];
    size_t              count;
    struct tls_chains   chains;
};

struct tls_remote *
tls_remote_new(struct tls_context *context, struct span name)
{
    struct tls_remote *remote = memory_new(sizeof(*remote));

    remote->context  = context;
    remote->name     = memory_copy_span(name);
    remote->name_len = name.len;
    return remote;
}

struct tls_context *
tls_remote_context(const struct tls_remote *remote)
{
    return remote->context;
}

struct span
tls_remote_name(const struct tls_remote *remote)
{
    return (struct span){remote->name, remote->name_len};
}

static void
forget_sessions(struct tls_remote *remote)
{
    while (remote->count > 0)
        SSL_SESSION_free(remote->sessions[--remote->count].ssl);
}

void
tls_remote_free(struct tls_remote **remote)
{
    if (*remote == NULL)
        return;
    forget_sessions(*remote);
    free((*remote)->name);
    free(*remote);
    *remote = NULL;
}

/* A copy: OpenSSL spoils the one that a connection has where it ends without close_notify, as old servers end it. The
 * oldest gives way. */
static void
keep(struct tls_remote *remote, const SSL_SESSION *given, int64_t until)
{
    struct session copy = {SSL_SESSION_dup(given), until};

    if (copy.ssl == NULL)
        return;
    if (remote->count == SESSIONS) {
        SSL_SESSION_free(remote->sessions[0].ssl);
        memmove(remote->sessions, remote->sessions + 1, --remote->count * sizeof(copy));
    }
    remote->sessions[remote->count++] = copy;
}

static bool
is_used_once(const SSL_SESSION *session)
{
    return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

/* The newest that can be offered still, which is the caller's then. Those behind it that cannot are given up. */
static struct session
pop(struct tls_remote *remote, int64_t now)
{
    while (remote->count > 0) {
        struct session session = remote->sessions[--remote->count];

        if (session.until > now && SSL_SESSION_is_resumable(session.ssl) == 1)
            return session;
        SSL_SESSION_free(session.ssl);
    }
    return (struct session){0};
}

void
tls_visit_begin(struct tls_visit *visit, struct tls_remote *remote, SSL *ssl, bool unknown)
{
    struct session session = unknown ? (struct session){0} : pop(remote, clock_now());

    *visit = (struct tls_visit){.remote = remote, .due = session.until};
    if (SSL_set_app_data(ssl, visit) != 1)
        abort();
    if (session.ssl == NULL)
        return;
    if (!is_used_once(session.ssl))
        keep(remote, session.ssl, session.until);
    if (SSL_set_session(ssl, session.ssl) == 1)
        visit->offer = TLS_OFFER_MADE;
    SSL_SESSION_free(session.ssl);
}

void
tls_visit_fail(struct tls_visit *visit)
{
    if (visit->remote != NULL)
        forget_sessions(visit->remote);
    if (visit->offer == TLS_OFFER_MADE)
        visit->offer = TLS_OFFER_FAILED;
}

/* How long the server keeps it, in milliseconds. In TLS 1.3 a ticket of no lifetime is none (RFC 8446, 4.6.1); before,
 * that says nothing (RFC 5077, 3.3). */
static int64_t
lifetime_of(const SSL_SESSION *session)
{
    int64_t seconds = (int64_t)SSL_SESSION_get_ticket_lifetime_hint(session);

    return seconds > 0 || is_used_once(session) ? seconds * 1000 : TLS_CHAIN_GOOD_FOR;
}

/* SSL_CTX_sess_set_new_cb(3). Of those that can be used again one is enough. */
static int
take_session(SSL *ssl, SSL_SESSION *given)
{
    const struct tls_visit *visit = SSL_get_app_data(ssl);
    int64_t                 until = clock_now() + lifetime_of(given);

    if (SSL_SESSION_is_resumable(given) != 1)
        return 0;
    if (!is_used_once(given))
        forget_sessions(visit->remote);
    keep(visit->remote, given, until < visit->due ? until : visit->due);
    return 0;
}

/* OpenSSL's own verification, and how long its result holds. */
static int
verify_chain(X509_STORE_CTX *store, struct tls_visit *visit, int64_t now)
{
    unsigned char digest[TLS_CHAIN_DIGEST_LEN];

    if (X509_verify_cert(store) != 1)
        return 0;
    visit->due = tls_chain_due(X509_STORE_CTX_get0_chain(store), now);
    if (tls_chain_digest(X509_STORE_CTX_get0_untrusted(store), digest))
        tls_chains_note(&visit->remote->chains, digest, visit->due);
    return 1;
}

/*
 * SSL_CTX_set_cert_verify_callback(3), for every full handshake: `untrusted` is the chain as the server sent it, its
 * own certificate first. Of a chain that is known only the proof that the server has its key is left to do, which
 * OpenSSL does by itself.
 */
static int
verify(X509_STORE_CTX *store, void *unused)
{
    SSL              *ssl   = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_visit *visit = SSL_get_app_data(ssl);
    int64_t           now   = clock_now();
    unsigned char     digest[TLS_CHAIN_DIGEST_LEN];

    (void)unused;
    visit->offer = TLS_OFFER_NONE;
    visit->due   = 0;
    if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE)
        visit->due = now + TLS_CHAIN_GOOD_FOR;
    else if (tls_chain_digest(X509_STORE_CTX_get0_untrusted(store), digest))
        visit->due = tls_chains_find(&visit->remote->chains, digest, now);
    return visit->due > now ? 1 : verify_chain(store, visit, now);
}

void
tls_remote_watch(SSL_CTX *ssl)
{
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, take_session);
    SSL_CTX_set_cert_verify_callback(ssl, verify, NULL);
}
