/*
 * TLS: one context for each listener and each upstream that has it, and the TLS half of a peer's input and output.
 * Every SSL object of a context is made in one place, so that a setting holds for implicit TLS and STLS alike.
 */
#ifndef PROXY_NET_TLS_H
#define PROXY_NET_TLS_H

#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/setting.h"
#include "base/span.h"

struct tls_context;

enum tls_version { TLS_VERSION_1_0, TLS_VERSION_1_1, TLS_VERSION_1_2, TLS_VERSION_1_3 };

/* The words for enum tls_version in proxy.conf, ended by NULL. */
extern const char *const tls_version_names[];

/* What listeners and upstreams have in common. */
struct tls_settings {
    enum tls_version least;   /* TLS_VERSION_1_0 and 1_1 lower the security level of this context alone */
    const char      *ciphers; /* as OpenSSL writes them, those of TLS 1.3 among them; "": a default */
    const char      *curves;  /* for the key exchange, "X25519:P-256"; "": OpenSSL's */
};

struct tls_server_settings {
    struct tls_settings        common;
    const char                *name;        /* the listener's: tickets are good at this listener alone */
    const struct setting_list *certificate; /* chain files, PEM; the first is for clients whose SNI fits none */
    const struct setting_list *key;         /* in the same order; fewer or none: the key is in the certificate's file */
};

/*
 * A context for a listener. Each file that is missing, unreadable or not what it should be, a key that does not fit its
 * certificate, and a key that others can read is an error at the place of its setting ("certificate", "key", "tls_min",
 * "ciphers", "curves"): NULL then.
 */
struct tls_context *tls_server_new(const struct tls_server_settings *, const struct setting_place *, struct error *);

/*
 * Notes at `line` of `file` the certificates, authorities' among them, that have ended, do not hold yet, or end within
 * 14 days. With `since`, the time of the last look, only what has become so since then, or a matter of 7 days or of
 * one; 0: all. tls_server_new() does that once, at the key "certificate".
 */
void tls_server_note_dates(const struct tls_context *, time_t since, time_t now, const char *file, unsigned line,
                           struct error *notes);

/* Notes at `line` of `file` what a new TLS session costs by each certificate's key, if that is much: measured, for some
 * 50 ms. */
void tls_server_note_cost(const struct tls_context *, const char *file, unsigned line, struct error *notes);

/* What contexts of upstreams share: the authorities of each `ca` are read once. */
struct tls_authorities;
struct tls_authorities *tls_authorities_new(void);
void                    tls_authorities_free(struct tls_authorities **); /* contexts keep what they use */

struct tls_client_settings {
    struct tls_settings     common;
    bool                    verify;         /* the chain against `ca`, and the name of the remote */
    const char             *ca;             /* PEM file or folder of hashed files; NULL: the system's store */
    bool                    legacy_connect; /* servers that cannot renegotiate safely (RFC 5746) will do */
    struct tls_authorities *authorities;    /* those read before, and where to put others; NULL: none are shared */
};

/* A context for an upstream; errors at the keys "tls_ca", "tls_min", "ciphers" and "curves". */
struct tls_context *tls_client_new(const struct tls_client_settings *, const struct setting_place *, struct error *);

void tls_context_free(struct tls_context **);

/*
 * Once, in the master, before any context is made: the secret behind the keys of session tickets, which outlives
 * reloads so that all workers of all generations accept each other's tickets. 0; or -1 if there is no randomness, or no
 * AES.
 */
int tls_start(void);

/*
 * Makes this process's secret the one of this time, and forgets those before. Every process that has it, the master and
 * workers that nobody connects to among them, calls this again in as many milliseconds as it returns (1 s to 2 h).
 */
int64_t tls_ratchet(void);

/* Forgets the secret, in a process that speaks no TLS. */
void tls_forget(void);

/* One connection's TLS. */
struct tls;

/* Of a read, and of a step of the handshake. */
enum tls_result {
    TLS_OK,
    TLS_WANTS_READ,  /* call again when the socket is readable */
    TLS_WANTS_WRITE, /* call again when the socket is writable */
    TLS_CLOSED,      /* the peer said close_notify: an orderly end, which only tls_read() meets */
    TLS_FAILED,      /* anything else, a connection that ended without close_notify among it: tls_error() */
};

/*
 * The result of a write. A peer that has said its last word can still be written to; if such a write fails, it has
 * failed.
 */
enum tls_written {
    TLS_WRITTEN,
    TLS_WRITE_LATER,  /* call again when the socket is writable */
    TLS_WRITE_FAILED, /* nothing can be written any more: tls_error() */
};

/*
 * Can this be the name or the address of a host, which SNI asks for (RFC 6066, 3) and a certificate holds? 1 to 255
 * octets, no NUL among them, and no dot first, which OpenSSL would take for every name that ends so.
 */
bool tls_is_host(struct span name);

/*
 * A server, as the connections to it know it: the context of its upstream, the host name or address that is asked for
 * and verified, and what earlier connections left: sessions to resume, and certificate chains that were verified within
 * the hour. All of it serves this context and this name alone. `name` is copied; the context outlives the remote.
 */
struct tls_remote;
struct tls_remote *tls_remote_new(struct tls_context *, struct span name);
void               tls_remote_free(struct tls_remote **); /* after the last connection to it; it may be NULL */

/* TLS with a listener's client over `fd`, which stays the caller's. */
struct tls *tls_open(struct tls_context *, int fd);

/*
 * TLS with a server over `fd`, which stays the caller's; the remote outlives it. `unknown`: no session is offered. NULL
 * if no certificate could be verified against the remote's name: then tls_error(NULL) says why, and nobody unverified
 * is spoken to.
 */
struct tls *tls_connect(struct tls_remote *, int fd, bool unknown);

/* Before the handshake: octets of the peer that were read from `fd`, none or many. They are copied, and are the first
 * that the handshake reads. */
void tls_put_early(struct tls *, struct span);

enum tls_result tls_handshake(struct tls *);

/* Reads up to `size` octets; `*got` says how many, 0 unless the result is TLS_OK. */
enum tls_result tls_read(struct tls *, char *data, size_t size, size_t *got);

/* May tls_read() find more without another event? Octets that were read with the last ones, or wait in the kernel. */
bool tls_has_more(const struct tls *);

/*
 * Octets are sealed into records first and sent together: many records and what TLS itself has to say are one system
 * call. tls_has_room(): may tls_seal() have a record's octets now? tls_seal() takes some of them; `*put` says how many,
 * 0 unless the result is TLS_WRITTEN. A record that is `alone` does not wait for others. tls_send(): TLS_WRITTEN when
 * the socket has taken all that was sealed.
 */
enum { TLS_RECORD_MAX = 16 * 1024 /* octets (RFC 8446, 5.1) */ };
bool             tls_has_room(const struct tls *);
enum tls_written tls_seal(struct tls *, struct span, bool alone, size_t *put);
enum tls_written tls_send(struct tls *);

/*
 * The socket has become readable, as the event loop says: only then does tls_read() ask the kernel again. `ending`: the
 * peer has closed its half, and the kernel is to be asked up to that end.
 */
void tls_readable(struct tls *, bool ending);

/*
 * What a client sends behind the handshake is wiped from OpenSSL's buffers when it has been read, as there may be a
 * password in it, until tls_stop_wiping(). It may be NULL.
 */
void tls_stop_wiping(struct tls *);

/* Seals close_notify, once: tls_send() sends it, and nobody waits for the peer's. Not after TLS_FAILED. */
void tls_say_close(struct tls *);

/*
 * Why the last call failed, in words: the verification's error, the alert, or the system's; valid until the next call
 * for any connection. With NULL: why tls_open() failed.
 */
const char *tls_error(const struct tls *);

/* TLS failed behind a session that was offered, in place of which the server began no other: it may do without one. */
bool tls_offer_failed(const struct tls *);

/* Facts for the audit log, valid until tls_free(). `sni` is NULL where the client sent none. */
const char *tls_protocol(const struct tls *);
const char *tls_cipher(const struct tls *);
const char *tls_sni(const struct tls *);
bool        tls_resumed(const struct tls *);

/* Frees it and sets it to NULL, without a word to the peer. It may be NULL. */
void tls_free(struct tls **);

#endif
