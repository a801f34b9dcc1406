/*
 * The master's loop: signals come through a descriptor, so that nothing happens in signal context, and every round
 * tries the same moves: do what was signalled, collect the dead, start who is due. Who the children are is in
 * master_child.c, what they share in master_generation.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/count.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/process/master.h"
#include "proxy/process/master_audit.h"
#include "proxy/process/master_child.h"
#include "proxy/process/master_dates.h"
#include "proxy/process/master_generation.h"
#include "proxy/process/master_load.h"
#include "proxy/process/master_log.h"
#include "proxy/process/master_names.h"
#include "proxy/process/master_notify.h"
#include "proxy/process/master_spawn.h"
#include "proxy/shared/admission.h"

enum {
    KILL_MORE_MS = 5000, /* beyond shutdown_timeout, at which workers end by themselves */
    HOUR_MS      = 3600000,
    LAST_MS      = 10000, /* for the auditor to write what the workers left */
};

enum phase {
    PHASE_SERVING,
    PHASE_DRAINING, /* processes of generations end */
    PHASE_LAST,     /* they have: those of the service end */
};

struct master {
    const char               *file; /* proxy.conf */
    struct master_generation *current;
    struct config            *next;    /* read again, and waits for its names; NULL: there is none */
    int64_t                   next_at; /* clock_now(): when it waits no longer */
    struct master_names       names;
    struct master_audit       audit;
    struct master_children    children;
    int                       signal_fd;
    time_t                    dates_checked; /* of certificates */
    sigset_t                  inherited;     /* the mask of blocked signals before the master's */
    enum phase                phase;
    int64_t                   kill_at; /* clock_now(): when those who should have ended are killed */
};

static void
start_child(struct master *master, struct master_child *child)
{
    const struct master_spawn spawn = {
        .children   = &master->children,
        .audit      = &master->audit,
        .generation = master->current,
        .names      = &master->names,
        .signal_fd  = master->signal_fd,
        .inherited  = &master->inherited,
    };

    master_spawn(&spawn, child);
}

/* Makes the children of the current generation, and the auditor if it is needed for the first time. */
static void
add_children(struct master *master)
{
    if (master->audit.count > 0 && master_child_count(&master->children, ROLE_AUDITOR) == 0)
        (void)master_child_new(&master->children, ROLE_AUDITOR, 0);
    for (int64_t i = 0; i < master->current->config->workers; i++)
        (void)master_child_new(&master->children, ROLE_WORKER, master->current->number);
}

/* Tells all that live so long to come to an end in one of its ways. */
static void
end_children(struct master *master, enum role_life life, void (*end)(struct master_child **))
{
    struct master_child *next;

    for (struct master_child *child = LIST_FIRST(&master->children); child != NULL; child = next) {
        next = LIST_NEXT(child, next);
        if (role_row(child->role)->life == life)
            end(&child);
    }
}

static int
open_log(const struct config *config, struct error *error)
{
    if (log_open(config->log, (enum log_level)config->log_level) == 0)
        return 0;
    error_add(error, config->file, 0, "cannot open the log %s: %m", config->log);
    return -1;
}

/* Gives all children that still listen a way to the log, and the files that they write. */
static void
send_files(struct master *master)
{
    struct master_child *child;

    for (child = LIST_FIRST(&master->children); child != NULL; child = LIST_NEXT(child, next)) {
        const struct role_row *row = role_row(child->role);

        if (child->channel < 0)
            continue;
        master_log_give(child);
        if (row->give_files != NULL)
            row->give_files(&master->audit, child->channel);
    }
}

/* A new generation with all it needs; NULL, and the reasons are in the error. */
static struct master_generation *
open_generation(struct master *master, struct config *config, struct error *error)
{
    struct master_generation *generation = master_generation_open(config, master->current, &master->audit, error);

    if (generation != NULL && open_log(config, error) != 0)
        master_generation_close(&generation, master->current);
    return generation;
}

static void
change_generation(struct master *master, struct master_generation *next)
{
    struct master_generation *old = master->current;

    master->current = next;
    end_children(master, ROLE_OF_GENERATION, master_child_drain);
    master_generation_close(&old, next);
    send_files(master);
    add_children(master);
}

static void
log_notes(const struct master *master)
{
    const struct config *config = master->current->config;
    struct error         names  = {0};

    log_lines(LOG_LEVEL_WARNING, bytes_span(&config->notes));
    master_names_note(&master->names, config, &names);
    log_lines(LOG_LEVEL_WARNING, span_of(error_notes(&names)));
    error_free(&names);
}

static void
refuse_next(struct master *master, struct error *error)
{
    log_lines(LOG_LEVEL_ERROR, span_of(error_text(error)));
    log_write(LOG_LEVEL_ERROR, NULL, "%s has errors; the service goes on as it was", master->file);
    config_free(&master->next);
    error_free(error);
    master_notify("READY=1");
}

/* What was read, with the names that are known by now, takes the place of what is in use. */
static void
take_next(struct master *master)
{
    struct error              error = {0};
    struct master_generation *next  = NULL;

    master_names_place(&master->names, master->next, &error);
    if (error.count == 0) {
        next         = open_generation(master, master->next, &error);
        master->next = NULL; /* handed over */
    }
    if (next == NULL) {
        refuse_next(master, &error);
        return;
    }
    change_generation(master, next);
    log_write(LOG_LEVEL_INFO, NULL, "%s was read again: generation %u", master->file, next->number);
    log_notes(master);
    master_notify("READY=1");
}

static void
reload(struct master *master)
{
    struct error error = {0};

    if (master->phase != PHASE_SERVING)
        return;
    master_notify_reloading();
    config_free(&master->next); /* the file is another one now */
    master->next = master_load(master->file, &error);
    if (master->next == NULL) {
        refuse_next(master, &error);
        return;
    }
    error_free(&error);
    master_names_ask(&master->names, master->next);
    master->next_at = clock_now() + MASTER_NAMES_WAIT_MS;
}

/* Workers whose configuration has addresses that those before do not know. The rest of the generation stays. */
static void
renew_workers(struct master *master)
{
    master->current->number++;
    end_children(master, ROLE_OF_GENERATION, master_child_drain);
    add_children(master);
    log_write(LOG_LEVEL_INFO, NULL, "names were found: generation %u", master->current->number);
}

static void
reopen(struct master *master)
{
    if (log_reopen() != 0)
        log_write(LOG_LEVEL_ERROR, NULL, "the log cannot be opened again: %m");
    master_audit_reopen(&master->audit);
    send_files(master);
    log_write(LOG_LEVEL_INFO, NULL, "log files were opened again");
}

/* Ends the service; workers that have not ended in `ms` milliseconds are killed. */
static void
stop(struct master *master, int64_t ms)
{
    if (master->phase == PHASE_LAST)
        return;
    config_free(&master->next);
    if (master->phase == PHASE_SERVING) {
        master_notify("STOPPING=1");
        master_generation_close_sockets(master->current, NULL);
        end_children(master, ROLE_OF_GENERATION, master_child_end);
    }
    master->phase   = PHASE_DRAINING;
    master->kill_at = clock_now() + ms;
}

static void
drain(struct master *master)
{
    if (master->phase != PHASE_SERVING)
        return;
    log_write(LOG_LEVEL_INFO, NULL, "stopping once all sessions have ended");
    stop(master, master->current->config->shutdown_timeout + KILL_MORE_MS);
}

static void
quit(struct master *master)
{
    log_write(LOG_LEVEL_INFO, NULL, "stopping at once");
    stop(master, 0);
}

static const struct {
    int number;
    void (*act)(struct master *);
} acts[] = {
    {SIGHUP, reload}, {SIGUSR1, reopen}, {SIGTERM, drain}, {SIGINT, drain}, {SIGQUIT, quit}, {SIGCHLD, NULL},
};

enum { ACTS = COUNT_OF(acts) };

static int
block_signals(struct master *master)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < ACTS; i++)
        (void)sigaddset(&set, acts[i].number);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, &master->inherited) != 0)
        return -1;
    master->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return master->signal_fd < 0 ? -1 : 0;
}

static void
take_signals(struct master *master)
{
    struct signalfd_siginfo info;

    while (read(master->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        for (size_t i = 0; i < ACTS; i++)
            if (acts[i].number == (int)info.ssi_signo && acts[i].act != NULL)
                acts[i].act(master);
}

/* The sooner of two, in milliseconds; -1: never. */
static int
sooner(int one, int other)
{
    return one < 0 || (other >= 0 && other < one) ? other : one;
}

/* Does what is due of names, and of a configuration that waits for them; returns for how many milliseconds nothing is.
 */
static int
do_names(struct master *master)
{
    const struct config     *config = master->next != NULL ? master->next : master->current->config;
    const struct master_user user   = master->current->users.worker;
    int                      wait;

    if (master->phase != PHASE_SERVING)
        return -1;
    wait = master_names_step(&master->names, config, &user);
    if (master->next == NULL) {
        if (master_names_renew(&master->names, master->current->config))
            renew_workers(master);
        return wait;
    }
    if (!master_names_asking(&master->names, config) || clock_now() >= master->next_at) {
        take_next(master);
        return 0;
    }
    return sooner(wait, (int)(master->next_at - clock_now()));
}

/* Does what is due of starts, ends, the secret behind tickets and certificates' dates; returns for how many
 * milliseconds nothing is. */
static int
do_due(struct master *master)
{
    struct master_child *child;
    int                  start, end, names = do_names(master), ratchet = (int)tls_ratchet();
    int                  dates = master_dates_check(master->current->config, &master->dates_checked);

    while ((child = master_child_due(&master->children, &start)) != NULL)
        start_child(master, child);
    end = master_child_expire(&master->children, master->current->config->drain_timeout);
    return sooner(names, sooner(sooner(ratchet, dates), sooner(start, end)));
}

/* The workers have ended. The auditor ends when the master has closed its ends, and one that died is started for that.
 */
static void
end_last(struct master *master)
{
    int wait;

    if (master->phase != PHASE_LAST)
        master->kill_at = clock_now() + LAST_MS;
    master->phase = PHASE_LAST;
    if (master_child_due(&master->children, &wait) != NULL || wait >= 0)
        return;
    end_children(master, ROLE_OF_SERVICE, master_child_end);
    master_lines_close(&master->audit.lines, NULL);
}

/* The moves of a service that ends. Returns false when all has ended. */
static bool
step_end(struct master *master)
{
    if (master->phase == PHASE_SERVING)
        return true;
    if (clock_now() >= master->kill_at) {
        enum role_life life = master->phase == PHASE_LAST ? ROLE_OF_SERVICE : ROLE_OF_GENERATION;

        end_children(master, life, master_child_end);
        master_child_kill(&master->children, life);
        master->kill_at = clock_now() + KILL_MORE_MS;
    }
    if (!master_child_any(&master->children, ROLE_OF_GENERATION))
        end_last(master);
    return !LIST_EMPTY(&master->children);
}

static void
sleep_until_signal(const struct master *master, int wait)
{
    int64_t left = master->kill_at - clock_now();

    if (master->phase != PHASE_SERVING && (wait < 0 || left < wait))
        wait = left <= 0 ? 0 : left < HOUR_MS ? (int)left : HOUR_MS;
    master_log_wait(&master->children, master->signal_fd, wait);
}

static void
run(struct master *master)
{
    int wait = do_due(master);

    master_notify("READY=1");
    while (step_end(master)) {
        sleep_until_signal(master, wait);
        take_signals(master);
        master_child_receive(&master->children, &master->audit);
        while (master_child_reap(&master->children))
            continue;
        master_lines_forget_read(&master->audit.lines);
        wait = do_due(master);
    }
}

/* Every session takes two descriptors: the workers inherit as many as there may be. */
static void
raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void
close_all(struct master *master)
{
    if (master->current != NULL)
        master_generation_close(&master->current, NULL);
    master_names_close(&master->names);
    master_audit_close_files(&master->audit);
    master_lines_close(&master->audit.lines, NULL);
    if (master->signal_fd >= 0)
        (void)close(master->signal_fd);
}

/* The first line of the log: who is served where. */
static void
log_start(const struct master *master)
{
    const struct config *config = master->current->config;
    struct bytes         text   = {0};

    for (size_t i = 0; i < config->listener_count; i++) {
        bytes_printf(&text, "%s %s on", i > 0 ? ";" : "", config->listeners[i].name);
        for (size_t k = 0; k < config->listeners[i].addresses.count; k++)
            bytes_printf(&text, " %s", config->listeners[i].addresses.items[k].text);
    }
    log_write(LOG_LEVEL_INFO, NULL, "popgate " POPGATE_VERSION " with %s serves%s", master->file, text.data);
    bytes_free(&text);
    log_notes(master);
}

/* The first generation, with the names that are found soon; NULL, and the reasons are in the error. */
static struct master_generation *
open_first(struct master *master, struct config *config, struct error *error)
{
    const struct master_user user = master_user_of_workers(config);

    master_names_wait(&master->names, config, &user);
    master_names_place(&master->names, config, error);
    if (error->count > 0)
        config_free(&config);
    return config != NULL ? open_generation(master, config, error) : NULL;
}

int
master_run(struct config *config, const char *file)
{
    struct master master = {.file = file, .signal_fd = -1};
    struct error  error  = {0};
    int           status = EXIT_FAILURE;

    raise_limits();
    if (admission_start() != 0)
        error_add(&error, NULL, 0, "the system gives no random numbers");
    master.current = open_first(&master, config, &error);
    if (master.current != NULL && block_signals(&master) != 0)
        error_add(&error, NULL, 0, "signals cannot be waited for: %m");
    if (master.current == NULL || error.count > 0) {
        fputs(error_text(&error), stderr);
    } else {
        log_start(&master);
        add_children(&master);
        run(&master);
        log_write(LOG_LEVEL_INFO, NULL, "popgate has ended");
        status = EXIT_SUCCESS;
    }
    close_all(&master);
    error_free(&error);
    return status;
}
