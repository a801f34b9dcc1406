/*
 * getaddrinfo(3) at the far end of a pipe. What comes back is one record of fixed size, out of which the master makes
 * addresses itself: the process has read what the network sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/count.h"
#include "proxy/net/tls.h"
#include "proxy/process/lookup.h"

enum { LAST_S = 30 };

struct record {
    int      fault; /* of getaddrinfo() */
    unsigned count;
    struct {
        unsigned family;
        unsigned scope; /* the interface of a link-local address */
        char     octets[sizeof(struct in6_addr)];
    } found[LOOKUP_ADDRESSES_MAX];
};

_Static_assert(sizeof(struct record) <= 4096, "a record is written at once (PIPE_BUF)");

static void
note_address(struct record *record, const struct sockaddr *address)
{
    const struct sockaddr_in  *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    unsigned                   i  = record->count;

    if (i == LOOKUP_ADDRESSES_MAX || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
        return;
    record->found[i].family = address->sa_family;
    if (address->sa_family == AF_INET6) {
        record->found[i].scope = v6->sin6_scope_id;
        memcpy(record->found[i].octets, &v6->sin6_addr, sizeof(v6->sin6_addr));
    } else {
        memcpy(record->found[i].octets, &v4->sin_addr, sizeof(v4->sin_addr));
    }
    record->count++;
}

/* In the process, which keeps nothing of the master's but the pipe. */
static _Noreturn void
ask(const char *host, const struct master_user *user, int pipe_end)
{
    static const int      ends_it[] = {SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGPIPE};
    const struct addrinfo hints     = {.ai_socktype = SOCK_STREAM};
    const int             fd        = STDERR_FILENO + 1;
    struct addrinfo      *found     = NULL;
    struct record         record    = {0};
    sigset_t              none;

    (void)prctl(PR_SET_NAME, "popgate-lookup", 0, 0, 0);
    for (size_t i = 0; i < COUNT_OF(ends_it); i++)
        (void)signal(ends_it[i], SIG_DFL);
    (void)sigemptyset(&none);
    (void)alarm(LAST_S);
    tls_forget();
    if ((pipe_end != fd && dup2(pipe_end, fd) < 0) || close_range((unsigned)fd + 1, ~0U, 0) != 0 ||
        sigprocmask(SIG_SETMASK, &none, NULL) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        master_user_become(user) != 0)
        _exit(EXIT_FAILURE);
    record.fault = getaddrinfo(host, NULL, &hints, &found);
    if (record.fault == 0)
        for (const struct addrinfo *it = found; it != NULL; it = it->ai_next)
            note_address(&record, it->ai_addr);
    _exit(write(fd, &record, sizeof(record)) == (ssize_t)sizeof(record) ? EXIT_SUCCESS : EXIT_FAILURE);
}

int
lookup_start(const char *host, const struct master_user *user)
{
    int   ends[2], why;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -1;
    child = fork();
    if (child == 0)
        ask(host, user, ends[1]);
    why = errno;
    (void)close(ends[1]);
    if (child > 0)
        return ends[0];
    (void)close(ends[0]);
    errno = why;
    return -1;
}

/* Makes an answer of whatever the process has written. */
static void
read_record(const struct record *record, struct lookup_answer *answer)
{
    for (unsigned i = 0; i < record->count && i < LOOKUP_ADDRESSES_MAX; i++) {
        struct sockaddr_storage *address = &answer->found[answer->count];
        struct sockaddr_in      *v4      = (struct sockaddr_in *)address;
        struct sockaddr_in6     *v6      = (struct sockaddr_in6 *)address;

        *address = (struct sockaddr_storage){.ss_family = (sa_family_t)record->found[i].family};
        if (record->found[i].family == AF_INET6) {
            v6->sin6_scope_id = record->found[i].scope;
            memcpy(&v6->sin6_addr, record->found[i].octets, sizeof(v6->sin6_addr));
        } else if (record->found[i].family == AF_INET) {
            memcpy(&v4->sin_addr, record->found[i].octets, sizeof(v4->sin_addr));
        } else {
            continue;
        }
        answer->count++;
    }
    if (answer->count == 0)
        answer->why = record->fault != 0 ? gai_strerror(record->fault) : "it has no address";
}

bool
lookup_take(int fd, struct lookup_answer *answer)
{
    struct record record = {0};
    ssize_t       got;

    do
        got = read(fd, &record, sizeof(record));
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return false;
    (void)close(fd);
    *answer = (struct lookup_answer){0};
    if (got == (ssize_t)sizeof(record))
        read_record(&record, answer);
    else
        answer->why = "no answer in time";
    return true;
}
