/* Children, in a list: there are few. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/net/channel.h"
#include "proxy/process/master_child.h"
#include "proxy/process/master_log.h"

enum {
    LONG_LIFE_MS   = 5000, /* a child that lived that long did not die of its start */
    DELAY_FIRST_MS = 1000, /* doubled with each death at start, */
    DELAY_LAST_MS  = 60000,
    DELAY_ALONE_MS = 200,  /* but nobody waits longer while there is no other of its role at work */
    KILL_MORE_MS   = 5000, /* beyond drain_timeout, for sessions to be closed and records to be written */
    WAIT_LAST_MS   = 3600000,
    FRAMES         = 16, /* of one child between two looks at all others */
};

static void
set_state(struct master_child *child, enum master_child_state state)
{
    if (child->state != state || child->since == 0)
        child->since = clock_now();
    child->state = state;
}

struct master_child *
master_child_new(struct master_children *children, enum role role, unsigned generation)
{
    struct master_child *child = memory_new(sizeof(*child));

    *child =
        (struct master_child){.role = role, .generation = generation, .channel = -1, .log = -1, .due = clock_now()};
    set_state(child, CHILD_WANTED);
    LIST_INSERT_HEAD(children, child, next);
    return child;
}

static void
close_channel(struct master_child *child)
{
    if (child->channel >= 0)
        (void)close(child->channel);
    child->channel = -1;
}

void
master_child_end(struct master_child **pointer)
{
    close_channel(*pointer);
    set_state(*pointer, CHILD_ENDING);
    if ((*pointer)->pid == 0)
        master_child_free(pointer);
}

/* A child whose channel is full is told by the end of its channel, as at the end of the service. */
static void
tell(struct master_child *child, enum channel_type type)
{
    const struct channel_frame frame = {.type = type, .descriptor = -1};

    if (child->channel >= 0 && channel_send(child->channel, &frame) != 0)
        close_channel(child);
}

void
master_child_drain(struct master_child **pointer)
{
    struct master_child *child = *pointer;

    if (child->pid == 0) {
        master_child_free(pointer);
    } else if (child->state == CHILD_WANTED) {
        tell(child, CHANNEL_DRAIN);
        set_state(child, CHILD_DRAINING);
    }
}

/* Does what is due for a worker of this state and age, if anything; returns when the next is, by clock_now(). */
static int64_t
expire(struct master_child *child, int64_t now, int64_t drain_timeout)
{
    int64_t end = INT64_MAX;

    if (child->state == CHILD_EXPIRED)
        end = child->since + KILL_MORE_MS;
    else if (child->state == CHILD_DRAINING && drain_timeout > 0)
        end = child->since + drain_timeout;
    if (now < end)
        return end;
    if (child->state == CHILD_DRAINING)
        tell(child, CHANNEL_EXPIRED);
    else
        (void)kill(child->pid, SIGKILL);
    set_state(child, CHILD_EXPIRED);
    return now + KILL_MORE_MS;
}

int
master_child_expire(const struct master_children *children, int64_t drain_timeout)
{
    int64_t now = clock_now(), next = INT64_MAX;

    for (struct master_child *child = LIST_FIRST(children); child != NULL; child = LIST_NEXT(child, next)) {
        int64_t due = expire(child, now, drain_timeout);

        next = due < next ? due : next;
    }
    return next == INT64_MAX ? -1 : next - now < WAIT_LAST_MS ? (int)(next - now) : WAIT_LAST_MS;
}

void
master_child_free(struct master_child **pointer)
{
    close_channel(*pointer);
    master_log_end(*pointer);
    LIST_REMOVE(*pointer, next);
    if ((*pointer)->batch != NULL && audit_batch_packet((*pointer)->batch).len > 0)
        log_write(LOG_LEVEL_ERROR, NULL, "%zu octets of audit records that a worker left are lost",
                  audit_batch_packet((*pointer)->batch).len);
    audit_batch_close(&(*pointer)->batch);
    tally_close(&(*pointer)->tally);
    free(*pointer);
    *pointer = NULL;
}

bool
master_child_may_send(const struct master_child *child)
{
    return child->channel >= 0 && role_row(child->role)->take_frame != NULL;
}

/* Takes some of what the child has sent, up to where there is no more yet, or never will be. */
static void
receive_frames(struct master_child *child, struct master_audit *audit)
{
    struct channel_frame frame;
    enum channel_result  result = CHANNEL_FRAME;

    for (int i = 0; i < FRAMES && result == CHANNEL_FRAME; i++) {
        result = channel_receive(child->channel, CHANNEL_MASTER, &frame);
        if (result == CHANNEL_FRAME)
            role_row(child->role)->take_frame(audit, &frame);
    }
    if (result == CHANNEL_FRAME || result == CHANNEL_EMPTY)
        return;
    if (result == CHANNEL_BROKEN)
        log_write(LOG_LEVEL_ERROR, NULL,
                  "%s %d said what it may not: it was taken over, or this is a fault of popgate; it is killed",
                  role_row(child->role)->name, (int)child->pid);
    close_channel(child);
    (void)kill(child->pid, SIGKILL);
}

void
master_child_receive(const struct master_children *children, struct master_audit *audit)
{
    struct master_child *child;

    LIST_FOREACH(child, children, next)
    if (master_child_may_send(child) && child->pid > 0)
        receive_frames(child, audit);
}

/* Does another child do this one's work? */
static bool
has_stand_in(const struct master_children *children, const struct master_child *child)
{
    for (const struct master_child *other = LIST_FIRST(children); other != NULL; other = LIST_NEXT(other, next))
        if (other != child && other->role == child->role && other->pid > 0 && other->state == CHILD_WANTED)
            return true;
    return false;
}

int64_t
master_child_defer(const struct master_children *children, struct master_child *child)
{
    int64_t now = clock_now(), wait;

    if (now - child->started >= LONG_LIFE_MS)
        child->delay = 0;
    else if (child->delay == 0)
        child->delay = DELAY_FIRST_MS;
    else
        child->delay = child->delay * 2 < DELAY_LAST_MS ? child->delay * 2 : DELAY_LAST_MS;
    close_channel(child);
    child->pid = 0;
    wait       = child->delay > DELAY_ALONE_MS && !has_stand_in(children, child) ? DELAY_ALONE_MS : child->delay;
    child->due = now + wait;
    return wait;
}

/* In words, how a child ended. */
static void
log_death(const struct master_child *child, pid_t pid, int status, bool expected)
{
    const char *name = role_row(child->role)->name;

    if (child->state == CHILD_KILLED && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        log_write(LOG_LEVEL_INFO, NULL, "%s %d has been ended", name, (int)pid);
    else if (WIFSIGNALED(status))
        log_write(LOG_LEVEL_ERROR, NULL, "%s %d was killed by signal %d (%s)", name, (int)pid, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    else if (expected && WEXITSTATUS(status) == 0)
        log_write(LOG_LEVEL_INFO, NULL, "%s %d has ended", name, (int)pid);
    else
        log_write(LOG_LEVEL_ERROR, NULL, "%s %d ended with exit status %d", name, (int)pid, WEXITSTATUS(status));
}

/* A child was stopped: makes it go on if its row says `goes_on`. */
static void
note_stop(const struct master_child *child)
{
    bool goes_on = role_row(child->role)->goes_on && kill(child->pid, SIGCONT) == 0;

    log_write(LOG_LEVEL_ERROR, NULL, "%s %d was stopped by a signal, %s", role_row(child->role)->name, (int)child->pid,
              goes_on ? "and made to go on" : "and does nothing until it gets SIGCONT");
}

static struct master_child *
find_child(struct master_children *children, pid_t pid)
{
    struct master_child *child = LIST_FIRST(children);

    while (child != NULL && child->pid != pid)
        child = LIST_NEXT(child, next);
    return child;
}

bool
master_child_reap(struct master_children *children)
{
    int                  status;
    pid_t                pid   = waitpid(-1, &status, WNOHANG | WUNTRACED);
    struct master_child *child = pid > 0 ? find_child(children, pid) : NULL;

    if (child == NULL)
        return pid > 0;
    if (WIFSTOPPED(status)) {
        note_stop(child);
        return true;
    }
    master_log_end(child);
    log_death(child, pid, status, child->state != CHILD_WANTED);
    master_line_end(child->line, child->batch);
    child->line = NULL;
    if (child->tally != NULL)
        tally_clear(child->tally);
    if (child->state != CHILD_WANTED) {
        master_child_free(&child);
    } else {
        log_write(LOG_LEVEL_WARNING, NULL, "the %s is started again in %d ms", role_row(child->role)->name,
                  (int)master_child_defer(children, child));
    }
    return true;
}

struct master_child *
master_child_due(struct master_children *children, int *wait)
{
    int64_t now = clock_now();

    *wait = -1;
    for (struct master_child *child = LIST_FIRST(children); child != NULL; child = LIST_NEXT(child, next)) {
        int64_t left = child->due - now;

        if (child->pid != 0)
            continue;
        if (left <= 0)
            return child;
        if (*wait < 0 || left < *wait)
            *wait = (int)left;
    }
    return NULL;
}

size_t
master_child_tallies(const struct master_children *children, struct tally **tallies)
{
    size_t count = 0;

    for (const struct master_child *child = LIST_FIRST(children); child != NULL; child = LIST_NEXT(child, next))
        if (child->tally != NULL)
            tallies[count++] = child->tally;
    return count;
}

size_t
master_child_count(const struct master_children *children, enum role role)
{
    size_t count = 0;

    for (const struct master_child *child = LIST_FIRST(children); child != NULL; child = LIST_NEXT(child, next))
        count += child->role == role;
    return count;
}

bool
master_child_any(const struct master_children *children, enum role_life life)
{
    for (const struct master_child *child = LIST_FIRST(children); child != NULL; child = LIST_NEXT(child, next))
        if (role_row(child->role)->life == life)
            return true;
    return false;
}

void
master_child_kill(const struct master_children *children, enum role_life life)
{
    int64_t now = clock_now();

    for (struct master_child *child = LIST_FIRST(children); child != NULL; child = LIST_NEXT(child, next)) {
        const struct role_row *row = role_row(child->role);

        if (row->life != life || child->pid == 0)
            continue;
        if (child->state == CHILD_ENDING && now - child->since >= KILL_MORE_MS)
            log_write(LOG_LEVEL_ERROR, NULL, "%s %d has not ended in time, and is killed", row->name, (int)child->pid);
        (void)kill(child->pid, SIGKILL);
        set_state(child, CHILD_KILLED);
    }
}
