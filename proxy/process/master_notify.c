/* systemd's protocol is one datagram: it needs no library. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proxy/log.h"
#include "proxy/process/master_notify.h"

void
master_notify(const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char        *path    = getenv("NOTIFY_SOCKET");
    size_t             len     = path != NULL ? strlen(path) : 0;
    int                fd;

    if (len == 0 || len >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract name */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
        log_write(LOG_LEVEL_WARNING, NULL, "systemd cannot be told \"%s\": %m", state);
    if (fd >= 0)
        (void)close(fd);
}

void
master_notify_reloading(void)
{
    struct timespec now = {0};
    char            state[80];

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    master_notify(state);
}
