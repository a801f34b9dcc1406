/*
 * For the tests of proxy.conf: a folder of their own, with a certificate and a spool in it, and configurations that are
 * written there and loaded.
 */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "proxy/config/config.h"
#include "tests/unit/certificate.h"

static char folder[] = "/tmp/test_config.XXXXXX"; /* where the tests' files are */

static inline void
write_file(const char *name, const char *text, mode_t mode)
{
    char path[512];
    int  fd;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

/* `text` with `from` replaced by `to` wherever it stands; to be given to free(). */
static inline char *
replace(const char *text, const char *from, const char *to)
{
    struct bytes out = {0};
    const char  *at;

    for (; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
        bytes_add(&out, (struct span){text, (size_t)(at - text)});
        bytes_add(&out, span_of(to));
    }
    bytes_add(&out, span_of(text));
    return out.data;
}

/* Loads `text` as proxy.conf in the folder. */
static inline struct config *
load(const char *text, struct error *error)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/proxy.conf", folder);
    write_file("proxy.conf", text, 0644);
    return config_load(path, error);
}

/* A whole configuration, in two lines; and in three, which root takes too. */
#define LISTENER                                                                                                       \
    "listener \"l\" { address = \"127.0.0.1:0\" upstream = \"u\" }\n"                                                  \
    "upstream \"u\" { server = \"127.0.0.1:110\" }\n"
#define FRAME "user = nobody\n" LISTENER

/* A self-signed certificate and its key, in one file. */
static inline void
write_certificate(const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_true(certificate_write(path));
}

static inline int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int
set_up(void **state)
{
    char path[512];

    (void)state;
    if (mkdtemp(folder) == NULL || tls_start() != 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/spool", folder);
    write_certificate("one.pem");
    return mkdir(path, 0700);
}

static inline int
tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
