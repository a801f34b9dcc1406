/*
 * Opening a file that lines are appended to, in a folder where others may have been: the log and the audit logs.
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

/*
 * Opens `path` for appending and makes it (0640) where it is not there. A link is not followed, and a folder in which
 * anybody may replace files is refused (EPERM). `access` is O_WRONLY, or O_RDWR for a writer that looks at what is
 * there. The descriptor, close-on-exec; or -1 with errno.
 */
int logfile_open(const char *path, int access);

#endif
