/* Log files, opened with care: often as root, and where others may have been. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/logfile.h"
#include "base/memory.h"
#include "base/trust.h"

/*
 * Whoever owns the folder, or may write to it, decides what the log is. In a sticky folder each can change only what is
 * its own.
 */
static const char *
folder_fault(const struct stat *folder)
{
    bool sticky = (folder->st_mode & S_ISVTX) != 0;

    if (getuid() == 0 && !trust_owner(folder))
        return "its folder belongs to somebody else: chown root it";
    return (folder->st_mode & S_IWOTH) != 0 && !sticky ? "anybody may replace it: chmod o-w its folder" : NULL;
}

/* A device is /dev/null, or a terminal. */
static const char *
file_fault(const struct stat *file)
{
    if (S_ISDIR(file->st_mode))
        return "this is a folder: name a file in it";
    if (S_ISLNK(file->st_mode))
        return "this is a link: name the file itself";
    if (!S_ISREG(file->st_mode) && !S_ISCHR(file->st_mode))
        return "this is no regular file";
    if (S_ISREG(file->st_mode) && file->st_nlink > 1)
        return "it has other names (hard links), and may be something else: remove them";
    return S_ISREG(file->st_mode) && getuid() == 0 && !trust_owner(file) ? "it belongs to somebody else: chown root it"
                                                                         : NULL;
}

const char *
logfile_fault(const char *path)
{
    char       *copy  = memory_copy_string(path);
    const char *fault = NULL;
    struct stat status;

    if (stat(dirname(copy), &status) == 0)
        fault = folder_fault(&status);
    if (fault == NULL && lstat(path, &status) == 0)
        fault = file_fault(&status);
    free(copy);
    return fault;
}

/* Closes it; returns -1, with `why` as errno. */
static int
close_refused(int fd, int why)
{
    (void)close(fd);
    errno = why;
    return -1;
}

static int
open_folder(const char *path)
{
    char       *copy   = memory_copy_string(path);
    int         folder = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat status;

    free(copy);
    if (folder >= 0 && (fstat(folder, &status) != 0 || folder_fault(&status) != NULL))
        return close_refused(folder, EPERM);
    return folder;
}

int
logfile_open(const char *path, int access)
{
    int         folder = open_folder(path);
    char       *copy;
    int         fd, why;
    struct stat status;

    if (folder < 0)
        return -1;
    copy = memory_copy_string(path);
    fd   = openat(folder, basename(copy), access | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                  0640);
    why  = errno;
    free(copy);
    (void)close(folder);
    errno = why;
    if (fd >= 0 && (fstat(fd, &status) != 0 || file_fault(&status) != NULL))
        return close_refused(fd, EPERM);
    return fd;
}
