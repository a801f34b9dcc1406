/* Log files, opened with care: often as root, often in a folder that belongs to somebody else. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/logfile.h"
#include "base/memory.h"

static int
open_folder(const char *path)
{
    char       *copy   = memory_copy_string(path);
    int         folder = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat stat;

    free(copy);
    if (folder < 0)
        return -1;
    if (fstat(folder, &stat) != 0 || ((stat.st_mode & S_IWOTH) != 0 && (stat.st_mode & S_ISVTX) == 0)) {
        (void)close(folder);
        errno = EPERM;
        return -1;
    }
    return folder;
}

int
logfile_open(const char *path, int access)
{
    int   folder = open_folder(path);
    char *copy;
    int   fd, why;

    if (folder < 0)
        return -1;
    copy = memory_copy_string(path);
    fd   = openat(folder, basename(copy), access | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                  0640);
    why  = errno;
    free(copy);
    (void)close(folder);
    errno = why;
    return fd;
}
