/*
 * Could somebody else decide what a file says? When root reads a file, it does what the file's owner wants, and what
 * the owners of all folders and links on the way to it want, and those who may write there.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <sys/stat.h>

#include "base/bytes.h"

/* Is it root's, or this process's real user's? */
bool trust_owner(const struct stat *);

/*
 * May nobody but root and this process's user change what `path` leads to? Each folder and each link on the way, as the
 * kernel follows them, and the file are to be theirs, and not to be written to by others; a folder with the sticky bit
 * may. If not, `why` gets which of them is not, and what to do. True where something is not there, for that is another
 * mistake; and always where this process was not started by root, who alone has others to fear.
 */
bool trust_path(const char *path, struct bytes *why);

#endif
