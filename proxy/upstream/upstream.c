/* Addresses of an upstream, one after the other. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/net/tls.h"
#include "proxy/upstream/upstream.h"

enum { KNOWN_FOR = 3600 * 1000 /* milliseconds */ };

/* Commands are small, and what follows one does not wait for the acknowledgement of the one before. */
static int
open_socket(const struct config_address *address)
{
    const int on = 1;
    int       fd = socket(address->sockaddr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

/* The next address, unless the one in use is due once more. */
static void
take_turn(struct upstream_attempt *attempt)
{
    const struct upstream *upstream = attempt->upstream;

    if (attempt->turn == UPSTREAM_TURN_DUE) {
        attempt->turn = UPSTREAM_TURN_SECOND;
        return;
    }
    attempt->turn  = UPSTREAM_TURN_FIRST;
    attempt->index = (unsigned)((upstream->preferred + attempt->tried) % upstream->target.addresses->count);
    attempt->tried++;
}

int
upstream_connect(struct upstream_attempt *attempt)
{
    const struct config_address *address;
    int                          fd, error;

    assert(!upstream_exhausted(attempt));
    take_turn(attempt);
    address = upstream_address(attempt);
    if (address->len == 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    fd = open_socket(address);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&address->sockaddr, address->len) == 0 || errno == EINPROGRESS)
        return fd;
    error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

const char *
upstream_fault(const struct upstream_attempt *attempt, int error)
{
    return upstream_address(attempt)->len == 0 ? "its name has not been found yet" : strerrordesc_np(error);
}

bool
upstream_exhausted(const struct upstream_attempt *attempt)
{
    return attempt->turn != UPSTREAM_TURN_DUE && attempt->tried >= attempt->upstream->target.addresses->count;
}

const struct config_address *
upstream_address(const struct upstream_attempt *attempt)
{
    return &attempt->upstream->target.addresses->items[attempt->index];
}

static const char *
tls_name(const struct upstream_attempt *attempt)
{
    const char *name = attempt->upstream->target.tls_name;

    return name != NULL ? name : upstream_address(attempt)->host;
}

struct tls_remote *
upstream_remote(const struct upstream_attempt *attempt)
{
    struct upstream    *upstream = attempt->upstream;
    struct tls_remote **remote;

    if (upstream->remotes == NULL)
        upstream->remotes = memory_new(upstream->target.addresses->count * sizeof(*remote));
    remote = &upstream->remotes[attempt->index];
    if (*remote == NULL)
        *remote = tls_remote_new(upstream->target.context, span_of(tls_name(attempt)));
    return *remote;
}

void
upstream_release(struct upstream *upstream)
{
    for (size_t i = 0; upstream->remotes != NULL && i < upstream->target.addresses->count; i++)
        tls_remote_free(&upstream->remotes[i]);
    free(upstream->remotes);
    upstream->remotes = NULL;
}

bool
upstream_try_again(struct upstream_attempt *attempt)
{
    if (attempt->turn != UPSTREAM_TURN_FIRST)
        return false;
    attempt->turn = UPSTREAM_TURN_DUE;
    return true;
}

/* Nothing is known of the server there. What TLS has of each stays. */
static void
begin_with(struct upstream *upstream, size_t index)
{
    *upstream = (struct upstream){.target = upstream->target, .preferred = index, .remotes = upstream->remotes};
}

void
upstream_works(struct upstream_attempt *attempt)
{
    struct upstream *upstream = attempt->upstream;

    if (upstream->preferred != attempt->index)
        begin_with(upstream, attempt->index);
}

void
upstream_forget(struct upstream_attempt *attempt)
{
    struct upstream *upstream = attempt->upstream;

    if (upstream->preferred == attempt->index)
        begin_with(upstream, attempt->index);
}

static bool
is_of_server_in_use(const struct upstream_attempt *attempt)
{
    return attempt->upstream->preferred == attempt->index;
}

void
upstream_note_pipelining(struct upstream_attempt *attempt, bool pipelines, int64_t now)
{
    if (!is_of_server_in_use(attempt))
        return;
    attempt->upstream->pipelines = pipelines;
    attempt->upstream->pipelined = now;
}

void
upstream_note_user(struct upstream_attempt *attempt, bool taken)
{
    if (is_of_server_in_use(attempt))
        attempt->upstream->takes_user = taken;
}

bool
upstream_pipelines(const struct upstream_attempt *attempt, int64_t now)
{
    const struct upstream *upstream = attempt->upstream;

    return is_of_server_in_use(attempt) && upstream->pipelines && now - upstream->pipelined < KNOWN_FOR;
}

bool
upstream_takes_user(const struct upstream_attempt *attempt)
{
    return is_of_server_in_use(attempt) && attempt->upstream->takes_user;
}

void
upstream_note_command(struct upstream_attempt *attempt, enum upstream_command command, bool taken, int64_t now)
{
    if (is_of_server_in_use(attempt))
        attempt->upstream->refused[command] = taken ? 0 : now;
}

bool
upstream_refuses(const struct upstream_attempt *attempt, enum upstream_command command, int64_t now)
{
    int64_t refused = attempt->upstream->refused[command];

    return is_of_server_in_use(attempt) && refused != 0 && now - refused < KNOWN_FOR;
}

void
upstream_spare_uidl(struct upstream_attempt *attempt, bool spare)
{
    if (is_of_server_in_use(attempt))
        attempt->upstream->spares_uidl = spare;
}

bool
upstream_spares_uidl(const struct upstream_attempt *attempt)
{
    return is_of_server_in_use(attempt) && attempt->upstream->spares_uidl;
}
