/*
 * From a child that is due to a process: what it inherits, and what it closes of all that a fork() copies.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/auditor.h"
#include "proxy/process/master_log.h"
#include "proxy/process/master_spawn.h"
#include "proxy/process/worker.h"
#include "proxy/shared/admission.h"

/*
 * Closes what belongs to the master or to other children; else they would never see the end of their channels, and the
 * auditor, which outlives generations, would keep the memory of the first one's notes.
 */
static void
close_others(const struct master_spawn *spawn, const struct master_child *self)
{
    for (struct master_child *child = LIST_FIRST(spawn->children); child != NULL; child = LIST_NEXT(child, next)) {
        if (child->channel >= 0)
            (void)close(child->channel);
        if (child->log >= 0)
            (void)close(child->log);
        if (child != self)
            audit_batch_close(&child->batch);
        if (self->role == MASTER_AUDITOR)
            tally_close(&child->tally);
    }
    (void)close(spawn->signal_fd);
    master_audit_close_files(spawn->audit);
    if (self->role == MASTER_AUDITOR) {
        tls_forget();
        master_generation_close_sockets(spawn->generation, NULL);
        notes_close(&spawn->generation->notes);
    }
    master_lines_close(&spawn->audit->lines, self->line);
}

/* What a terminal or an init sends to all processes is for the master to act on. */
static void
reset_signals(const struct master_spawn *spawn)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigprocmask(SIG_SETMASK, spawn->inherited, NULL);
}

static int
run_worker(const struct master_spawn *spawn, const struct master_child *self, int control_fd, int audit_fd)
{
    const struct master_generation *generation = spawn->generation;
    size_t                          workers    = master_child_count(spawn->children, MASTER_WORKER);
    struct tally                  **tallies    = memory_new(workers * sizeof(struct tally *));
    const struct worker_start       start      = {
                   .config       = generation->config,
                   .sockets      = generation->sockets,
                   .socket_count = generation->socket_count,
                   .audit_ids    = generation->audit_ids,
                   .audit_counts = generation->audit_counts,
                   .notes        = generation->notes,
                   .tally        = self->tally,
                   .tallies      = tallies,
                   .tally_count  = master_child_tallies(spawn->children, tallies),
                   .audit_fd     = audit_fd,
                   .audit_batch  = self->batch,
                   .control_fd   = control_fd,
    };

    int status = worker_run(&start);

    free(tallies);
    return status;
}

/* In the child, which does not return: nothing of the master's own end is to happen here. */
static _Noreturn void
become_child(const struct master_spawn *spawn, const struct master_child *self, int control_fd)
{
    const struct master_users *users    = &spawn->generation->users;
    const struct master_user  *user     = self->role == MASTER_AUDITOR ? &users->auditor : &users->worker;
    int                        audit_fd = self->line != NULL ? self->line->worker_fd : -1;
    int                        status   = EXIT_FAILURE;

    (void)prctl(PR_SET_NAME, self->role == MASTER_AUDITOR ? "popgate-auditor" : "popgate-worker", 0, 0, 0);
    close_others(spawn, self);
    reset_signals(spawn);
    if (master_user_become(user) != 0)
        log_write(LOG_LEVEL_ERROR, NULL, "privileges cannot be given up: %m");
    else if (self->role == MASTER_AUDITOR)
        status = auditor_run(control_fd);
    else
        status = run_worker(spawn, self, control_fd, audit_fd);
    _exit(status);
}

/* Each worker inherits the tallies of all: they are there before the first one starts. 0; or -1 with errno. */
static int
make_tallies(const struct master_spawn *spawn)
{
    for (struct master_child *child = LIST_FIRST(spawn->children); child != NULL; child = LIST_NEXT(child, next))
        if (child->role == MASTER_WORKER && child->tally == NULL &&
            (child->tally = admission_tally(spawn->generation->config)) == NULL)
            return -1;
    return 0;
}

/* A channel, and a worker's batch and line, which a new process for it inherits. 0; or -1 with errno. */
static int
equip(const struct master_spawn *spawn, struct master_child *child, int ends[2])
{
    bool recorded = child->role == MASTER_WORKER && spawn->audit->count > 0;

    if (make_tallies(spawn) != 0)
        return -1;
    if (recorded && child->batch == NULL && (child->batch = audit_batch_open()) == NULL)
        return -1;
    if (recorded && child->line == NULL && (child->line = master_line_open(&spawn->audit->lines)) == NULL)
        return -1;
    return channel_open(ends);
}

/* Once there is a process: what makes a line of it and the auditor. */
static void
connect_lines(const struct master_spawn *spawn, struct master_child *child)
{
    const struct master_child *auditor = LIST_FIRST(spawn->children);

    if (child->role == MASTER_AUDITOR) {
        master_audit_send(spawn->audit, child->channel);
        master_audit_send_lines(spawn->audit, child->channel);
    } else if (child->line != NULL) {
        child->line->worker = child->pid;
        while (auditor != NULL && auditor->role != MASTER_AUDITOR)
            auditor = LIST_NEXT(auditor, next);
        if (auditor != NULL && auditor->channel >= 0)
            master_audit_send_line(child->line, auditor->channel);
    }
}

void
master_spawn(const struct master_spawn *spawn, struct master_child *child)
{
    int ends[2], log;

    child->started = clock_now();
    if (child->role == MASTER_AUDITOR && master_users_are_one(&spawn->generation->users))
        log_write(LOG_LEVEL_WARNING, NULL,
                  "the auditor runs as the workers' user, and a worker that was taken over could stop it: make the "
                  "account popgate-audit, or set audit_user");
    if (equip(spawn, child, ends) != 0) {
        log_write(LOG_LEVEL_ERROR, NULL, "no channel to a child, or no memory: %m");
        (void)master_child_defer(spawn->children, child);
        return;
    }
    log        = master_log_open(child);
    child->pid = fork();
    if (child->pid == 0) {
        if (log >= 0)
            log_adopt(log);
        (void)close(ends[0]);
        become_child(spawn, child, ends[1]);
    }
    (void)close(ends[1]);
    if (log >= 0)
        (void)close(log);
    child->channel = ends[0];
    if (child->pid < 0) {
        log_write(LOG_LEVEL_ERROR, NULL, "no process for a child: %m");
        (void)master_child_defer(spawn->children, child);
    } else {
        connect_lines(spawn, child);
    }
}
