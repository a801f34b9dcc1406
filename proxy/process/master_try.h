/* What a start would meet on this machine, for popgate -t. */
#ifndef PROXY_PROCESS_MASTER_TRY_H
#define PROXY_PROCESS_MASTER_TRY_H

#include "proxy/config/config.h"

/*
 * Notes each address that cannot be listened on now, a server whose name is not found now, a spool_dir that `user`
 * cannot write to, and keys whose handshakes cost much. A name that is found and leads to a loop is an error. Leaves
 * nothing open.
 */
void master_try(struct config *, struct error *);

#endif
