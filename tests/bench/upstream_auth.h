/* The answers to nginx's auth_http: any user with any password belongs to the upstream's POP3. */
#ifndef BENCH_UPSTREAM_AUTH_H
#define BENCH_UPSTREAM_AUTH_H

#include <stdint.h>

/* Once, before auth_open(). */
void auth_prepare(uint16_t pop3_port);

/* Serves a connection that was accepted: one request. */
void auth_open(int fd);

#endif
