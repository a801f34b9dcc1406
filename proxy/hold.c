/* Held octets: parked buffers first, a nameless file behind them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "proxy/hold.h"

void
hold_open(struct hold *hold, struct hold_budget *budget)
{
    *hold = (struct hold){.budget = budget, .parked = evbuffer_new(), .fd = -1};
    if (hold->parked == NULL)
        abort();
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
    while (evbuffer_get_length(hold->parked) > 0) {
        int put = evbuffer_write(hold->parked, hold->fd);

        if (put < 0)
            return -1;
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

    account(hold, (int64_t)evbuffer_get_length(hold->parked));
    if (hold->budget->used > hold->budget->limit)
        result = spill(hold);
    account(hold, (int64_t)evbuffer_get_length(hold->parked));
    return result;
}

/* The file becomes a part of the buffer, mapped and read as it drains, and is closed with it. */
static int
release_file(struct hold *hold, struct evbuffer *to)
{
    struct evbuffer_file_segment *file =
        evbuffer_file_segment_new(hold->fd, 0, hold->spooled, EVBUF_FS_CLOSE_ON_FREE | EVBUF_FS_DISABLE_SENDFILE);
    int result;

    if (file == NULL)
        return -1;
    hold->fd = -1;
    result   = evbuffer_add_file_segment(to, file, 0, -1);
    evbuffer_file_segment_free(file);
    return result;
}

int
hold_release(struct hold *hold, struct evbuffer *to)
{
    if (hold->spooled > 0 && release_file(hold, to) != 0)
        return -1;
    if (evbuffer_add_buffer(to, hold->parked) != 0)
        return -1;
    account(hold, 0);
    return 0;
}

void
hold_close(struct hold *hold)
{
    if (hold->parked == NULL)
        return;
    account(hold, 0);
    evbuffer_free(hold->parked);
    if (hold->fd >= 0)
        (void)close(hold->fd);
    *hold = (struct hold){.fd = -1};
}
