/*
 * A file without a name in spool_dir: what is kept for a message and does not fit into hold_memory. Octets are put
 * behind those that are there, and read back from anywhere; it is never mapped, so that a file that cannot be read is
 * an error, and no signal.
 */
#ifndef PROXY_MESSAGE_SPOOL_H
#define PROXY_MESSAGE_SPOOL_H

#include <sys/types.h>

#include "base/span.h"

/* Starts as {.fd = -1}. */
struct spool {
    int   fd;   /* -1: there is no file yet */
    off_t size; /* octets */
};

/* Puts all of `text` behind what is there. 0; or -1 with errno: nothing was put there then. */
int spool_write(struct spool *, const char *folder, struct span text);

/* Reads `len` octets at `at`, which are there. 0; or -1 with errno. */
int spool_read(const struct spool *, off_t at, char *to, size_t len);

/* The file is gone, and the spool as it was at the start. */
void spool_close(struct spool *);

#endif
