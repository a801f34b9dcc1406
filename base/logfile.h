/*
 * Opening a file that lines are appended to, in a folder where others may have been: the log and the audit logs.
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

/*
 * Why no log may be written to `path`, in words; NULL if there is no reason. It is to be a regular file with one name,
 * or a device, in a folder where nobody else may replace it; and root writes to no file and in no folder of others.
 */
const char *logfile_fault(const char *path);

/*
 * Opens `path` for appending and makes it (0640) where it is not there. A link is not followed, and a path with a
 * logfile_fault() is refused (EPERM). `access` is O_WRONLY, or O_RDWR for a writer that looks at what is there. Returns
 * the descriptor, close-on-exec; or -1 with errno.
 */
int logfile_open(const char *path, int access);

#endif
