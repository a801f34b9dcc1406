/*
 * The children's part in a log that is a file: they send their lines to the master, who writes them. With a descriptor
 * of the file a child that was taken over could truncate it, or write over what stands there.
 */
#ifndef PROXY_PROCESS_MASTER_LOG_H
#define PROXY_PROCESS_MASTER_LOG_H

#include "proxy/process/master_child.h"

/*
 * A way for the child's lines, if the log is a file. Returns the child's end, for log_adopt(); -1: there is none, and
 * the log says so if that is a failure.
 */
int master_log_open(struct master_child *);

/* One that runs while the log becomes a file is given such a way over its channel. */
void master_log_give(struct master_child *);

/*
 * Sleeps for up to `ms` milliseconds (-1: for ever), until `fd` has something to read, a child's channel has (see
 * master_child_receive()), or a child sends lines, which are written, some of each child.
 */
void master_log_wait(const struct master_children *, int fd, int ms);

/* The child has died: writes what it left, and closes the way. */
void master_log_end(struct master_child *);

#endif
