/* Tries what the master and its workers do first, and undoes it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/process/master_generation.h"
#include "proxy/process/master_names.h"
#include "proxy/process/master_try.h"

static void
try_address(const struct config_listener *listener, const struct config_address *address, struct error *notes)
{
    int fd = master_generation_bind(address);

    if (fd >= 0)
        (void)close(fd);
    else if (errno == EADDRINUSE)
        error_note(notes, listener->file, listener->line,
                   "%s is in use: by popgate, if it runs already, or by another program (ss -ltnp says which)",
                   address->text);
    else
        error_note(notes, listener->file, listener->line, "%s cannot be listened on: %s", address->text,
                   strerror(errno));
}

/* Only the user itself can tell: so a child becomes that user and looks. */
static int
access_as(const struct master_user *user, const char *folder)
{
    pid_t child = fork();
    int   status;

    if (child == 0)
        _exit(master_user_become(user) != 0 || access(folder, W_OK | X_OK) != 0 ? errno : 0);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void
try_spool(const struct config *config, struct error *notes)
{
    struct master_users       users;
    const struct master_user *user   = &users.worker;
    struct error              unused = {0};
    int                       fault;

    master_users_find(&users, config, &unused);
    if (config_holds(config) && unused.count == 0 && (fault = access_as(user, config->spool_dir)) != 0)
        error_note(notes, config->file, 0, "spool_dir = \"%s\": the workers%s%s cannot write there: %s",
                   config->spool_dir, user->change ? ", as user " : "", user->change ? config->user : "",
                   strerror(fault));
    error_free(&unused);
}

/* Looks up the names, as a start would. */
static void
try_names(struct config *config, struct error *error)
{
    const struct master_user user  = master_user_of_workers(config);
    struct master_names      names = {0};

    master_names_wait(&names, config, &user);
    master_names_place(&names, config, error);
    master_names_note(&names, config, error);
    master_names_close(&names);
}

void
master_try(struct config *config, struct error *error)
{
    try_names(config, error);
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];

        if (listener->context != NULL)
            tls_server_note_cost(listener->context, listener->file, listener->line, error);
        for (size_t k = 0; k < listener->addresses.count; k++)
            try_address(listener, &listener->addresses.items[k], error);
    }
    try_spool(config, error);
}
