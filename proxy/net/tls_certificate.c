/* Certificates and keys from files in PEM. The error for a file that is not PEM says what it is instead. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/net/tls_certificate.h"

enum { FILE_MAX = 1024 * 1024 /* octets */ };

/* Why the library failed, in words; NULL if it did not say. */
static const char *
reason_of(unsigned long code)
{
    if (code == 0)
        return NULL;
    return ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
}

void
tls_complain(const struct tls_where *where, const char *key, const char *file, const char *what)
{
    const char *reason = reason_of(ERR_peek_error());

    error_add(where->error, where->place->file, where->place->line_of(where->place, key), "%s %s: %s%s%s", key, file,
              what, reason != NULL ? ": " : "", reason != NULL ? reason : "");
    ERR_clear_error();
}

/* A file that is being read: which setting names it, and what was found in it. */
struct source {
    const struct tls_where *where;
    const char             *setting, *file;
    struct bytes            data;
    mode_t                  mode;
};

static void
wipe(struct source *source)
{
    if (source->data.len > 0)
        OPENSSL_cleanse(source->data.data, source->data.len);
    bytes_free(&source->data);
}

/* All of it, into memory that is taken once: no copy stays behind. 0; or why not, as errno. */
static int
read_all(int fd, struct source *source)
{
    struct stat status;
    ssize_t     got;

    if (fstat(fd, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (status.st_size > FILE_MAX)
        return EFBIG;
    source->mode = status.st_mode;
    got          = read(fd, bytes_reserve(&source->data, (size_t)status.st_size + 1), (size_t)status.st_size);
    if (got < 0)
        return errno;
    source->data.len = (size_t)got;
    return 0;
}

static bool
read_source(struct source *source, const char *nothing)
{
    int fd = open(source->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), why = fd < 0 ? errno : 0;

    if (fd >= 0) {
        why = read_all(fd, source);
        (void)close(fd);
    }
    if (why == 0)
        return true;
    error_add(source->where->error, source->where->place->file,
              source->where->place->line_of(source->where->place, source->setting), "%s %s: %s: %s", source->setting,
              source->file, nothing, strerror(why));
    return false;
}

static bool
holds(const struct source *source, const char *text)
{
    return source->data.len > 0 && memmem(source->data.data, source->data.len, text, strlen(text)) != NULL;
}

static void *
parse_x509(const unsigned char **at, long len)
{
    return d2i_X509(NULL, at, len);
}

static void
release_x509(void *object)
{
    X509_free(object);
}

static void *
parse_private(const unsigned char **at, long len)
{
    return d2i_AutoPrivateKey(NULL, at, len);
}

static void
release_private(void *object)
{
    EVP_PKEY_free(object);
}

static void *
parse_pkcs12(const unsigned char **at, long len)
{
    return d2i_PKCS12(NULL, at, len);
}

static void
release_pkcs12(void *object)
{
    PKCS12_free(object);
}

/* Forms that are no PEM, and what makes them PEM. */
static const struct binary {
    const char *what;
    const char *command;
    void *(*parse)(const unsigned char **, long);
    void (*release)(void *);
} binaries[] = {
    {"a certificate in DER form", "openssl x509 -inform der", parse_x509, release_x509},
    {"a private key in DER form", "openssl pkey -inform der", parse_private, release_private},
    {"in PKCS #12 form", "openssl pkcs12 -nodes", parse_pkcs12, release_pkcs12},
    {0},
};

static const struct binary *
find_binary(const struct source *source)
{
    const struct binary *binary;

    for (binary = binaries; binary->what != NULL; binary++) {
        const unsigned char *at     = (const unsigned char *)source->data.data;
        void                *object = binary->parse(&at, (long)source->data.len);

        if (object != NULL)
            binary->release(object);
        if (object != NULL)
            break;
    }
    ERR_clear_error();
    return binary->what != NULL ? binary : NULL;
}

/* What a file holds in place of what was wanted: the mark that it has, and the one that it lacks. */
static const struct content {
    const char *wanted, *has, *lacks, *what;
} contents[] = {
    {"certificate", "PRIVATE KEY-----", "BEGIN CERTIFICATE-----",
     "holds a private key and no certificate: are the files of certificate and key swapped?"},
    {"certificate", "CERTIFICATE REQUEST-----", "BEGIN CERTIFICATE-----",
     "holds a request for a certificate, which an authority answers with one"},
    {"key", "ENCRYPTED", "BEGIN PRIVATE KEY-----",
     "its private key is encrypted, and popgate never asks for a phrase: openssl pkey -in FILE -out FILE.plain"},
    {"key", "BEGIN CERTIFICATE-----", "PRIVATE KEY-----",
     "holds a certificate and no private key: are the files of certificate and key swapped?"},
};

static const char *
find_content(const struct source *source, const char *wanted)
{
    for (size_t i = 0; i < COUNT_OF(contents); i++)
        if (strcmp(contents[i].wanted, wanted) == 0 && holds(source, contents[i].has) &&
            !holds(source, contents[i].lacks))
            return contents[i].what;
    return NULL;
}

/* `nothing` is said where OpenSSL gives no reason. */
static void
complain_of_content(const struct source *source, const char *wanted, const char *nothing)
{
    const unsigned long  error  = ERR_peek_error();
    const struct binary *binary = find_binary(source);
    const char          *found  = find_content(source, wanted);
    struct bytes         what   = {0};

    if (found != NULL)
        bytes_printf(&what, "%s", found);
    else if (binary != NULL)
        bytes_printf(&what, "is %s, and PEM is needed: %s -in FILE -out FILE.pem", binary->what, binary->command);
    else
        bytes_printf(&what, "%s%s%s", nothing, error != 0 ? ": " : "", error != 0 ? reason_of(error) : "");
    tls_complain(source->where, source->setting, source->file, what.data);
    bytes_free(&what);
}

/* The first is the server's own, those behind it are the chain. False with nothing said if there is none. */
static bool
parse_certificates(const struct source *source, struct tls_certificate *certificate)
{
    BIO  *bio = BIO_new_mem_buf(source->data.data, (int)source->data.len);
    X509 *one = NULL;

    certificate->chain = sk_X509_new_null();
    certificate->own   = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    while (certificate->own != NULL && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(certificate->chain, one) == 0)
            abort();
    if (certificate->own != NULL && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
        ERR_clear_error();
    BIO_free(bio);
    return certificate->own != NULL && ERR_peek_error() == 0;
}

/* In place of OpenSSL's, which asks at the terminal and waits. */
static int
give_no_phrase(char *phrase, int size, int writing, void *asked)
{
    (void)phrase;
    (void)size;
    (void)writing;
    (void)asked;
    return -1;
}

static EVP_PKEY *
parse_key(const struct source *source)
{
    BIO      *bio = BIO_new_mem_buf(source->data.data, (int)source->data.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_no_phrase, NULL);

    BIO_free(bio);
    return key;
}

static bool
read_certificates(struct source *source, struct tls_certificate *certificate)
{
    static const char nothing[] = "no certificate could be read from it";

    if (!read_source(source, nothing))
        return false;
    if (parse_certificates(source, certificate))
        return true;
    if (certificate->own != NULL)
        tls_complain(source->where, source->setting, source->file, "a certificate in it is damaged");
    else
        complain_of_content(source, "certificate", nothing);
    return false;
}

/* Which of the chain's certificates the key belongs to, from 2; 0: to none. */
static int
find_owner(const struct tls_certificate *certificate)
{
    for (int i = 0; i < sk_X509_num(certificate->chain); i++)
        if (X509_check_private_key(sk_X509_value(certificate->chain, i), certificate->key) == 1)
            return i + 2;
    return 0;
}

static bool
check_key(const struct source *source, const struct tls_certificate *certificate)
{
    struct bytes what = {0};
    int          owner;

    if (X509_check_private_key(certificate->own, certificate->key) == 1)
        return true;
    owner = find_owner(certificate);
    ERR_clear_error();
    bytes_printf(&what, "this key does not belong to the certificate");
    if (owner > 0)
        bytes_printf(&what,
                     ", but to number %d in %s: the server's own comes first there, then the authorities' behind it",
                     owner, certificate->file);
    tls_complain(source->where, source->setting, source->file, what.data);
    bytes_free(&what);
    return false;
}

/* `source` has been read. A key may be read by its owner and, as Debian's ssl-cert has it, by a group; by nobody else.
 */
static bool
take_key(struct source *source, struct tls_certificate *certificate, bool own_file)
{
    certificate->key = parse_key(source);
    if (certificate->key == NULL && !own_file && !holds(source, "PRIVATE KEY-----")) {
        ERR_clear_error();
        tls_complain(source->where, source->setting, source->file,
                     "no private key is in it, and no file with one is given: add the setting key");
        return false;
    }
    if (certificate->key == NULL) {
        complain_of_content(source, "key", "no private key could be read from it");
        return false;
    }
    if (!check_key(source, certificate))
        return false;
    if ((source->mode & (S_IRWXO | S_IWGRP)) == 0)
        return true;
    tls_complain(source->where, source->setting, source->file,
                 "holds a private key that others can read or change: chmod 600 it");
    return false;
}

bool
tls_certificate_read(struct tls_certificate *certificate, const char *file, const char *key_file,
                     const struct tls_where *where)
{
    struct source source = {where, "certificate", file, {0}, 0}, key = {where, "key", key_file, {0}, 0};
    bool          done;

    ERR_clear_error();
    certificate->file = memory_copy_string(file);
    done              = read_certificates(&source, certificate);
    if (key_file == NULL)
        done = done && take_key(&source, certificate, false);
    else
        done = done && read_source(&key, "no private key could be read from it") && take_key(&key, certificate, true);
    wipe(&source);
    wipe(&key);
    return done;
}

void
tls_certificate_release(struct tls_certificate *certificate)
{
    X509_free(certificate->own);
    sk_X509_pop_free(certificate->chain, X509_free);
    EVP_PKEY_free(certificate->key);
    free(certificate->file);
    *certificate = (struct tls_certificate){0};
}
