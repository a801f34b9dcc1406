/*
 * One end of a session: a socket, TLS on it or not, and two buffers. A peer moves octets and knows nothing of POP3. It
 * works edge-triggered: an event only notes that the socket became readable or writable, and a peer asks the kernel for
 * no more than was announced. Whoever does not read puts back-pressure on the sender without a system call.
 */
#ifndef PROXY_NET_PEER_H
#define PROXY_NET_PEER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>

#include "base/span.h"
#include "proxy/net/buffer.h"
#include "proxy/net/tls.h"

enum peer_state {
    PEER_CLOSED,     /* no socket */
    PEER_CONNECTING, /* connect(2) is under way */
    PEER_HANDSHAKE,  /* TLS is being set up: no plain octet is read or written */
    PEER_OPEN,
    PEER_ENDED,  /* it said its last octet in good order; what we write may still be read */
    PEER_BROKEN, /* nothing can be read or written any more: peer->why */
};

struct peer {
    int             fd;
    enum peer_state state;
    struct tls     *tls;      /* NULL: in the clear */
    struct buffer   in;       /* read, and not yet taken by the session */
    struct buffer   out;      /* for the peer, and not yet written */
    size_t          sealed;   /* octets that left `out` for TLS records which are not yet written */
    uint64_t        received; /* octets without TLS, since peer_open() */
    uint64_t     sent; /* octets handed to the socket, without TLS; sent + what is in `out` is all that was put there */
    int64_t      last; /* when octets last moved in either direction, in milliseconds of worker time */
    char        *why;  /* PEER_BROKEN: why, in words; lives until peer_close() or peer_reset() */
    size_t       chunk;    /* how much is read at once, in octets */
    bool         readable; /* the kernel may have octets for us */
    bool         ending;   /* the peer closed its half: read on to the end */
    bool         unsure;   /* a reset may hide behind the octets that were read: peer_look_again() */
    bool         writable; /* the kernel may take octets */
    bool         complete; /* `out` holds the last octets */
    bool         fragile;  /* peer_mark_fragile() */
    struct event event;
    void (*wake)(void *context); /* something was noted: called from the event loop */
    void *context;
};

/* The most that is read at once, and that is put together to be written at once, in octets. */
enum { PEER_BATCH = 256 * 1024 };

/* How much of an answer may wait for a peer that does not read, in octets: then the other side is read no further. */
enum { PEER_HIGH_WATER = 64 * 1024 };

/* Takes over `fd` (non-blocking), connected or connecting; `chunk` is at most PEER_BATCH. `wake` is called with
 * `context` for every event. 0; or -1 with errno and the fd closed. No copy of what is read or written is left in
 * memory, until peer_stop_wiping(). */
int peer_open(struct peer *, struct event_base *, int fd, bool connecting, size_t chunk, void (*wake)(void *),
              void *context);

/* What comes from now on is no password. */
void peer_stop_wiping(struct peer *);

/*
 * Starts TLS on a peer that is open and to which nothing waits to be written. What waits in `in` becomes the first
 * octets of TLS, as behind a PROXY header: nobody sees them as plain text any more. Where plain text is due up to a
 * certain octet (RFC 2595, 4), who calls has looked that there is none behind it. Takes over `tls`, of tls_open() or
 * tls_connect() for this peer's `fd`; NULL, which they return with an error, breaks the peer.
 */
void peer_start_tls(struct peer *, struct tls *);

/*
 * Each tries one move and returns true if it changed anything: look at `state` then.
 * peer_connect(): is the connection there? peer_handshake(): a step of TLS. peer_fill(): reads, unless `in` holds
 * `most` octets already. peer_flush(): writes what is in `out`.
 */
bool peer_connect(struct peer *);
bool peer_handshake(struct peer *);
bool peer_fill(struct peer *, size_t most);
bool peer_flush(struct peer *);

/*
 * A reset that comes together with octets is one event with them, which does not tell of it: the next write will. Who
 * waits for more of a peer that is unsure has peer_fill() ask the kernel once more, after a while: true once for each
 * event.
 */
bool peer_unsure(const struct peer *);
bool peer_look_again(struct peer *);

/* What is sent to it next will find that out: it is not looked at again. */
static inline void
peer_trust(struct peer *peer)
{
    peer->unsure = false;
}

/* Has the peer's system acknowledged every octet that was sent? Finds out a reset, too: the peer is PEER_BROKEN then.
 */
bool peer_acknowledged(struct peer *);

/* Octets that wait in `in`, and those that the socket has not taken. */
static inline size_t
peer_waiting(const struct peer *peer)
{
    return peer->in.length;
}

static inline size_t
peer_unsent(const struct peer *peer)
{
    return peer->out.length + peer->sealed;
}

/* What is in `out` is of no use any more. */
void peer_drop_unsent(struct peer *);

/* Puts octets into `out`. */
void peer_put(struct peer *, struct span);

/* Nothing more will be put there: close_notify goes with the last octets. */
void peer_put_end(struct peer *);

/*
 * `fragile`: if the process ended now the peer would take what it has for whole, so the kernel is to reset the
 * connection. TLS needs no such mark, since its peers miss close_notify. One system call for each change.
 */
void peer_mark_fragile(struct peer *, bool fragile);

/* Makes it PEER_BROKEN: `why` is copied. False, and nothing done, if it is closed or broken already. */
bool peer_break(struct peer *, const char *why);

/* Ends the connection in good order: close_notify, FIN. What is in `out` is lost: flush it first. */
void peer_close(struct peer *);

/* Ends it with a reset and no other word: the peer must not take what it has for complete. */
void peer_reset(struct peer *);

#endif
