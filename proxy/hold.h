/*
 * Where a message waits while a filter decides on it: in memory, as the buffers it came in, and past the worker's
 * hold_memory in a file in spool_dir that has no name. A message that passes is moved out as it was moved in.
 */
#ifndef PROXY_HOLD_H
#define PROXY_HOLD_H

#include <stdint.h>
#include <sys/types.h>

#include "proxy/buffer.h"

/* One for a worker. */
struct hold_budget {
    int64_t     limit; /* octets that all held messages together may have in memory */
    int64_t     used;
    const char *spool_dir;
};

/* One for a message. */
struct hold {
    struct hold_budget *budget;
    struct buffer       parked;  /* put octets in here, then call hold_settle() */
    int64_t             counted; /* octets of `parked` that the budget knows of */
    int                 fd;      /* the file, or -1 */
    off_t               spooled; /* octets in it */
};

void hold_open(struct hold *, struct hold_budget *);

/* Accounts for what was parked, and spills it if it is too much. 0; or -1 with errno if it could not be written: it is
 * still parked. */
int hold_settle(struct hold *);

/* Moves everything to the end of `to`. 0; or -1 with errno if the file could not be mapped. */
int hold_release(struct hold *, struct buffer *to);

/* Gives everything back; what is still held is lost. */
void hold_close(struct hold *);

#endif
