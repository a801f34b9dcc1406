/* The POP3 of the upstream. The process ends at the first command that no proxy should have sent. */
#ifndef BENCH_UPSTREAM_POP3_H
#define BENCH_UPSTREAM_POP3_H

#include <openssl/ssl.h>

/* Once, after mail_make() and before pop3_open(). `tls` is what STLS offers; NULL: there is no STLS. */
void pop3_prepare(SSL_CTX *tls);

/* Serves a connection that was accepted, with TLS from the start unless `tls` is NULL. */
void pop3_open(int fd, SSL_CTX *tls);

#endif
