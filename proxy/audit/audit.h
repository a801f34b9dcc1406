/*
 * Events of the audit log, from a worker to the auditor. Each call makes one JSON object, which goes to each log in one
 * packet with those made some milliseconds before and after it; nothing blocks. What the auditor does not take then
 * waits in the worker, up to a limit; what is beyond it is lost, counted, and the loss itself is recorded as soon as
 * there is room: {"time": T, "event": "lost", "count": N}.
 *
 * What is not known (a NULL pointer, a score where there is none) is left out of the object. "changes", and "rules" of
 * a scored message, are arrays of strings, empty where there is nothing to name. What mail and peers say is made
 * harmless: ill-formed UTF-8, NUL, DEL and U+0080..U+009F become U+FFFD, what changes the direction or the line of the
 * text behind it (base/utf8.h) is escaped, each text ends after AUDIT_TEXT_MAX octets, and a list after AUDIT_LIST_MAX,
 * with "..." as its last item.
 */
#ifndef PROXY_AUDIT_AUDIT_H
#define PROXY_AUDIT_AUDIT_H

#include <event2/event.h>
#include <stdint.h>

#include "filters/filter.h"
#include "proxy/audit/audit_batch.h"

enum { AUDIT_TEXT_MAX = 998, AUDIT_LIST_MAX = 4096 };

/* Which logs a session is recorded in: the numbers that the master gave to their paths. */
struct audit_logs {
    const unsigned *ids;
    size_t          count; /* 0: nothing is recorded, and every call below returns at once */
};

/* The session that every record names. The strings must live as long as the session. */
struct audit_session {
    struct audit_logs logs;
    const char       *session;
    const char       *client;
    const char       *listener;
    const char       *user; /* who has logged in; NULL: nobody has, or it is not known who */
};

enum audit_side { AUDIT_CLIENT, AUDIT_SERVER };
enum audit_outcome { AUDIT_DELIVERED, AUDIT_WITHHELD, AUDIT_ABORTED };

/*
 * In a worker, once: `fd` is its end of the auditor's socket (AF_UNIX, SOCK_SEQPACKET), non-blocking; in the batch are
 * the records that have not been sent. 0 or -1.
 */
int audit_start(struct event_base *, int fd, struct audit_batch *);

/* Sends what still waits, for up to `ms` milliseconds: the last act of a worker. */
void audit_stop(int64_t ms);

void audit_connect(const struct audit_session *);

struct audit_tls {
    enum audit_side side;
    const char     *version, *cipher;
    const char     *sni; /* NULL: none */
    bool            resumed;
};
void audit_tls(const struct audit_session *, const struct audit_tls *);

struct audit_login {
    const char *user;      /* NULL: not known */
    const char *mechanism; /* "USER", "APOP", or the SASL mechanism */
    const char *upstream;
    bool        ok;
    struct span text; /* the server's, when it refused */
};
void audit_login(const struct audit_session *, const struct audit_login *);

struct audit_refused {
    const char *why;       /* "TLS": the connection was not encrypted */
    struct span user;      /* the name that was given; without data: none */
    const char *mechanism; /* as above */
    bool        exposed;   /* a password, or what serves as one, came in the clear */
};
void audit_refused(const struct audit_session *, const struct audit_refused *);

struct audit_message {
    const struct message_info   *info;
    const struct message_report *report;
    const char                  *changes; /* "" for none */
    uint64_t                     octets_in, octets_out;
    enum audit_outcome           outcome;
    int64_t                      ms;
};
void audit_message(const struct audit_session *, const struct audit_message *);

void audit_delete(const struct audit_session *, uint64_t number, const char *uidl, bool ok);

/* RSET was answered; `deleted`: so many messages were marked, and no longer are if the server accepted it. */
void audit_reset(const struct audit_session *, uint64_t deleted, bool ok);

struct audit_disconnect {
    const char *reason;
    const char *user;                /* NULL: no login */
    uint64_t    retrieved, deleted;  /* messages delivered by RETR; DELEs the server accepted */
    bool        committed;           /* the server answered +OK to QUIT after login */
    uint64_t    bytes_in, bytes_out; /* from and to the client, without TLS */
    int64_t     ms;
};
void audit_disconnect(const struct audit_session *, const struct audit_disconnect *);

#endif
