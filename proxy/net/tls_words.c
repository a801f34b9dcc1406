/* Certificates in words. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/count.h"
#include "proxy/net/tls_words.h"

enum { DAY = 24 * 3600 /* seconds */ };

bool
tls_words_fits(X509 *certificate, struct span name)
{
    return name.len > 0 &&
           X509_check_host(certificate, name.data, name.len, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static void
add_address(const ASN1_OCTET_STRING *address, struct bytes *out)
{
    char *text = i2s_ASN1_OCTET_STRING(NULL, address); /* "7F:00:00:01" */

    if (ASN1_STRING_length(address) == 4) {
        const unsigned char *octets = ASN1_STRING_get0_data(address);

        bytes_printf(out, "%u.%u.%u.%u", octets[0], octets[1], octets[2], octets[3]);
    } else if (text != NULL) {
        bytes_printf(out, "address %s", text);
    }
    OPENSSL_free(text);
}

static bool
add_name(const GENERAL_NAME *name, const char *between, struct bytes *out)
{
    if (name->type != GEN_DNS && name->type != GEN_IPADD)
        return false;
    bytes_printf(out, "%s", between);
    if (name->type == GEN_IPADD)
        add_address(name->d.iPAddress, out);
    else
        bytes_printf(out, "%.*s", ASN1_STRING_length(name->d.dNSName), ASN1_STRING_get0_data(name->d.dNSName));
    return true;
}

static bool
add_common_name(X509 *certificate, struct bytes *out)
{
    char name[256];

    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name)) <= 0)
        return false;
    bytes_printf(out, "%s", name);
    return true;
}

void
tls_words_names(X509 *certificate, struct bytes *out)
{
    enum { NAMED = 5 };
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int            count = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && count < NAMED; i++)
        count += add_name(sk_GENERAL_NAME_value(names, i), count > 0 ? ", " : "", out);
    if (count == 0 && !add_common_name(certificate, out))
        bytes_printf(out, "no name");
    else if (count == NAMED && sk_GENERAL_NAME_num(names) > NAMED)
        bytes_printf(out, " and more");
    GENERAL_NAMES_free(names);
}

void
tls_words_first_name(X509 *certificate, struct bytes *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && out->len == 0; i++)
        if (sk_GENERAL_NAME_value(names, i)->type == GEN_DNS)
            (void)add_name(sk_GENERAL_NAME_value(names, i), "", out);
    if (out->len == 0)
        (void)add_common_name(certificate, out);
    GENERAL_NAMES_free(names);
}

void
tls_words_date(const ASN1_TIME *date, struct bytes *out)
{
    struct tm broken = {0};
    char      text[32];

    if (ASN1_TIME_to_tm(date, &broken) == 1 && strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &broken) > 0)
        bytes_printf(out, "%s", text);
    else
        bytes_printf(out, "a date that cannot be read");
}

/* How near its end a certificate is. */
enum stage { STAGE_EARLY, STAGE_GOOD, STAGE_WEEKS, STAGE_WEEK, STAGE_DAY, STAGE_OVER };

static enum stage
stage_at(X509 *certificate, time_t now)
{
    static const struct {
        int        days;
        enum stage stage;
    } stages[] = {{0, STAGE_OVER}, {1, STAGE_DAY}, {7, STAGE_WEEK}, {14, STAGE_WEEKS}};

    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        time_t then = now + (time_t)stages[i].days * DAY;

        if (X509_cmp_time(X509_get0_notAfter(certificate), &then) < 0)
            return stages[i].stage;
    }
    return X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0 ? STAGE_EARLY : STAGE_GOOD;
}

/* The beginning of a day or an hour counts as the whole of it. */
static void
add_rest(X509 *certificate, time_t now, struct bytes *out)
{
    enum { HOUR = 3600 };
    struct tm to = {0};
    long      rest;

    (void)ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to);
    rest = timegm(&to) - now;
    if (rest >= 2 * DAY)
        bytes_printf(out, ", in %ld days", (rest + DAY - 1) / DAY);
    else
        bytes_printf(out, ", in %ld hours", (rest + HOUR - 1) / HOUR);
}

void
tls_words_dates(X509 *certificate, time_t since, time_t now, struct bytes *out)
{
    enum stage stage = stage_at(certificate, now);

    if (stage == STAGE_GOOD || (since != 0 && stage == stage_at(certificate, since)))
        return;
    if (stage == STAGE_EARLY) {
        bytes_printf(out, "does not hold before ");
        tls_words_date(X509_get0_notBefore(certificate), out);
        bytes_printf(out, ", and no client accepts it until then: is this machine's clock right?");
        return;
    }
    bytes_printf(out, stage == STAGE_OVER ? "ended at " : "ends at ");
    tls_words_date(X509_get0_notAfter(certificate), out);
    if (stage == STAGE_OVER)
        bytes_printf(out, ", and no client accepts it any more");
    else
        add_rest(certificate, now, out);
    bytes_printf(out, ": renew it, and have popgate read it (systemctl reload popgate)");
}

static bool
sign(EVP_PKEY *key, EVP_MD_CTX *context)
{
    unsigned char signature[2048];
    size_t        len = sizeof(signature);

    return EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestSign(context, signature, &len, (const unsigned char *)"popgate", 7) == 1 &&
           EVP_MD_CTX_reset(context) == 1;
}

/* The processor's milliseconds of one signature, after a first one; 0 if it cannot be made. */
static double
measure(EVP_PKEY *key)
{
    enum { ROUNDS = 8 };
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool        made    = context != NULL && key != NULL && sign(key, context);
    uint64_t    start   = clock_microseconds(CLOCK_PROCESS_CPUTIME_ID);

    for (int i = 0; i < ROUNDS && made; i++)
        made = sign(key, context);
    EVP_MD_CTX_free(context);
    return made ? (double)(clock_microseconds(CLOCK_PROCESS_CPUTIME_ID) - start) / ROUNDS / 1000 : 0;
}

void
tls_words_cost(EVP_PKEY *key, struct bytes *out)
{
    enum { MUCH = 5 /* times what the other key takes */ };
    EVP_PKEY *other = EVP_EC_gen("P-256");
    double    cost = measure(key), least = measure(other);

    if (least > 0 && cost > MUCH * least)
        bytes_printf(
            out,
            "its %s key of %d bits takes %.2f ms of a processor in each handshake that resumes no session, where "
            "a P-256 key takes %.2f: certbot renew --key-type ecdsa --force-renewal makes one; where both are "
            "given each client gets the one that it can use",
            EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key), cost, least);
    EVP_PKEY_free(other);
}
