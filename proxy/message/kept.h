/*
 * A text that a filter keeps until it has the last word on a message: in memory, or past the worker's hold_memory in a
 * file, from which it comes back for as long as it is looked at.
 */
#ifndef PROXY_MESSAGE_KEPT_H
#define PROXY_MESSAGE_KEPT_H

#include "base/bytes.h"
#include "proxy/message/hold_budget.h"
#include "proxy/message/spool.h"

struct kept;

/*
 * Adds text. The first call makes `*kept`, which is NULL before. Text for which there is no memory goes to the file. 0;
 * or -1 with errno if it could not be written.
 */
int kept_add(struct kept **, struct hold_budget *, struct span);

/* All of it, in one piece, until the next call. 0; or -1 with errno if it could not be read, or there is
 * no memory for it. */
int kept_text(struct kept *, struct span *text);

/* Gives it back and sets it to NULL. It may be NULL. */
void kept_close(struct kept **);

#endif
