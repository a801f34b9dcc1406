/* What the programs of the bench share: their end, their options, their limits and their clock. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>

/* Ends the process with status 1; the reason goes to standard error as printf(3) would write it. */
_Noreturn void process_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, with what OpenSSL or else errno says behind `what`. */
_Noreturn void process_fail_call(const char *what);

/* Raises the limit of open files as far as is allowed, and lets writes to a closed connection fail. */
void process_prepare(void);

/* A clock that does not step, in nanoseconds. */
uint64_t process_now(void);

#endif
