/* A table from OpenSSL's reasons to words, and three of them that need a fact of the connection. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/count.h"
#include "proxy/net/tls_explain.h"
#include "proxy/net/tls_words.h"

/* On whose side popgate is. */
enum side { AS_SERVER = 1, AS_CLIENT = 2 };

static void
add_holder(X509 *certificate, struct bytes *out)
{
    bytes_printf(out, "it is for ");
    tls_words_names(certificate, out);
    bytes_printf(out, ", until ");
    tls_words_date(X509_get0_notAfter(certificate), out);
}

/* The client saw this one, and did not like it. */
static void
add_own_certificate(const SSL *ssl, struct bytes *out)
{
    const char *name        = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    X509       *certificate = SSL_get_certificate(ssl);

    bytes_printf(out, " (it asked for %s", name != NULL ? name : "no name");
    if (certificate != NULL) {
        bytes_printf(out, "; ");
        add_holder(certificate, out);
    }
    bytes_printf(out,
                 "): the file needs the authorities' certificates too, its name has to be the one the client is set "
                 "to, and the client has to know the authority");
}

/* The newest version that the client offers by the field that those before TLS 1.3 use. */
static void
add_client_version(const SSL *ssl, struct bytes *out)
{
    static const char *const names[] = {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    int                      version = SSL_client_version(ssl) - SSL3_VERSION;

    if (version >= 0 && (size_t)version < COUNT_OF(names))
        bytes_printf(out, " (it offers %s)", names[version]);
    bytes_printf(out, ": an old client needs a listener of its own with a lower tls_min");
}

/* What OpenSSL's reason means, on one side or both; `add` says what else there is to say. */
static const struct reason {
    int         code;
    unsigned    sides;
    const char *text;
    void (*add)(const SSL *, struct bytes *);
} reasons[] = {
#define REJECTED(alert, why)                                                                                           \
    {                                                                                                                  \
        alert, AS_SERVER, "the client does not accept our certificate, " why, add_own_certificate                      \
    }
    REJECTED(SSL_R_TLSV1_ALERT_UNKNOWN_CA, "for it does not know its authority"),
    REJECTED(SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "which it calls bad"),
    REJECTED(SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "for a reason of its own"),
    REJECTED(SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "which has ended by its clock"),
    REJECTED(SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "which was revoked"),
    REJECTED(SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "whose kind it does not know"),
#undef REJECTED
    {SSL_R_UNSUPPORTED_PROTOCOL, AS_SERVER, "the client speaks no TLS as new as tls_min", add_client_version},
    {SSL_R_UNSUPPORTED_PROTOCOL, AS_CLIENT, "the server speaks no TLS as new as tls_min", NULL},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, AS_SERVER, "the client wants another version of TLS than tls_min allows",
     NULL},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, AS_CLIENT,
     "the server wants another version of TLS than tls_min allows: lower it for an old server", NULL},
    {SSL_R_NO_SHARED_CIPHER, AS_SERVER,
     "the client has no cipher in common with this listener: one that is old may need a certificate with an RSA key, "
     "or "
     "more in ciphers",
     NULL},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, AS_CLIENT,
     "the server found no cipher or version in common: an old one may need ciphers = \"DEFAULT\", or a lower tls_min",
     NULL},
    {SSL_R_HTTP_REQUEST, AS_SERVER, "the client speaks HTTP, and without TLS", NULL},
    {SSL_R_HTTPS_PROXY_REQUEST, AS_SERVER, "the client speaks HTTP, and without TLS", NULL},
    {SSL_R_WRONG_VERSION_NUMBER, AS_SERVER,
     "the client does not speak TLS: set it to SSL/TLS on this port, or connect it to a listener with tls = \"stls\" "
     "or "
     "\"none\"",
     NULL},
    {SSL_R_WRONG_VERSION_NUMBER, AS_CLIENT,
     "the server does not speak TLS here: tls = \"implicit\" needs its port for that, 995 as a rule; for 110 there is "
     "tls = "
     "\"stls\"",
     NULL},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, AS_CLIENT,
     "the server cannot renegotiate safely (RFC 5746): if it cannot be renewed, legacy_server_connect = true bears "
     "that",
     NULL},
    {SSL_R_DH_KEY_TOO_SMALL, AS_CLIENT,
     "the server's key for the exchange is too small: ciphers = \"DEFAULT:!DHE\" avoids it", NULL},
};

/* Why the server's certificate is not accepted, and what would help. */
static const struct verification {
    long        code;
    const char *help;
} verifications[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, "tls_name says by which name it is to be checked"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "tls_name says by which name it is to be checked"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "the server needs a new one"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "are the clocks here and there right?"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "tls_ca may name the certificate itself"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "tls_ca says which authorities are trusted"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "the server may leave out an authority's; tls_ca says which are trusted"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "the server may leave out an authority's; tls_ca says which are trusted"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "the server may leave out an authority's; tls_ca says which are trusted"},
};

/* The last certificate in this process that was not accepted, in words: OpenSSL forgets it before the call returns. */
static struct bytes refused;

int
tls_explain_verified(int accepted, X509_STORE_CTX *store)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    if (!accepted && certificate != NULL) {
        bytes_clear(&refused);
        add_holder(certificate, &refused);
    }
    return accepted;
}

static void
explain_verification(long verified, struct bytes *out)
{
    bytes_printf(out, "certificate not accepted: %s", X509_verify_cert_error_string(verified));
    if (refused.len > 0)
        bytes_printf(out, " (%s)", refused.data);
    for (size_t i = 0; i < COUNT_OF(verifications); i++)
        if (verifications[i].code == verified)
            bytes_printf(out, ": %s", verifications[i].help);
}

static bool
explain_reason(const SSL *ssl, unsigned long error, struct bytes *out)
{
    unsigned side = SSL_is_server(ssl) ? AS_SERVER : AS_CLIENT;

    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return false;
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].code == ERR_GET_REASON(error) && (reasons[i].sides & side) != 0) {
            bytes_printf(out, "%s", reasons[i].text);
            if (reasons[i].add != NULL)
                reasons[i].add(ssl, out);
            return true;
        }
    return false;
}

/* The certificate first, then the library, then the system. */
void
tls_explain(const SSL *ssl, int code, int system_error, char *text, size_t size)
{
    long          verified = SSL_get_verify_result(ssl);
    unsigned long error    = ERR_peek_last_error();
    const char   *reason   = error != 0 ? ERR_reason_error_string(error) : NULL;
    struct bytes  out      = {0};

    if (verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
        explain_verification(verified, &out);
    else if (reason != NULL && !explain_reason(ssl, error, &out))
        bytes_printf(&out, "%s", reason);
    else if (reason == NULL && code == SSL_ERROR_SYSCALL && system_error != 0)
        bytes_printf(&out, "%s", strerror(system_error));
    else if (reason == NULL)
        bytes_printf(&out, "connection closed without close_notify");
    (void)snprintf(text, size, "%s", out.data);
    bytes_free(&out);
}
