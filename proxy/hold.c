/* Held octets: parked buffers first, a nameless file behind them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "proxy/hold.h"

enum { PIECES = 16 /* written at once */ };

void
hold_open(struct hold *hold, struct hold_budget *budget)
{
    *hold = (struct hold){.budget = budget, .fd = -1};
}

/* File systems without O_TMPFILE get a name for the blink of an eye. */
static int
open_spool(const char *folder)
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

static int
spill(struct hold *hold)
{
    if (hold->fd < 0)
        hold->fd = open_spool(hold->budget->spool_dir);
    if (hold->fd < 0)
        return -1;
    while (hold->parked.length > 0) {
        struct iovec pieces[PIECES];
        ssize_t      put = writev(hold->fd, pieces, buffer_pieces(&hold->parked, pieces, PIECES));

        if (put < 0)
            return -1;
        buffer_drain(&hold->parked, (size_t)put);
        hold->spooled += put;
    }
    return 0;
}

static void
account(struct hold *hold, int64_t now)
{
    hold->budget->used += now - hold->counted;
    hold->counted = now;
}

int
hold_settle(struct hold *hold)
{
    int result = 0;

    account(hold, (int64_t)hold->parked.length);
    if (hold->budget->used > hold->budget->limit)
        result = spill(hold);
    account(hold, (int64_t)hold->parked.length);
    return result;
}

static void
unmap(struct block *block)
{
    (void)munmap(block->data, block->size);
    free(block);
}

/* The file becomes a part of the buffer, mapped, and is gone when it has drained. */
static int
release_file(struct hold *hold, struct buffer *to)
{
    size_t        size = (size_t)hold->spooled;
    void         *data = mmap(NULL, size, PROT_READ, MAP_SHARED, hold->fd, 0);
    struct block *block;

    if (data == MAP_FAILED)
        return -1;
    (void)close(hold->fd);
    hold->fd       = -1;
    block          = block_new(0);
    block->data    = data;
    block->size    = size;
    block->release = unmap;
    buffer_add_block(to, block, block->data, size);
    return 0;
}

int
hold_release(struct hold *hold, struct buffer *to)
{
    if (hold->spooled > 0 && release_file(hold, to) != 0)
        return -1;
    buffer_move(&hold->parked, to, hold->parked.length);
    account(hold, 0);
    return 0;
}

void
hold_close(struct hold *hold)
{
    if (hold->budget == NULL)
        return;
    account(hold, 0);
    buffer_clear(&hold->parked);
    if (hold->fd >= 0)
        (void)close(hold->fd);
    *hold = (struct hold){.fd = -1};
}
