/* Privileges, given up once and for all. Every step is checked: one that fails quietly is how daemons stay root. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/master_user.h"

static void
find_groups(struct master_user *user, const char *name)
{
    int count = 1;

    do {
        user->groups      = memory_resize_array(user->groups, (size_t)count, sizeof(gid_t));
        user->group_count = (size_t)count;
    } while (getgrouplist(name, user->gid, user->groups, &count) < 0 && (size_t)count > user->group_count);
    user->group_count = (size_t)count;
}

int
master_user_find(struct master_user *user, const struct config *config, struct error *error)
{
    const struct passwd *entry;

    *user = (struct master_user){.change = geteuid() == 0};
    if (!user->change)
        return 0;
    entry = getpwnam(config->user);
    if (entry == NULL || entry->pw_uid == 0) {
        error_add(error, config->file, 0, "user \"%s\" %s", config->user,
                  entry == NULL ? "is not known" : "is root: the workers must be somebody else");
        return -1;
    }
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    find_groups(user, config->user);
    return 0;
}

void
master_user_free(struct master_user *user)
{
    free(user->groups);
    *user = (struct master_user){0};
}

static int
change(const struct master_user *user)
{
    if (setgroups(user->group_count, user->groups) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
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
