/* A certificate and its key for tests that need any. */
#ifndef TESTS_UNIT_CERTIFICATE_H
#define TESTS_UNIT_CERTIFICATE_H

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* Makes a file that only its owner may read, with a key and a certificate that it signs itself and that names nobody.
 */
static inline bool
certificate_write(const char *path)
{
    EVP_PKEY *key         = EVP_EC_gen("P-256");
    X509     *certificate = X509_new();
    FILE     *file        = fopen(path, "w");
    bool      made        = key != NULL && certificate != NULL && file != NULL && fchmod(fileno(file), 0600) == 0 &&
                X509_gmtime_adj(X509_getm_notBefore(certificate), 0) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(certificate), 365L * 24 * 3600) != NULL &&
                X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0 &&
                PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_X509(file, certificate) == 1;

    if (file != NULL && fclose(file) != 0)
        made = false;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

#endif
