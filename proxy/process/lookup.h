/*
 * The addresses of one name, asked for in a process of its own, which may wait for DNS as it likes: it has become the
 * workers' user, knows nothing but the name, and ends with its answer or after half a minute.
 */
#ifndef PROXY_PROCESS_LOOKUP_H
#define PROXY_PROCESS_LOOKUP_H

#include <stddef.h>
#include <sys/socket.h>

#include "proxy/process/master_user.h"

enum { LOOKUP_ADDRESSES_MAX = 64 };

struct lookup_answer {
    const char             *why; /* why there are no addresses, in static words; NULL: there are some */
    size_t                  count;
    struct sockaddr_storage found[LOOKUP_ADDRESSES_MAX]; /* AF_INET or AF_INET6, in the order of getaddrinfo(3) */
};

/* Starts the process. Returns where its answer comes, which lookup_take() closes; SIGCHLD says that it has come, too.
 * -1 with errno. */
int lookup_start(const char *host, const struct master_user *);

/* Takes the answer and closes `fd`; false: there is none yet. */
bool lookup_take(int fd, struct lookup_answer *);

#endif
