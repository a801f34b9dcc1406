/* Files that hold something else than they should: it is said what, and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pkcs12.h>

#include "base/count.h"
#include "tests/unit/net/tls_fixture.h"

static void
write_der(const char *name, int (*write)(FILE *, const void *), const void *object)
{
    char  path[512];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(write(file, object), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static int
put_certificate(FILE *file, const void *object)
{
    return i2d_X509_fp(file, object);
}

static int
put_key(FILE *file, const void *object)
{
    return i2d_PrivateKey_fp(file, object);
}

static int
put_pkcs12(FILE *file, const void *object)
{
    return i2d_PKCS12_fp(file, object);
}

static int
put_encrypted(FILE *file, const void *object)
{
    return PEM_write_PKCS8PrivateKey(file, object, EVP_aes_128_cbc(), "phrase", 6, NULL, NULL);
}

static int
put_encrypted_old(FILE *file, const void *object)
{
    BIO *bio  = BIO_new_fp(file, BIO_NOCLOSE);
    int  done = PEM_write_bio_PrivateKey_traditional(bio, object, EVP_aes_128_cbc(), (const unsigned char *)"phrase", 6,
                                                     NULL, NULL);

    BIO_free(bio);
    return done;
}

static void
write_files(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    X509     *own       = make_certificate(key, "DNS:a.example", 0, 3600);
    X509     *authority = make_certificate(other, "DNS:authority.example", 0, 3600);
    PKCS12   *both      = PKCS12_create("", "", key, own, NULL, 0, 0, 0, 0, 0);

    write_pem("certificate.pem", own, key, WRITE_CERTIFICATE);
    write_pem("key.pem", own, key, WRITE_KEY);
    write_pem("other-key.pem", NULL, other, WRITE_KEY);
    write_pem("authority-first.pem", authority, NULL, WRITE_CERTIFICATE);
    write_pem("authority-first.pem", own, NULL, WRITE_CERTIFICATE);
    write_der("certificate.der", put_certificate, own);
    write_der("key.der", put_key, key);
    write_der("both.p12", put_pkcs12, both);
    write_der("encrypted.pem", put_encrypted, key);
    write_der("encrypted-old.pem", put_encrypted_old, key);
    write_file("empty.pem", "", 0600);
    write_file("text.pem", "no certificate\n", 0600);
    write_file("request.pem", "-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n", 0600);
    write_file("damaged.pem", "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n", 0600);
    PKCS12_free(both);
    X509_free(authority);
    X509_free(own);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

/* In `error` D stands for the folder; "" for none. What OpenSSL adds behind it is its own. */
static const struct {
    const char *certificate, *key, *error; /* `key` NULL: left out */
} rows[] = {
    {"certificate.pem", "key.pem", ""},
    {"one.pem", NULL, ""},
    {"certificate.pem", NULL,
     "certificate D/certificate.pem: no private key is in it, and no file with one is given: add the setting key"},
    {"key.pem", "certificate.pem",
     "certificate D/key.pem: holds a private key and no certificate: are the files of certificate and key swapped?"},
    {"certificate.pem", "certificate.pem",
     "key D/certificate.pem: holds a certificate and no private key: are the files of certificate and key swapped?"},
    {"certificate.der", "key.pem",
     "certificate D/certificate.der: is a certificate in DER form, and PEM is needed: openssl x509 -inform der -in "
     "FILE -out FILE.pem"},
    {"key.der", "certificate.pem",
     "certificate D/key.der: is a private key in DER form, and PEM is needed: openssl pkey -inform der -in FILE -out "
     "FILE.pem"},
    {"certificate.pem", "key.der",
     "key D/key.der: is a private key in DER form, and PEM is needed: openssl pkey -inform der -in FILE -out FILE.pem"},
    {"both.p12", NULL,
     "certificate D/both.p12: is in PKCS #12 form, and PEM is needed: openssl pkcs12 -nodes -in FILE -out FILE.pem"},
    {"certificate.pem", "encrypted.pem",
     "key D/encrypted.pem: its private key is encrypted, and popgate never asks for a phrase: openssl pkey -in FILE "
     "-out FILE.plain"},
    {"certificate.pem", "encrypted-old.pem",
     "key D/encrypted-old.pem: its private key is encrypted, and popgate never asks for a phrase: openssl pkey -in "
     "FILE -out FILE.plain"},
    {"authority-first.pem", "key.pem",
     "key D/key.pem: this key does not belong to the certificate, but to number 2 in D/authority-first.pem: the "
     "server's own comes first there, then the authorities' behind it"},
    {"certificate.pem", "other-key.pem", "key D/other-key.pem: this key does not belong to the certificate"},
    {"request.pem", "key.pem",
     "certificate D/request.pem: holds a request for a certificate, which an authority answers with one"},
    {"empty.pem", "key.pem", "certificate D/empty.pem: no certificate could be read from it"},
    {"text.pem", "key.pem", "certificate D/text.pem: no certificate could be read from it: no start line"},
    {"damaged.pem", "key.pem", "certificate D/damaged.pem: no certificate could be read from it: "},
    {"certificate.pem", "text.pem", "key D/text.pem: no private key could be read from it"},
    {"none.pem", "key.pem", "certificate D/none.pem: no certificate could be read from it: No such file or directory"},
    {"certificate.pem", "none.pem", "key D/none.pem: no private key could be read from it: No such file or directory"},
    {"", "key.pem", "certificate D/: no certificate could be read from it: Is a directory"},
};

static void
check_row(size_t row)
{
    struct error   error = {0};
    struct bytes   text = {0}, expect = {0}, here = {0};
    char          *filled;
    struct config *config;

    bytes_printf(&here, "%s/", folder);
    bytes_printf(&expect, "%s/proxy.conf:4: %s", folder, rows[row].error);
    filled = replace(expect.data, "D/", here.data);
    bytes_printf(&text,
                 FRAME "listener m { upstream = u address = \"127.0.0.1:0\" tls = implicit certificate = '%s/%s'",
                 folder, rows[row].certificate);
    if (rows[row].key != NULL)
        bytes_printf(&text, " key = '%s/%s'", folder, rows[row].key);
    bytes_printf(&text, " }\n");
    config = load(text.data, &error);
    if ((config != NULL) != (rows[row].error[0] == '\0') ||
        (config == NULL && strncmp(error_text(&error), filled, strlen(filled)) != 0) || error.count > 1)
        fail_msg("row %zu:\n%s\nsays\n%snot\n%s", row, text.data, error_text(&error), filled);
    config_free(&config);
    error_free(&error);
    free(filled);
    bytes_free(&here);
    bytes_free(&expect);
    bytes_free(&text);
}

/* Whoever asked for a phrase would get it from here, and have the key. */
static void
offer_phrase(void)
{
    char path[512];

    write_file("phrase", "phrase\nphrase\nphrase\nphrase\n", 0600);
    (void)snprintf(path, sizeof(path), "%s/phrase", folder);
    (void)setsid(); /* no terminal, then; a test that leads its group has none as a rule */
    assert_non_null(freopen(path, "r", stdin));
}

/* Whoever is asked for a phrase is a master that hangs: at HUP there is nobody at its terminal. */
static void
test_what_is_in_a_file(void **state)
{
    (void)state;
    offer_phrase();
    for (size_t row = 0; row < COUNT_OF(rows); row++)
        check_row(row);
}

static int
set_up_files(void **state)
{
    int result = set_up(state);

    if (result == 0)
        write_files();
    return result;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_in_a_file),
    };

    return cmocka_run_group_tests_name("tls_certificate", tests, set_up_files, tear_down);
}
