/* One worker process: accepts, runs its sessions, and drains when the master's channel ends. */
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/net/tls.h"
#include "proxy/process/worker.h"
#include "proxy/process/worker_accept.h"
#include "proxy/process/worker_memory.h"
#include "proxy/session/session.h"

enum {
    AUDIT_GRACE = 2000, /* milliseconds for the auditor to take the last records */
};

struct worker {
    struct session_host        host;
    const struct worker_start *start;
    struct admission           admission;
    struct worker_accept      *accept;
    struct event              *control;
    struct event              *deadline; /* of the shutdown */
    struct event              *ratchet;  /* of the secret behind tickets, whether anybody connects or not */
    bool                       draining;
};

/* A session has gone. The last one of a worker that drains ends it. */
static void
end_if_drained(struct worker *worker)
{
    if (worker->draining && worker->host.count == 0)
        (void)event_base_loopbreak(worker->host.base);
}

static void
note_gone(struct session_host *host, const struct admission_seat *seat)
{
    struct worker *worker = container_of(host, struct worker, host);

    admission_leave(&worker->admission, seat);
    worker_accept_note_room(worker->accept);
    worker_memory_give_back(host->count);
    end_if_drained(worker);
}

/* The time that sessions had to end by themselves is over, by this key. */
static void
close_sessions(struct worker *worker, const char *key, const char *reason)
{
    log_write(LOG_LEVEL_WARNING, NULL, "%s is over: %zu sessions are closed", key, worker->host.count);
    session_close_all(&worker->host, reason);
    (void)event_base_loopbreak(worker->host.base);
}

static void
end_shutdown(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    close_sessions(context, "shutdown_timeout", "shut down (shutdown_timeout)");
}

static void
end_drain(struct worker *worker)
{
    close_sessions(worker, "drain_timeout", "replaced by a reload (drain_timeout)");
}

/* Begins to drain; does nothing in a worker that drains already. */
static void
start_drain(struct worker *worker)
{
    if (worker->draining)
        return;
    worker->draining = true;
    worker_accept_stop(worker->accept);
    log_write(LOG_LEVEL_DEBUG, NULL, "draining %zu sessions", worker->host.count);
    end_if_drained(worker);
}

/* The service ends, or the master has died. */
static void
start_shutdown(struct worker *worker)
{
    int64_t              limit = worker->start->config->shutdown_timeout;
    const struct timeval time  = {.tv_sec = limit / 1000, .tv_usec = limit % 1000 * 1000};

    (void)event_del(worker->control);
    (void)evtimer_add(worker->deadline, &time);
    start_drain(worker);
}

static void
act_on(struct worker *worker, const struct channel_frame *frame)
{
    static void (*const acts[CHANNEL_TYPES])(struct worker *) = {
        [CHANNEL_DRAIN]   = start_drain,
        [CHANNEL_EXPIRED] = end_drain,
    };

    if (frame->type == CHANNEL_LOG)
        log_adopt(frame->descriptor);
    else if (frame->descriptor >= 0)
        (void)close(frame->descriptor);
    else if (acts[frame->type] != NULL)
        acts[frame->type](worker);
}

static void
read_channel(evutil_socket_t fd, short what, void *context)
{
    struct worker       *worker = context;
    struct channel_frame frame;
    enum channel_result  result;

    (void)what;
    while ((result = channel_receive(fd, CHANNEL_CHILD, &frame)) == CHANNEL_FRAME)
        act_on(worker, &frame);
    if (result != CHANNEL_EMPTY)
        start_shutdown(worker);
}

static void
ratchet(evutil_socket_t fd, short what, void *context)
{
    struct worker       *worker = context;
    int64_t              due    = tls_ratchet();
    const struct timeval time   = {.tv_sec = due / 1000, .tv_usec = due % 1000 * 1000};

    (void)fd;
    (void)what;
    (void)evtimer_add(worker->ratchet, &time);
}

/* Signals are the master's business; those to a whole group must not take workers with sessions away. */
static void
leave_signals_to_master(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE};

    for (size_t i = 0; i < COUNT_OF(signals); i++)
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

    worker->control  = event_new(base, start->control_fd, EV_READ | EV_PERSIST, read_channel, worker);
    worker->deadline = evtimer_new(base, end_shutdown, worker);
    worker->ratchet  = evtimer_new(base, ratchet, worker);
    worker->accept   = worker_accept_new(&worker->host, start, &worker->admission);
    return worker->control != NULL && worker->deadline != NULL && worker->ratchet != NULL && worker->accept != NULL &&
           event_add(worker->control, NULL) == 0;
}

/* Its share of what all workers may have at a time. */
static size_t
handshakes_of_one(const struct config *config)
{
    return (size_t)((config->max_handshakes + config->workers - 1) / config->workers);
}

static bool
set_up(struct worker *worker)
{
    const struct config *config = worker->start->config;

    worker->host = (struct session_host){
        .base       = make_base(),
        .budget     = {.limit = config->hold_memory, .spool_dir = config->spool_dir},
        .config     = config,
        .notes      = worker->start->notes,
        .handshakes = handshakes_of_one(config),
        .gone       = note_gone,
    };
    session_host_start(&worker->host);
    worker->admission      = (struct admission){.config = config,
                                                .own    = worker->start->tally,
                                                .all    = worker->start->tallies,
                                                .count  = worker->start->tally_count};
    worker->host.upstreams = memory_new(config->upstream_count * sizeof(struct upstream));
    for (size_t i = 0; i < config->upstream_count; i++)
        worker->host.upstreams[i].target = target_of(&config->upstreams[i]);
    if (RAND_bytes((unsigned char *)&worker->host.tag, sizeof(worker->host.tag)) != 1 || worker->host.base == NULL ||
        !make_events(worker))
        return false;
    return worker->start->audit_batch == NULL ||
           audit_start(worker->host.base, worker->start->audit_fd, worker->start->audit_batch) == 0;
}

/* Tests spool_dir once privileges are gone: better to know today than when memory runs short. */
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
    worker_accept_free(&worker->accept);
    event_free(worker->control);
    event_free(worker->deadline);
    event_free(worker->ratchet);
    for (size_t i = 0; i < worker->host.config->upstream_count; i++)
        upstream_release(&worker->host.upstreams[i]);
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
    worker_accept_start(worker.accept);
    ratchet(-1, 0, &worker);
    (void)event_base_dispatch(worker.host.base);
    if (start->audit_batch != NULL)
        audit_stop(AUDIT_GRACE);
    tear_down(&worker);
    return EXIT_SUCCESS;
}
