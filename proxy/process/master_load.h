/*
 * Reading the configuration, as root. Rules come from update channels, and what reads them is large: a process that may
 * die of it tries them first.
 */
#ifndef PROXY_PROCESS_MASTER_LOAD_H
#define PROXY_PROCESS_MASTER_LOAD_H

#include "proxy/config/config.h"

/*
 * Reads `file` and all that it names in a child, which has become the workers' user (nobody, if there is no such
 * account yet) by the time it reads what filters name, and which has a minute of processor time; and then, if nothing
 * is wrong with it, again in this process, which has that user's rights for as long as that takes. NULL with every
 * mistake in the error, or with how the child died. The error's notes become the configuration's.
 */
struct config *master_load(const char *file, struct error *);

#endif
