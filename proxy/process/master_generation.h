/*
 * All that the workers started from one reading of proxy.conf share: the configuration, the listening sockets, the
 * numbers of their audit logs, the notes on messages, and who they become. A generation is opened as a whole or not at
 * all.
 */
#ifndef PROXY_PROCESS_MASTER_GENERATION_H
#define PROXY_PROCESS_MASTER_GENERATION_H

#include "proxy/config/config.h"
#include "proxy/process/master_audit.h"
#include "proxy/process/master_user.h"
#include "proxy/process/worker.h"

struct master_generation {
    unsigned                      number; /* from 1 */
    struct config                *config;
    struct master_users           users;
    struct worker_socket         *sockets;
    const struct config_address **addresses; /* of the sockets, in their order */
    size_t                        socket_count;
    const unsigned              **audit_ids; /* for each listener, in the configuration's order */
    size_t                       *audit_counts;
    struct notes                 *notes; /* NULL: no filter keeps any, or verdict_cache is 0 */
};

/*
 * Opens what `config` asks for; the configuration becomes the generation's, or is freed. A socket of `old` (NULL: there
 * is none) whose address is still asked for is used again, so that no connection that waits in it is lost, unless a
 * worker has made it deaf: then there is a new one. NULL with
 * every mistake in the error, and then all of `old` is as it was.
 */
struct master_generation *master_generation_open(struct config *config, const struct master_generation *old,
                                                 struct master_audit *, struct error *);

/* A socket that is bound to the address and does not listen; or -1 with errno. */
int master_generation_bind(const struct config_address *);

/* Closes the sockets, but for those that `kept` (NULL: none) uses as well. */
void master_generation_close_sockets(struct master_generation *, const struct master_generation *kept);

/* Closes the sockets likewise, frees all, and sets it to NULL. */
void master_generation_close(struct master_generation **, const struct master_generation *kept);

#endif
