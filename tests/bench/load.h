/* The load: its options, and what its parts count together. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/load_times.h"

enum load_security { LOAD_PLAIN, LOAD_TLS, LOAD_STLS };

struct load_options {
    unsigned           port, sessions, slots, message, times, depth, rate; /* -p -n -c -m -k -d -R */
    unsigned           resume, edited, idle;                               /* -r -e -i: 1 where it is given */
    enum load_security security;                                           /* -s */
    const char        *suite;                                              /* -g */
};

/* Read once, then never changed. */
extern struct load_options load_options;

struct load_totals {
    unsigned     started, holding, ended; /* sessions: each is counted in `started` and at most one of the others */
    unsigned     resumed, resumed_behind; /* the load's own TLS; the server's, as it says by itself */
    uint64_t     octets; /* of answers to RETR, dots stuffed, each compared with what the upstream sent */
    struct times logins, fetches;
};

extern struct load_totals load_totals;

/* For TLS: the client's context; NULL without. */
extern SSL_CTX *load_tls;

#endif
