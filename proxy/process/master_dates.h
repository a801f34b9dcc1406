/* The certificates of a running service come to their end: the log says so in time. */
#ifndef PROXY_PROCESS_MASTER_DATES_H
#define PROXY_PROCESS_MASTER_DATES_H

#include <time.h>

#include "proxy/config/config.h"

/*
 * Logs what certificates have come near their end, or to it, since the last look at `*checked`, which is 0 at first:
 * what was so when the configuration was read is among its notes. To be called again in as many milliseconds as it
 * returns, or sooner.
 */
int master_dates_check(const struct config *, time_t *checked);

#endif
