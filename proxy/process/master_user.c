/* Privileges, given up once and for all. Every step is checked: one that fails quietly is how daemons stay root. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/process/master_user.h"

/* The packages' account for the auditor, which need not be there. */
static const char auditors_own[] = "popgate-audit";

static void
find(struct master_user *user, const char *key, const char *name, const struct config *config, struct error *error)
{
    const struct passwd *entry;

    *user = (struct master_user){.change = geteuid() == 0};
    if (!user->change)
        return;
    entry = getpwnam(name);
    if (entry == NULL || entry->pw_uid == 0 || entry->pw_gid == 0) {
        error_add(error, config->file, 0, "%s \"%s\" %s", key, name,
                  entry == NULL        ? "is not known"
                  : entry->pw_uid == 0 ? "is root: the children must be somebody else"
                                       : "has root's group: the children must have another");
        return;
    }
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
}

void
master_users_find(struct master_users *users, const struct config *config, struct error *error)
{
    const char *auditor = config->audit_user;

    if (auditor == NULL)
        auditor = geteuid() == 0 && getpwnam(auditors_own) != NULL ? auditors_own : config->user;
    find(&users->worker, "user", config->user, config, error);
    find(&users->auditor, "audit_user", auditor, config, error);
}

struct master_user
master_user_of_workers(const struct config *config)
{
    static const struct master_user nobody = {.change = true, .uid = 65534, .gid = 65534};
    struct master_users             users;
    struct error                    unknown = {0};
    bool                            known;

    master_users_find(&users, config, &unknown);
    known = unknown.count == 0;
    error_free(&unknown);
    return known ? users.worker : nobody;
}

bool
master_users_are_one(const struct master_users *users)
{
    return users->worker.change && users->worker.uid == users->auditor.uid;
}

/* No groups but the user's own: what else an account may reach is for people, not for who parses strangers' mail. */
static int
change(const struct master_user *user)
{
    if (setgroups(0, NULL) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0)
        return -1;
    if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) == 0 || geteuid() != user->uid) {
        errno = EPERM;
        return -1;
    }
    return 0;
}

int
master_user_become(const struct master_user *user)
{
    const struct rlimit no_core = {0, 0};

    if (setrlimit(RLIMIT_CORE, &no_core) != 0 || (user->change && change(user) != 0))
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ? -1 : 0;
}

int
master_user_lower(const struct master_user *user)
{
    if (!user->change)
        return 0;
    return setgroups(0, NULL) != 0 || setegid(user->gid) != 0 || seteuid(user->uid) != 0 ? -1 : 0;
}

void
master_user_raise(void)
{
    if (getuid() == 0 && (seteuid(0) != 0 || setegid(0) != 0))
        abort();
}
