/* What a start would meet on this machine, for popgate -t. */
#ifndef PROXY_PROCESS_MASTER_TRY_H
#define PROXY_PROCESS_MASTER_TRY_H

#include "proxy/config/config.h"

/*
 * Notes each address that cannot be listened on now, a spool_dir that `user` cannot write to, and keys whose handshakes
 * cost much. Leaves nothing open.
 */
void master_try(const struct config *, struct error *notes);

#endif
