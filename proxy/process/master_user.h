/*
 * Who the children become when the master was started as root, and what every child gives up.
 */
#ifndef PROXY_PROCESS_MASTER_USER_H
#define PROXY_PROCESS_MASTER_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "proxy/config/config.h"

struct master_user {
    bool  change; /* the master is root */
    uid_t uid;
    gid_t gid;
};

/* A worker that was taken over can signal whatever is of its user: the auditor is somebody else where it can be. */
struct master_users {
    struct master_user worker, auditor;
};

/*
 * Looks the configuration's users up, if the master is root. Where audit_user is left out it is popgate-audit, or the
 * workers' user if there is no such account. An error: a user is not known, or is root.
 */
void master_users_find(struct master_users *, const struct config *, struct error *);

/* The workers' user, for other processes; nobody, if that account does not exist yet. */
struct master_user master_user_of_workers(const struct config *);

/* May workers signal the auditor, though the master is root? */
bool master_users_are_one(const struct master_users *);

/*
 * In a child: becomes the user for good, with no group but its own, and leaves no way to more privileges, to a core
 * file or to another process's debugger. 0; or -1 with errno, and the child must end.
 */
int master_user_become(const struct master_user *);

/*
 * In the master: gives up root's rights, to open files as the user would and to look at what is in them; and takes the
 * rights back. 0; or -1 with errno. The process ends if it cannot take them back.
 */
int  master_user_lower(const struct master_user *);
void master_user_raise(void);

#endif
