/*
 * A connection that never blocks, TLS on it or not. It costs one recv() for an event and one send for what is put: what
 * is received goes through one buffer that all wires share, and so does what TLS makes of what is sent.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <openssl/ssl.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "tests/bench/loop.h"

struct wire {
    struct watch watch;
    int          fd;
    SSL         *ssl;     /* NULL: in the clear */
    struct bytes unsent;  /* what the socket did not take */
    const char  *why;     /* why there is nothing more to come; NULL: it goes on. Static. */
    bool         waiting; /* for the socket to take more */
};

/* Takes over `fd` (non-blocking) and has `ready` called when there is something to read. */
void wire_open(struct wire *, int fd, void (*ready)(struct watch *, uint32_t events));

/* Starts TLS, as the server or with the client's first flight; `ticket` may be NULL. */
void wire_start_server(struct wire *, SSL_CTX *);
void wire_start_client(struct wire *, SSL_CTX *, SSL_SESSION *ticket);

/* Is TLS set up, or is there none? */
bool wire_is_set_up(const struct wire *);

/* Receives once. Then wire_next() has to be called until it returns false: there is one buffer for all wires. */
void wire_fill(struct wire *);

/* The next piece of what was received, at least an octet of it; it lives until the next call for any wire. False: that
 * was all. */
bool wire_next(struct wire *, struct span *piece);

/* Sends as much of the pieces as the socket takes, and returns the octets it took. Less than all: try it again when
 * EPOLLOUT comes. Before TLS is set up it takes nothing. */
size_t wire_put(struct wire *, const struct iovec *pieces, int count);

/* Sends it all, what the socket does not take now later. */
void wire_say(struct wire *, struct span);

/* Sends what is left. True: nothing is left. */
bool wire_flush(struct wire *);

/* Has EPOLLOUT reported only while something is left, or `more` of the caller's own. */
void wire_watch_output(struct wire *, bool more);

/* Ends the connection: close_notify where there is TLS, FIN. */
void wire_close(struct wire *);

#endif
