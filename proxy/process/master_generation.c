/* Opening and closing what a generation of workers shares. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/log.h"
#include "proxy/process/master_generation.h"

/*
 * What a listening socket is told goes for those that it accepts, too, and costs them nothing: no small reply waits for
 * an acknowledgement of the one before, and a client that is gone without a word is found out, in time.
 */
static bool
set_options(int fd)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == 0;
}

static int
bind_to(int fd, const struct config_address *address)
{
    const int on = 1;

    if (!set_options(fd))
        return -1;
    if (address->sockaddr.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return -1;
    return bind(fd, (const struct sockaddr *)&address->sockaddr, address->len);
}

/* For -1, with errno as it was. */
static int
close_failed(int fd)
{
    int why = errno;

    (void)close(fd);
    errno = why;
    return -1;
}

int
master_generation_bind(const struct config_address *address)
{
    int fd = socket(address->sockaddr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind_to(fd, address) != 0 ? close_failed(fd) : fd;
}

/* A socket that listens; or -1 with errno. */
static int
open_socket(const struct config_address *address)
{
    int fd = master_generation_bind(address);

    return fd >= 0 && listen(fd, SOMAXCONN) != 0 ? close_failed(fd) : fd;
}

/* The socket that listens on the address; -1 if there is none. */
static int
find_socket(const struct master_generation *generation, const struct config_address *address)
{
    for (size_t i = 0; generation != NULL && i < generation->socket_count; i++)
        if (generation->addresses[i]->len == address->len &&
            memcmp(&generation->addresses[i]->sockaddr, &address->sockaddr, address->len) == 0)
            return generation->sockets[i].fd;
    return -1;
}

/* Whoever has the socket may have ended its listening for all, or let a filter drop those who connect. */
static bool
listens_to_all(int fd)
{
    int       listens = 0;
    socklen_t len = sizeof(listens), filter = 0;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens != 0 &&
           getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &filter) == 0 && filter == 0;
}

/* The old generation's socket for the address; -1 if there is none, or a worker has harmed it. */
static int
find_sound_socket(const struct master_generation *old, const struct config_listener *listener,
                  const struct config_address *address)
{
    int fd = find_socket(old, address);

    if (fd < 0 || listens_to_all(fd))
        return fd;
    log_write(LOG_LEVEL_ERROR, NULL, "listener %s: the socket of %s no longer listened to all: it is made again",
              listener->name, address->text);
    (void)shutdown(fd, SHUT_RDWR);
    return -1;
}

static bool
has_socket(const struct master_generation *generation, int fd)
{
    for (size_t i = 0; generation != NULL && i < generation->socket_count; i++)
        if (generation->sockets[i].fd == fd)
            return true;
    return false;
}

static void
add_socket(struct master_generation *generation, const struct config_listener *listener,
           const struct config_address *address, int fd)
{
    size_t count = generation->socket_count + 1;

    generation->sockets   = memory_resize_array(generation->sockets, count, sizeof(generation->sockets[0]));
    generation->addresses = memory_resize_array(generation->addresses, count, sizeof(generation->addresses[0]));
    generation->sockets[count - 1]   = (struct worker_socket){.fd = fd, .listener = listener};
    generation->addresses[count - 1] = address;
    generation->socket_count         = count;
}

static void
open_sockets(struct master_generation *generation, const struct config_listener *listener,
             const struct master_generation *old, struct error *error)
{
    for (size_t i = 0; i < listener->addresses.count; i++) {
        const struct config_address *address = &listener->addresses.items[i];
        int                          fd      = find_sound_socket(old, listener, address);

        if (find_socket(generation, address) >= 0) {
            fd    = -1;
            errno = EADDRINUSE;
        } else if (fd < 0) {
            fd = open_socket(address);
        }
        if (fd < 0)
            error_add(error, listener->file, listener->line, "listener \"%s\": cannot listen on %s: %s", listener->name,
                      address->text, strerror(errno));
        else
            add_socket(generation, listener, address, fd);
    }
}

/* The numbers of the logs that a listener's filters record to. */
static const unsigned *
find_logs(const struct config_listener *listener, struct master_audit *audit, size_t *count, struct error *error)
{
    size_t       most  = listener->filters.count;
    const char **paths = memory_resize_array(NULL, most, sizeof(paths[0]));
    unsigned    *ids   = memory_resize_array(NULL, most, sizeof(ids[0]));
    size_t       found = config_audit_paths(listener, paths, most);

    *count = 0;
    for (size_t i = 0; i < found && i < most; i++) {
        int id = master_audit_find(audit, paths[i]);

        if (id < 0)
            error_add(error, listener->file, listener->line, "listener \"%s\": cannot open the audit log %s: %s",
                      listener->name, paths[i], strerror(errno));
        else
            ids[(*count)++] = (unsigned)id;
    }
    free(paths);
    return ids;
}

static void
open_logs(struct master_generation *generation, struct master_audit *audit, struct error *error)
{
    const struct config *config = generation->config;

    generation->audit_ids    = memory_resize_array(NULL, config->listener_count, sizeof(generation->audit_ids[0]));
    generation->audit_counts = memory_resize_array(NULL, config->listener_count, sizeof(generation->audit_counts[0]));
    for (size_t i = 0; i < config->listener_count; i++)
        generation->audit_ids[i] = find_logs(&config->listeners[i], audit, &generation->audit_counts[i], error);
}

/*
 * What is known of a message when TOP is sent decides how much of it is asked for, and has to be known when the answer
 * comes: commands that are pipelined must not push each other's notes out.
 */
enum { NOTES_MIN = 1024 * 1024 };

static void
open_notes(struct master_generation *generation, struct error *error)
{
    const struct config *config = generation->config;
    bool                 wanted = false;

    for (size_t i = 0; i < config->listener_count; i++)
        wanted = chain_remembers(&config->listeners[i].chain) || wanted;
    if (!wanted || config->verdict_cache == 0)
        return;
    generation->notes = notes_open(config->verdict_cache > NOTES_MIN ? config->verdict_cache : NOTES_MIN);
    if (generation->notes == NULL)
        error_add(error, config->file, 0, "verdict_cache: cannot have %" PRId64 " octets of shared memory: %s",
                  config->verdict_cache, strerror(errno));
}

void
master_generation_close_sockets(struct master_generation *generation, const struct master_generation *kept)
{
    for (size_t i = 0; i < generation->socket_count; i++)
        if (!has_socket(kept, generation->sockets[i].fd))
            (void)close(generation->sockets[i].fd);
    generation->socket_count = 0;
}

void
master_generation_close(struct master_generation **pointer, const struct master_generation *kept)
{
    struct master_generation *generation = *pointer;

    *pointer = NULL;
    master_generation_close_sockets(generation, kept);
    for (size_t i = 0; i < generation->config->listener_count; i++)
        free((void *)generation->audit_ids[i]);
    free(generation->audit_ids);
    free(generation->audit_counts);
    free(generation->sockets);
    free(generation->addresses);
    notes_close(&generation->notes);
    config_free(&generation->config);
    free(generation);
}

struct master_generation *
master_generation_open(struct config *config, const struct master_generation *old, struct master_audit *audit,
                       struct error *error)
{
    struct master_generation *generation = memory_new(sizeof(*generation));
    size_t                    before     = error->count;

    generation->number = old != NULL ? old->number + 1 : 1;
    generation->config = config;
    master_users_find(&generation->users, config, error);
    for (size_t i = 0; i < config->listener_count; i++)
        open_sockets(generation, &config->listeners[i], old, error);
    open_logs(generation, audit, error);
    open_notes(generation, error);
    if (error->count > before)
        master_generation_close(&generation, old);
    return generation;
}
