/*
 * From a child that is due to a process: what it inherits, and what it closes of all that a fork() copies.
 */
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/count.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/master_log.h"
#include "proxy/process/master_spawn.h"

/* Gives back what belongs to a generation: a process that outlives it would keep its rules, notes, keys and sockets. */
static void
forget_generation(struct master_generation *generation)
{
    tls_forget();
    master_generation_close(&generation, NULL);
    (void)malloc_trim(0);
}

/* Closes what belongs to the master or to other children; else they would never see the end of their channels. */
static void
close_others(const struct master_spawn *spawn, const struct master_child *self)
{
    bool of_service = role_row(self->role)->life == ROLE_OF_SERVICE;

    for (struct master_child *child = LIST_FIRST(spawn->children); child != NULL; child = LIST_NEXT(child, next)) {
        if (child->channel >= 0)
            (void)close(child->channel);
        if (child->log >= 0)
            (void)close(child->log);
        if (child != self)
            audit_batch_close(&child->batch);
        if (of_service)
            tally_close(&child->tally);
    }
    (void)close(spawn->signal_fd);
    master_names_close(spawn->names);
    master_audit_close_files(spawn->audit);
    if (of_service)
        forget_generation(spawn->generation);
    master_lines_close(&spawn->audit->lines, self->line);
}

/* What a terminal or an init sends to all processes is for the master to act on. */
static void
reset_signals(const struct master_spawn *spawn)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

    for (size_t i = 0; i < COUNT_OF(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)sigprocmask(SIG_SETMASK, spawn->inherited, NULL);
}

/* In the child, which does not return: what the master does at its own end must not happen here. */
static _Noreturn void
become_child(const struct master_spawn *spawn, const struct master_child *self, int control_fd)
{
    const struct role_row   *row    = role_row(self->role);
    const struct master_user user   = *row->user(&spawn->generation->users);
    int                      status = EXIT_FAILURE;

    (void)prctl(PR_SET_NAME, row->process, 0, 0, 0);
    close_others(spawn, self);
    reset_signals(spawn);
    if (master_user_become(&user) != 0)
        log_write(LOG_LEVEL_ERROR, NULL, "privileges cannot be given up: %m");
    else
        status = row->run(spawn, self, control_fd);
    _exit(status);
}

/* Makes a channel, and what the role needs. 0; or -1 with errno. */
static int
equip(const struct master_spawn *spawn, struct master_child *child, int ends[2])
{
    const struct role_row *row = role_row(child->role);

    if (row->equip != NULL && row->equip(spawn, child) != 0)
        return -1;
    return channel_open(ends);
}

void
master_spawn(const struct master_spawn *spawn, struct master_child *child)
{
    int ends[2], log;

    child->started = clock_now();
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
        role_row(child->role)->connect(spawn, child);
    }
}
