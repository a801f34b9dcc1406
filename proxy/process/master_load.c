/* The child says what it found over a pipe, and by its exit status whether that is all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/config/config.h"
#include "proxy/process/master_load.h"
#include "proxy/process/master_user.h"

enum { PROCESSOR_SECONDS = 60, EXIT_MISTAKES = 3 };

static int
become_worker(const struct config *config)
{
    const struct master_user user = master_user_of_workers(config);

    return master_user_become(&user);
}

static int
lower_to_worker(const struct config *config)
{
    const struct master_user user = master_user_of_workers(config);

    return master_user_lower(&user);
}

static void
write_all(int fd, struct span text)
{
    while (text.len > 0) {
        ssize_t put = write(fd, text.data, text.len);

        if (put < 0)
            _exit(EXIT_FAILURE);
        text = span_tail(text, (size_t)put);
    }
}

/* In the child, which keeps nothing of the master's but the pipe. */
static _Noreturn void
try(const char *file, int pipe_end)
{
    const struct rlimit limit = {PROCESSOR_SECONDS, PROCESSOR_SECONDS};
    const int           fd    = STDERR_FILENO + 1;
    struct error        error = {0};

    if ((pipe_end != fd && dup2(pipe_end, fd) < 0) || close_range((unsigned)fd + 1, ~0U, 0) != 0 ||
        setrlimit(RLIMIT_CPU, &limit) != 0)
        _exit(EXIT_FAILURE);
    (void)signal(SIGXCPU, SIG_DFL);
    if (config_load_as(file, become_worker, &error) != NULL)
        _exit(EXIT_SUCCESS);
    write_all(fd, span_of(error_text(&error)));
    _exit(EXIT_MISTAKES);
}

static void
read_all(int fd, struct bytes *text)
{
    ssize_t got;

    do {
        got = read(fd, bytes_reserve(text, 4096), 4096);
        text->len += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    bytes_add_char(text, '\0');
    text->len--;
}

/* What the child said is a list of mistakes; that a child died before it could say so is itself a mistake. */
static void
judge(const char *file, int status, struct bytes *said, struct error *error)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_MISTAKES)
        for (struct span rest = bytes_span(said), line; rest.len > 0; rest = span_tail(rest, line.len)) {
            line = span_head(rest, span_find(rest, '\n') < rest.len ? span_find(rest, '\n') + 1 : rest.len);
            error_add(error, NULL, 0, "%.*s", (int)line.len - (line.data[line.len - 1] == '\n'), line.data);
        }
    else if (WIFSIGNALED(status))
        error_add(error, file, 0,
                  "the process that tried it was killed by signal %d (%s): a rule file that it names does harm",
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        error_add(error, file, 0, "the process that tried it ended with exit status %d", WEXITSTATUS(status));
}

static bool
try_in_child(const char *file, struct error *error)
{
    struct bytes said   = {0};
    int          status = 0, ends[2];
    pid_t        child  = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -2;

    if (child == 0)
        try(file, ends[1]);
    if (child == -2) {
        error_add(error, file, 0, "it cannot be tried: %s", strerror(errno));
        return false;
    }
    (void)close(ends[1]);
    if (child > 0)
        read_all(ends[0], &said);
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        error_add(error, file, 0, "it cannot be tried: %s", strerror(errno));
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        judge(file, status, &said, error);
    else {
        bytes_free(&said);
        return true;
    }
    bytes_free(&said);
    return false;
}

struct config *
master_load(const char *file, struct error *error)
{
    struct config *config = NULL;

    if (try_in_child(file, error)) {
        config = config_load_as(file, lower_to_worker, error);
        master_user_raise();
    }
    return config;
}
