/* Lists of ciphers and curves. */
#include <openssl/err.h>
#include <string.h>

#include "proxy/net/tls_ciphers.h"

/*
 * Static RSA gives all the sessions of years to whoever gets the key one day; clients that need it, and DHE, are those
 * before TLS 1.2.
 */
static const char modern[] = "DEFAULT:!kRSA", old[] = "DEFAULT:@SECLEVEL=0";

static const char separators[] = ":, ";

/* A list of ciphers on its way: OpenSSL has one of TLS 1.3's, and another one of those before. */
struct lists {
    struct bytes suites, ciphers;
};

static struct bytes *
list_of(struct lists *lists, struct span word)
{
    return span_starts(word, SPAN("TLS_")) ? &lists->suites : &lists->ciphers;
}

/* Of words with an operator in front OpenSSL itself says nothing: what is not there is taken away already. */
static bool
is_known(SSL_CTX *ssl, struct lists *lists, struct span word)
{
    struct bytes text  = {0};
    bool         known = strchr("!-+@", word.data[0]) != NULL;

    bytes_add(&text, word);
    if (!known)
        known = (list_of(lists, word) == &lists->suites ? SSL_CTX_set_ciphersuites(ssl, text.data)
                                                        : SSL_CTX_set_cipher_list(ssl, text.data)) == 1;
    bytes_free(&text);
    ERR_clear_error();
    return known;
}

/* Each word to its list; those that are not known to the notes. */
static void
split(SSL_CTX *ssl, const char *text, struct lists *lists, const struct tls_where *where)
{
    for (text += strspn(text, separators); *text != '\0'; text += strspn(text, separators)) {
        struct span   word = {text, strcspn(text, separators)};
        struct bytes *list = list_of(lists, word);

        text += word.len;
        if (is_known(ssl, lists, word))
            bytes_printf(list, "%s%.*s", list->len > 0 ? ":" : "", SPAN_ARG(word));
        else
            error_note(where->error, where->place->file, where->place->line_of(where->place, "ciphers"),
                       "ciphers: this OpenSSL has no cipher \"%.*s\" (openssl ciphers -s -v lists them)",
                       SPAN_ARG(word));
    }
}

static bool
set_ciphers(SSL_CTX *ssl, const struct tls_settings *settings, const struct tls_where *where)
{
    struct lists lists = {0};
    bool         done;

    if (settings->ciphers[0] != '\0')
        split(ssl, settings->ciphers, &lists, where);
    if (lists.ciphers.len == 0)
        bytes_printf(&lists.ciphers, "%s", settings->least < TLS_VERSION_1_2 ? old : modern);
    done = SSL_CTX_set_cipher_list(ssl, lists.ciphers.data) == 1 &&
           (lists.suites.len == 0 || SSL_CTX_set_ciphersuites(ssl, lists.suites.data) == 1);
    bytes_free(&lists.ciphers);
    bytes_free(&lists.suites);
    return done;
}

bool
tls_ciphers_set(SSL_CTX *ssl, const struct tls_settings *settings, const struct tls_where *where)
{
    size_t before = where->error->count;

    if (!set_ciphers(ssl, settings, where))
        tls_complain(where, "ciphers", settings->ciphers, "no list of ciphers");
    ERR_clear_error();
    if (settings->curves[0] != '\0' && SSL_CTX_set1_groups_list(ssl, settings->curves) != 1) {
        ERR_clear_error();
        tls_complain(where, "curves", settings->curves, "no list of curves, as X25519:P-256 is one");
    }
    /* DHE costs the server much: it is for clients that can do nothing better, or where it was asked for. */
    if (settings->least < TLS_VERSION_1_2 || settings->ciphers[0] != '\0')
        (void)SSL_CTX_set_dh_auto(ssl, 1);
    return where->error->count == before;
}
