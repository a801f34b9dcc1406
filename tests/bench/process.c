/* What the programs of the bench share. */
#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/bench/process.h"

enum { OPEN_FILES = 65536 };

void
process_fail(const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(1);
}

void
process_fail_call(const char *what)
{
    const char   *reason = strerrordesc_np(errno);
    unsigned long error  = ERR_peek_last_error();

    if (error != 0 && ERR_reason_error_string(error) != NULL)
        reason = ERR_reason_error_string(error);
    process_fail("%s: %s", what, reason);
}

void
process_prepare(void)
{
    struct rlimit files = {.rlim_cur = OPEN_FILES, .rlim_max = OPEN_FILES};

    if (setrlimit(RLIMIT_NOFILE, &files) != 0) {
        if (getrlimit(RLIMIT_NOFILE, &files) != 0)
            process_fail_call("getrlimit");
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            process_fail_call("setrlimit");
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        process_fail_call("signal");
}

uint64_t
process_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        process_fail_call("clock_gettime");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
