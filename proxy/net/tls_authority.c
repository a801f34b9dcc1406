/* Stores of certificates by the paths that they were read from. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "proxy/net/tls_authority.h"

static const char system_store[] = "(the system's store)";

struct entry {
    char       *path;
    X509_STORE *store;
};

struct tls_authorities {
    struct entry *entries;
    size_t        count;
};

struct tls_authorities *
tls_authorities_new(void)
{
    return memory_new(sizeof(struct tls_authorities));
}

void
tls_authorities_free(struct tls_authorities **authorities)
{
    for (size_t i = 0; i < (*authorities)->count; i++) {
        free((*authorities)->entries[i].path);
        X509_STORE_free((*authorities)->entries[i].store);
    }
    free((*authorities)->entries);
    free(*authorities);
    *authorities = NULL;
}

static X509_STORE *
find_store(const struct tls_authorities *authorities, const char *path)
{
    for (size_t i = 0; i < authorities->count; i++)
        if (strcmp(authorities->entries[i].path, path) == 0)
            return authorities->entries[i].store;
    return NULL;
}

static void
add_store(struct tls_authorities *authorities, const char *path, X509_STORE *store)
{
    struct entry **entries = &authorities->entries;

    *entries                         = memory_resize_array(*entries, authorities->count + 1, sizeof(**entries));
    (*entries)[authorities->count++] = (struct entry){memory_copy_string(path), store};
    if (X509_STORE_up_ref(store) != 1)
        abort();
}

/* Why it cannot be read, for tls_complain(); NULL: it was. `ca` is NULL for the system's. */
static const char *
load(X509_STORE *store, const char *ca)
{
    struct stat status;

    ERR_clear_error();
    if (ca == NULL)
        return X509_STORE_set_default_paths(store) == 1 ? NULL : "it could not be read";
    if (stat(ca, &status) != 0)
        return strerror(errno);
    if (S_ISDIR(status.st_mode))
        return X509_STORE_load_path(store, ca) == 1 ? NULL : "it could not be read";
    return X509_STORE_load_file(store, ca) == 1 ? NULL : "no certificate could be read from it";
}

/* The caller's; NULL with an error. */
static X509_STORE *
read_store(const char *ca, const struct tls_where *where)
{
    X509_STORE *store = X509_STORE_new();
    const char *why;

    if (store == NULL)
        abort();
    why = load(store, ca);
    if (why == NULL)
        return store;
    tls_complain(where, "tls_ca", ca != NULL ? ca : system_store, why);
    X509_STORE_free(store);
    return NULL;
}

void
tls_authority_use(SSL_CTX *ssl, const struct tls_client_settings *settings, const struct tls_where *where)
{
    struct tls_authorities *shared = settings->authorities;
    const char             *path   = settings->ca != NULL ? settings->ca : system_store;
    X509_STORE             *store  = shared != NULL ? find_store(shared, path) : NULL;

    if (store != NULL) {
        SSL_CTX_set1_cert_store(ssl, store);
        return;
    }
    store = read_store(settings->ca, where);
    if (store == NULL)
        return;
    if (shared != NULL)
        add_store(shared, path, store);
    SSL_CTX_set_cert_store(ssl, store);
}
