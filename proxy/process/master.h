/*
 * The master: opens what needs privileges, forks the workers and the auditor, watches them, and changes to a new
 * configuration when it is told. It reads nothing that comes from the network.
 */
#ifndef PROXY_PROCESS_MASTER_H
#define PROXY_PROCESS_MASTER_H

#include "proxy/config/config.h"

/*
 * Runs the service with `config`, which becomes the master's, until TERM, INT or QUIT; `file` is read again on HUP.
 * Returns the process's exit status: 1 if the service could not be started, with the reasons on standard error.
 */
int master_run(struct config *config, const char *file);

#endif
