/*
 * Who the children become when the master was started as root, and what every child gives up.
 */
#ifndef PROXY_MASTER_USER_H
#define PROXY_MASTER_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "proxy/config.h"

/* Starts as {0}; master_user_free() gives it back. */
struct master_user {
    bool   change; /* the master is root */
    uid_t  uid;
    gid_t  gid;
    gid_t *groups;
    size_t group_count;
};

/* Looks the configuration's user up, if the master is root. 0; or -1 and an error: there is no such user, or it is
 * root. */
int master_user_find(struct master_user *, const struct config *, struct error *);

void master_user_free(struct master_user *);

/*
 * In a child: becomes the user for good, and leaves no way to more privileges, to a core file or to another process's
 * debugger. 0; or -1 with errno, and the child must end.
 */
int master_user_become(const struct master_user *);

#endif
