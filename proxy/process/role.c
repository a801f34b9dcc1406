/* The table of processes, and what its rows name. */
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "proxy/log.h"
#include "proxy/process/auditor.h"
#include "proxy/process/master_spawn.h"
#include "proxy/process/role.h"
#include "proxy/process/worker.h"
#include "proxy/shared/admission.h"

static const struct master_user *
user_of_worker(const struct master_users *users)
{
    return &users->worker;
}

static const struct master_user *
user_of_auditor(const struct master_users *users)
{
    return &users->auditor;
}

/* Each worker inherits the tallies of all: they are there before the first one starts. */
static int
make_tallies(const struct master_spawn *spawn)
{
    for (struct master_child *child = LIST_FIRST(spawn->children); child != NULL; child = LIST_NEXT(child, next))
        if (child->role == ROLE_WORKER && child->tally == NULL &&
            (child->tally = admission_tally(spawn->generation->config)) == NULL)
            return -1;
    return 0;
}

/* A batch and a line to the auditor, where there is one. */
static int
equip_worker(const struct master_spawn *spawn, struct master_child *child)
{
    bool recorded = spawn->audit->count > 0;

    if (make_tallies(spawn) != 0)
        return -1;
    if (recorded && child->batch == NULL && (child->batch = audit_batch_open()) == NULL)
        return -1;
    if (recorded && child->line == NULL && (child->line = master_line_open(&spawn->audit->lines)) == NULL)
        return -1;
    return 0;
}

static void
connect_worker(const struct master_spawn *spawn, struct master_child *child)
{
    const struct master_child *auditor = LIST_FIRST(spawn->children);

    if (child->line == NULL)
        return;
    child->line->worker = child->pid;
    while (auditor != NULL && auditor->role != ROLE_AUDITOR)
        auditor = LIST_NEXT(auditor, next);
    if (auditor != NULL && auditor->channel >= 0)
        master_audit_send_line(child->line, auditor->channel);
}

static void
connect_auditor(const struct master_spawn *spawn, struct master_child *child)
{
    if (master_users_are_one(&spawn->generation->users))
        log_write(LOG_LEVEL_WARNING, NULL,
                  "the auditor runs as the workers' user, and a worker that was taken over could stop it: make the "
                  "account popgate-audit, or set audit_user");
    master_audit_send(spawn->audit, child->channel);
    master_audit_send_lines(spawn->audit, child->channel);
}

static int
run_worker(const struct master_spawn *spawn, const struct master_child *self, int control_fd)
{
    const struct master_generation *generation = spawn->generation;
    size_t                          workers    = master_child_count(spawn->children, ROLE_WORKER);
    struct tally                  **tallies    = memory_new(workers * sizeof(*tallies));
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
                   .audit_fd     = self->line != NULL ? self->line->worker_fd : -1,
                   .audit_batch  = self->batch,
                   .control_fd   = control_fd,
    };
    int status = worker_run(&start);

    free(tallies);
    return status;
}

static int
run_auditor(const struct master_spawn *spawn, const struct master_child *self, int control_fd)
{
    (void)spawn;
    (void)self;
    return auditor_run(control_fd);
}

/* The auditor goes on where it was stopped: records would be lost without a word. */
static const struct role_row rows[] = {
    [ROLE_WORKER]  = {"worker", "popgate-worker", ROLE_OF_GENERATION, false, user_of_worker, equip_worker,
                      connect_worker, NULL, NULL, run_worker},
    [ROLE_AUDITOR] = {"auditor", "popgate-auditor", ROLE_OF_SERVICE, true, user_of_auditor, NULL, connect_auditor,
                      master_audit_send, master_audit_take_answer, run_auditor},
};

_Static_assert(COUNT_OF(rows) == ROLES, "a row for each role");

const struct role_row *
role_row(enum role role)
{
    return &rows[role];
}
