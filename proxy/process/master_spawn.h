/*
 * Starting the children.
 */
#ifndef PROXY_PROCESS_MASTER_SPAWN_H
#define PROXY_PROCESS_MASTER_SPAWN_H

#include <signal.h>

#include "proxy/process/master_audit.h"
#include "proxy/process/master_child.h"
#include "proxy/process/master_generation.h"
#include "proxy/process/master_names.h"

/* What a process is started from. All of it is the master's. */
struct master_spawn {
    struct master_children   *children;
    struct master_audit      *audit;
    struct master_generation *generation;
    struct master_names      *names;
    int                       signal_fd;
    const sigset_t           *inherited; /* the mask of blocked signals before the master's */
};

/*
 * Starts a process for the child, with a channel, and a worker's batch and line to the auditor where there is one. What
 * fails is logged, and the child deferred.
 */
void master_spawn(const struct master_spawn *, struct master_child *);

#endif
