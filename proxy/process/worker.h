/*
 * One worker process: an event loop, the sessions it accepted, and the drain at its end.
 */
#ifndef PROXY_PROCESS_WORKER_H
#define PROXY_PROCESS_WORKER_H

#include "proxy/audit/audit_batch.h"
#include "proxy/config/config.h"
#include "proxy/shared/notes.h"
#include "proxy/shared/tally.h"

/* One listening socket: the master opened it and keeps it. */
struct worker_socket {
    int                           fd; /* non-blocking */
    const struct config_listener *listener;
};

struct worker_start {
    const struct config   *config;
    struct worker_socket  *sockets;
    size_t                 socket_count;
    const unsigned *const *audit_ids;    /* for each listener of config, in its order, */
    const size_t          *audit_counts; /* the audit logs it records to, and how many */
    struct notes          *notes;        /* the generation's; NULL: none are kept */
    struct tally          *tally;        /* what this worker counts */
    struct tally *const   *tallies;      /* and what each worker does, those that drain among them */
    size_t                 tally_count;
    int                    audit_fd;    /* this worker's end of the auditor's socket */
    struct audit_batch    *audit_batch; /* its records that have not been sent; NULL: there is no audit log */
    int                    control_fd;  /* a channel from the master, proxy/net/channel.h */
};

/*
 * Runs until it has been told to drain and its last session is gone, or until it is told that the time for that is
 * over. From end of file on control_fd, which stands for the end of the service, there are shutdown_timeout for it.
 * Returns the process's exit status. Privileges have been dropped and the log is open.
 */
int worker_run(const struct worker_start *);

#endif
