/*
 * The octets of TLS between a connection's SSL object and its socket, by a BIO of our own. It asks the kernel only for
 * what the event loop has announced, so that no system call is spent on learning that there is nothing to read; and
 * what it is given to write it keeps, until it is told to send all of it at once.
 */
#ifndef PROXY_NET_TLS_WIRE_H
#define PROXY_NET_TLS_WIRE_H

#include <openssl/ssl.h>

#include "proxy/net/tls.h"

/* What was read before there was TLS, and OpenSSL has not taken yet, is from `at` to `len`. */
struct tls_early {
    size_t at, len;
    char   data[];
};

struct tls_wire {
    int               fd;           /* the caller's */
    bool              readable : 1; /* the kernel may have octets */
    bool              ending : 1;   /* the peer closed its half: a short read is not the last one */
    bool              eof : 1;      /* it was read */
    bool              alone : 1;    /* what is written next need not wait for more */
    bool              full : 1;     /* the socket has not taken all: what is sealed has to go first */
    struct tls_early *early;        /* read before all that the socket has; NULL: there is none, or all was taken */
    char             *sealed;       /* what waits to be sent is from `start` to `end`; NULL: nothing does */
    size_t            room, start, end;
};

/* The SSL object reads and writes by this wire from now on, whenever it is the wire's turn. */
void tls_wire_open(struct tls_wire *, SSL *, int fd);

/* Once at most, before the first read: a copy of these octets comes before what `fd` has. */
void tls_wire_put_early(struct tls_wire *, struct span);

/* Before each call of OpenSSL that may read or write. */
void tls_wire_take_turn(struct tls_wire *);

/* Is there room to seal a record? */
bool tls_wire_has_room(const struct tls_wire *);

/* Sends what is sealed: 0 when it is all gone, else -1 with errno. */
int tls_wire_send(struct tls_wire *);

/* Gives the memory back. */
void tls_wire_close(struct tls_wire *);

#endif
