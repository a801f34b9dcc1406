/* A path is walked name by name; a link's target takes its place in what is still to be walked. */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/trust.h"

enum { LINKS_MAX = 40 /* as the kernel has it: path_resolution(7) */ };

struct walk {
    struct bytes here; /* walked: "" for /, else without a slash at the end */
    struct bytes rest; /* to be walked */
    unsigned     links;
};

bool
trust_owner(const struct stat *status)
{
    return status->st_uid == 0 || status->st_uid == getuid();
}

static bool
is_sticky_folder(const struct stat *status)
{
    return S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;
}

static bool
is_trusted(const struct walk *walk, const struct stat *status, struct bytes *why)
{
    const char          *name  = walk->here.len > 0 ? walk->here.data : "/";
    const struct passwd *owner = getpwuid(status->st_uid);

    if (!trust_owner(status)) {
        bytes_printf(why, "%s belongs to %s (uid %u), who can change what is read here: chown root it", name,
                     owner != NULL ? owner->pw_name : "somebody else", (unsigned)status->st_uid);
        return false;
    }
    if (S_ISLNK(status->st_mode) || (status->st_mode & (S_IWGRP | S_IWOTH)) == 0 || is_sticky_folder(status))
        return true;
    bytes_printf(why, "others than its owner may write to %s: chmod go-w it", name);
    return false;
}

static void
leave_last_name(struct bytes *path)
{
    while (path->len > 0 && path->data[--path->len] != '/')
        continue;
    path->data[path->len] = '\0';
}

/* The first name of what is to be walked goes to the end of what was; false if there is none. */
static bool
take_name(struct walk *walk)
{
    const char *rest = walk->rest.data + strspn(walk->rest.data, "/");
    size_t      len  = strcspn(rest, "/");

    if (len == 2 && strncmp(rest, "..", 2) == 0) {
        leave_last_name(&walk->here);
    } else if (len > 0 && !(len == 1 && rest[0] == '.')) {
        bytes_add_char(&walk->here, '/');
        bytes_add(&walk->here, (struct span){rest, len});
    }
    rest += len;
    walk->rest.len = strlen(rest);
    memmove(walk->rest.data, rest, walk->rest.len + 1);
    return len > 0;
}

/* What is walked so far is a link: goes on with its target. False if it cannot be read, or there are too many. */
static bool
follow(struct walk *walk)
{
    struct bytes target = {0};
    ssize_t      len    = readlink(walk->here.data, bytes_reserve(&target, 4096), 4095);

    if (len > 0 && ++walk->links <= LINKS_MAX) {
        target.len       = (size_t)len;
        target.data[len] = '\0';
        if (target.data[0] == '/')
            bytes_clear(&walk->here);
        else
            leave_last_name(&walk->here);
        bytes_add_char(&target, '/');
        bytes_add(&target, bytes_span(&walk->rest));
        bytes_clear(&walk->rest);
        bytes_add(&walk->rest, bytes_span(&target));
    }
    bytes_free(&target);
    return len > 0 && walk->links <= LINKS_MAX;
}

static bool
walk_on(struct walk *walk, struct bytes *why)
{
    struct stat status;

    do {
        if (lstat(walk->here.len > 0 ? walk->here.data : "/", &status) != 0)
            return true;
        if (!is_trusted(walk, &status, why))
            return false;
        if (S_ISLNK(status.st_mode) && !follow(walk))
            return true;
    } while (take_name(walk));
    return true;
}

bool
trust_path(const char *path, struct bytes *why)
{
    struct walk walk   = {0};
    char       *folder = path[0] != '/' ? getcwd(NULL, 0) : NULL;
    bool        trusted;

    if (getuid() != 0 || (folder == NULL && path[0] != '/')) {
        free(folder);
        return true;
    }
    bytes_printf(&walk.rest, "%s/%s", folder != NULL ? folder : "", path);
    bytes_add(&walk.here, SPAN(""));
    trusted = walk_on(&walk, why);
    bytes_free(&walk.here);
    bytes_free(&walk.rest);
    free(folder);
    return trusted;
}
