/* A nameless file: written at its end, read anywhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "proxy/message/spool.h"

/* On file systems without O_TMPFILE the file has a name for a moment. */
static int
open_file(const char *folder)
{
    struct bytes path = {0};
    int          fd   = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    bytes_printf(&path, "%s/held.XXXXXX", folder);
    fd = mkostemp(path.data, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path.data);
    bytes_free(&path);
    return fd;
}

int
spool_write(struct spool *spool, const char *folder, struct span text)
{
    off_t at = spool->size;

    if (spool->fd < 0)
        spool->fd = open_file(folder);
    if (spool->fd < 0)
        return -1;
    while (text.len > 0) {
        ssize_t put = pwrite(spool->fd, text.data, text.len, at);

        if (put < 0)
            return -1;
        text = span_tail(text, (size_t)put);
        at += put;
    }
    spool->size = at;
    return 0;
}

int
spool_read(const struct spool *spool, off_t at, char *to, size_t len)
{
    while (len > 0) {
        ssize_t got = pread(spool->fd, to, len, at);

        if (got == 0)
            errno = EIO; /* it has become shorter */
        if (got <= 0)
            return -1;
        to += got;
        at += got;
        len -= (size_t)got;
    }
    return 0;
}

void
spool_close(struct spool *spool)
{
    if (spool->fd >= 0)
        (void)close(spool->fd);
    *spool = (struct spool){.fd = -1};
}
