/* One worker process: accepts, runs its sessions, and drains when the master's channel ends. */
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/channel.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/session.h"
#include "proxy/worker.h"
#include "proxy/worker_memory.h"

enum {
    ACCEPTS     = 16,   /* at once; then those that are connected have their turn */
    PAUSE       = 200,  /* milliseconds without accepting, when there is no descriptor left */
    AUDIT_GRACE = 2000, /* milliseconds for the auditor to take the last records */
};

struct worker;

/* A listening socket in this worker's event loop. */
struct ear {
    struct worker              *worker;
    const struct worker_socket *socket;
    struct audit_logs           logs;
    struct event               *event;
};

struct worker {
    struct session_host        host;
    const struct worker_start *start;
    struct ear                *ears;
    struct event              *control;
    struct event              *pause;    /* accepts again when it goes off */
    struct event              *deadline; /* of the drain */
    bool                       draining;
};

/* Level-triggered: what one worker leaves, it or another takes at the next turn of the loop. */
static void
listen_again(struct worker *worker, bool on)
{
    for (size_t i = 0; i < worker->start->socket_count; i++)
        (void)(on ? event_add(worker->ears[i].event, NULL) : event_del(worker->ears[i].event));
}

/* Out of descriptors: those who wait are served when sessions have ended, and nobody spins meanwhile. */
static void
pause_accepting(struct worker *worker, int error)
{
    const struct timeval time = {.tv_usec = PAUSE * 1000};

    if (!evtimer_pending(worker->pause, NULL))
        log_write(LOG_LEVEL_ERROR, NULL, "accepting connections: %s; %zu sessions are open: raise LimitNOFILE",
                  strerrordesc_np(error), worker->host.count);
    listen_again(worker, false);
    (void)evtimer_add(worker->pause, &time);
}

static void
end_pause(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;

    (void)fd;
    (void)what;
    if (!worker->draining)
        listen_again(worker, true);
}

static bool
is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void
accept_clients(evutil_socket_t fd, short what, void *context)
{
    struct ear             *ear = context;
    struct sockaddr_storage client;

    (void)what;
    for (int i = 0; i < ACCEPTS; i++) {
        socklen_t len    = sizeof(client);
        int       socket = accept4(fd, (struct sockaddr *)&client, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (socket < 0 && is_shortage(errno))
            pause_accepting(ear->worker, errno);
        if (socket < 0)
            return;
        session_open(&ear->worker->host, ear->socket->listener, &ear->logs, socket, (struct sockaddr *)&client);
    }
}

/* A session has gone. The last one of a worker that drains ends it. */
static void
count_down(struct session_host *host)
{
    struct worker *worker = container_of(host, struct worker, host);

    worker_memory_give_back(host->count);
    if (worker->draining && host->count == 0)
        (void)event_base_loopbreak(host->base);
}

static void
end_drain(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;

    (void)fd;
    (void)what;
    log_write(LOG_LEVEL_WARNING, NULL, "shutdown_timeout is over: %zu sessions are closed", worker->host.count);
    session_close_all(&worker->host, "shut down (shutdown_timeout)");
    (void)event_base_loopbreak(worker->host.base);
}

/* Closed, and not only left alone: else clients wait in vain where nobody listens any more, and a new master could not
 * bind. */
static void
stop_listening(struct worker *worker)
{
    listen_again(worker, false);
    for (size_t i = 0; i < worker->start->socket_count; i++)
        (void)close(worker->ears[i].socket->fd);
}

static void
start_drain(struct worker *worker)
{
    int64_t              limit = worker->start->config->shutdown_timeout;
    const struct timeval time  = {.tv_sec = limit / 1000, .tv_usec = limit % 1000 * 1000};

    worker->draining = true;
    stop_listening(worker);
    (void)event_del(worker->control);
    (void)evtimer_add(worker->deadline, &time);
    log_write(LOG_LEVEL_DEBUG, NULL, "draining %zu sessions", worker->host.count);
    count_down(&worker->host);
}

/* The master's word: a new log file, or, at the end of the channel, to drain. */
static void
hear_master(evutil_socket_t fd, short what, void *context)
{
    struct worker *worker = context;
    unsigned       word;
    int            descriptor, result;

    (void)what;
    while ((result = channel_receive(fd, &word, &descriptor)) > 0) {
        if (descriptor >= 0 && word == CHANNEL_LOG)
            log_adopt(descriptor);
        else if (descriptor >= 0)
            (void)close(descriptor);
    }
    if (result == 0 || errno != EAGAIN)
        start_drain(worker);
}

/* Signals are the master's business; those to a whole group must not take workers with sessions away. */
static void
leave_signals_to_master(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE};

    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        (void)signal(signals[i], SIG_IGN);
}

static struct event_base *
make_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base   *base   = NULL;

    if (config != NULL && event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static bool
make_events(struct worker *worker)
{
    struct event_base         *base  = worker->host.base;
    const struct worker_start *start = worker->start;

    worker->control  = event_new(base, start->control_fd, EV_READ | EV_PERSIST, hear_master, worker);
    worker->pause    = evtimer_new(base, end_pause, worker);
    worker->deadline = evtimer_new(base, end_drain, worker);
    worker->ears     = memory_new(start->socket_count * sizeof(*worker->ears));
    for (size_t i = 0; i < start->socket_count; i++) {
        struct ear *ear      = &worker->ears[i];
        size_t      listener = (size_t)(start->sockets[i].listener - start->config->listeners);

        ear->worker = worker;
        ear->socket = &start->sockets[i];
        ear->logs   = (struct audit_logs){start->audit_ids[listener], start->audit_counts[listener]};
        ear->event  = event_new(base, ear->socket->fd, EV_READ | EV_PERSIST, accept_clients, ear);
        if (ear->event == NULL)
            return false;
    }
    return worker->control != NULL && worker->pause != NULL && worker->deadline != NULL &&
           event_add(worker->control, NULL) == 0;
}

static bool
set_up(struct worker *worker)
{
    const struct config *config = worker->start->config;

    worker->host = (struct session_host){
        .base   = make_base(),
        .budget = {.limit = config->hold_memory, .spool_dir = config->spool_dir},
        .config = config,
        .notes  = worker->start->notes,
        .gone   = count_down,
    };
    TAILQ_INIT(&worker->host.sessions);
    worker->host.upstreams = memory_new(config->upstream_count * sizeof(struct upstream));
    for (size_t i = 0; i < config->upstream_count; i++)
        worker->host.upstreams[i].config = &config->upstreams[i];
    if (RAND_bytes((unsigned char *)&worker->host.tag, sizeof(worker->host.tag)) != 1 || worker->host.base == NULL ||
        !make_events(worker))
        return false;
    return worker->start->audit_batch == NULL ||
           audit_start(worker->host.base, worker->start->audit_fd, worker->start->audit_batch) == 0;
}

/* Privileges are gone by now: better to know today than when memory runs short. */
static void
check_spool(const struct config *config)
{
    if (access(config->spool_dir, W_OK | X_OK) != 0 && errno != ENOENT)
        log_write(LOG_LEVEL_WARNING, NULL, "spool_dir %s cannot be written to by user %s: %s", config->spool_dir,
                  config->user, strerrordesc_np(errno));
}

static void
tear_down(struct worker *worker)
{
    for (size_t i = 0; i < worker->start->socket_count; i++)
        event_free(worker->ears[i].event);
    event_free(worker->control);
    event_free(worker->pause);
    event_free(worker->deadline);
    free(worker->ears);
    free(worker->host.upstreams);
    event_base_free(worker->host.base);
}

int
worker_run(const struct worker_start *start)
{
    struct worker worker = {.start = start};

    leave_signals_to_master();
    worker_memory_start();
    if (!set_up(&worker)) {
        log_write(LOG_LEVEL_ERROR, NULL, "the event loop could not be set up");
        return EXIT_FAILURE;
    }
    check_spool(start->config);
    listen_again(&worker, true);
    (void)event_base_dispatch(worker.host.base);
    if (start->audit_batch != NULL)
        audit_stop(AUDIT_GRACE);
    tear_down(&worker);
    return EXIT_SUCCESS;
}
