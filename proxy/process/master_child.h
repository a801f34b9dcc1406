/*
 * The master's children: their process ids, the channels to them, and when one that died is started again.
 */
#ifndef PROXY_PROCESS_MASTER_CHILD_H
#define PROXY_PROCESS_MASTER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "proxy/process/master_line.h"
#include "proxy/process/role.h"
#include "proxy/shared/tally.h"

enum master_child_state {
    CHILD_WANTED,   /* runs, or is to be started at `due` */
    CHILD_DRAINING, /* a reload has replaced this worker, which ends with its last session */
    CHILD_EXPIRED,  /* drain_timeout is over for it */
    CHILD_ENDING,   /* the service ends */
    CHILD_KILLED,   /* it did not end in time, or was to end at once */
};

struct master_child {
    LIST_ENTRY(master_child) next;
    enum role               role;
    unsigned                generation; /* of a worker */
    enum master_child_state state;
    int64_t                 since;   /* clock_now(): when it came into this state */
    pid_t                   pid;     /* 0: does not run, which only one that is wanted may do for long */
    int                     channel; /* the master's end; -1: closed */
    int                     log;     /* where its log lines come; -1: nowhere. See proxy/process/master_log.h */
    struct tally           *tally;   /* of a worker: what it counts; NULL: not made yet */
    struct audit_batch     *batch;   /* of a worker: its audit records that have not been sent; NULL: not made yet */
    struct master_line     *line;    /* of a worker that runs: its way to the auditor; NULL: none */
    int64_t                 started; /* clock_now() */
    int64_t                 due;     /* clock_now() */
    int64_t                 delay;   /* milliseconds that the last death at start asks for; 0: it was none */
};

LIST_HEAD(master_children, master_child);

/* A new child, which is due now. */
struct master_child *master_child_new(struct master_children *, enum role, unsigned generation);

/*
 * The service ends: tells the child to come to its end within shutdown_timeout. One that does not run is forgotten: the
 * pointer is set to NULL.
 */
void master_child_end(struct master_child **);

/*
 * A reload has replaced this worker, which is to end with its last session. A child that does not run is forgotten: the
 * pointer is set to NULL.
 */
void master_child_drain(struct master_child **);

/*
 * Tells workers that have been draining for `drain_timeout` milliseconds (0: for ever) to close their sessions, and
 * kills those that have not ended some seconds later. Returns the milliseconds until there is more to do; -1: for ever.
 */
int master_child_expire(const struct master_children *, int64_t drain_timeout);

/* Is there a channel by which the child may send something? */
bool master_child_may_send(const struct master_child *);

/*
 * Takes what children have sent over their channels, some of each child. A child that sends what it may not is killed,
 * and that is logged.
 */
void master_child_receive(const struct master_children *, struct master_audit *);

/* Forgets a child, closes its channel and gives back its batch and its tally. */
void master_child_free(struct master_child **);

/*
 * Collects one child that has died, with the records that it left, and logs how if that was not to be expected. Returns
 * false when there is no more. A child that is wanted is deferred. That one was stopped is logged too, and an auditor
 * is made to go on.
 */
bool master_child_reap(struct master_children *);

/*
 * The child did not come into being, or died: sets when it is started again, and returns the milliseconds until then.
 * At once after a life of some seconds: what ended it came from outside, and all who connect would pay for a wait.
 * After a second, doubled up to a minute, if it died at its start; but after a fifth of a second if no other of its
 * role is at work.
 */
int64_t master_child_defer(const struct master_children *, struct master_child *);

/* The first child that is due, NULL for none; `*wait` is set to the milliseconds until one will be, or to -1. */
struct master_child *master_child_due(struct master_children *, int *wait);

/* Those of all children that have one, for all of which there must be room; returns how many. */
size_t master_child_tallies(const struct master_children *, struct tally **);

/* How many children there are of this role, running or to be started. */
size_t master_child_count(const struct master_children *, enum role);

/* Is there a child of that life, running or to be started? */
bool master_child_any(const struct master_children *, enum role_life);

/* Kills all children of that life; logs those that had time to end. */
void master_child_kill(const struct master_children *, enum role_life);

#endif
