/*
 * The kinds of processes that the master starts: a row of one table each. A new kind is a row, and the functions that
 * its row names.
 */
#ifndef PROXY_PROCESS_ROLE_H
#define PROXY_PROCESS_ROLE_H

#include <stdbool.h>

#include "proxy/process/master_user.h"

struct channel_frame;
struct master_audit;
struct master_child;
struct master_spawn;

enum role { ROLE_WORKER, ROLE_AUDITOR, ROLES };

/* What of the service a process belongs to, and so how long it lives. */
enum role_life {
    ROLE_OF_GENERATION, /* one reading of proxy.conf: a reload starts others, and these drain. It ends first. */
    ROLE_OF_SERVICE,    /* it outlives readings, and keeps nothing of one. It ends when those of generations have. */
    ROLE_LIVES,
};

struct role_row {
    const char    *name;    /* "worker", for the log */
    const char    *process; /* its name to ps(1): at most 15 octets, prctl(2) */
    enum role_life life;
    bool goes_on; /* if a signal stops it, the master makes it go on; without this it may have been stopped for a
                     debugger */

    const struct master_user *(*user)(const struct master_users *);

    /* In the master, before the fork: makes what the process inherits, and what others of its kind share with it. 0; or
     * -1 with errno. NULL: nothing. */
    int (*equip)(const struct master_spawn *, struct master_child *);

    /* In the master, once the process is there: hands over what it gets by its channel. */
    void (*connect)(const struct master_spawn *, struct master_child *);

    /* In the master, again when files were opened again: hands them over. NULL: it has none. */
    void (*give_files)(struct master_audit *, int channel);

    /*
     * In the master: takes a frame that the process has sent over its channel. NULL: it sends none, and its channel is
     * not read.
     */
    void (*take_frame)(struct master_audit *, const struct channel_frame *);

    /* In the process, once it has become its user: its whole life. Returns the exit status. */
    int (*run)(const struct master_spawn *, const struct master_child *, int control_fd);
};

const struct role_row *role_row(enum role);

#endif
