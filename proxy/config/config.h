/*
 * proxy.conf as an immutable struct. The master reads it, workers inherit it by fork(); a reload makes a new one.
 * popgate.conf(5) says what each key means; the members have the keys' names.
 */
#ifndef PROXY_CONFIG_CONFIG_H
#define PROXY_CONFIG_CONFIG_H

#include <sys/socket.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/setting.h"
#include "filters/chain.h"
#include "proxy/net/tls.h"

enum config_tls { CONFIG_TLS_NONE, CONFIG_TLS_STLS, CONFIG_TLS_STLS_REQUIRED, CONFIG_TLS_IMPLICIT };
enum config_commands { CONFIG_COMMANDS_STRICT, CONFIG_COMMANDS_PASS };
enum config_bare_lf { CONFIG_BARE_LF_CRLF, CONFIG_BARE_LF_PASS };
enum config_pipelining { CONFIG_PIPELINING_AUTO, CONFIG_PIPELINING_OFF };
enum config_line_end { CONFIG_LINE_END_CRLF, CONFIG_LINE_END_LF };

/* One socket address, as it was written and as bind(2) and connect(2) take it. */
struct config_address {
    char                   *text; /* "10.0.0.5:110", for logs; one per address that a host name resolved to */
    char                   *host; /* the part before the port, as written: the name a certificate is checked against */
    uint16_t                port;
    struct sockaddr_storage sockaddr;
    socklen_t               len; /* 0: the address of this name is not known (yet) */
};

struct config_addresses {
    struct config_address *items;
    size_t                 count;
};

struct config_upstream {
    char                   *name;
    const char             *file; /* where the section stands */
    unsigned                line;
    struct setting_list     server;
    int                     tls; /* enum config_tls: NONE, STLS or IMPLICIT; STLS is always required here */
    bool                    tls_verify;
    char                   *tls_ca;   /* NULL: the system's store */
    char                   *tls_name; /* NULL: the host as written in `server` */
    int                     tls_min;  /* enum tls_version */
    char                   *ciphers, *curves;
    bool                    legacy_server_connect;
    int64_t                 connect_timeout; /* milliseconds: TCP, TLS and the greeting together */
    int64_t                 reply_timeout;   /* milliseconds without an octet while a reply is due */
    int                     pipelining;      /* enum config_pipelining */
    int                     line_end;        /* enum config_line_end: what ends the server's lines */
    struct config_addresses addresses;       /* of `server`, in the order in which they are tried */
    struct tls_context     *context;         /* NULL if tls is NONE */
};

struct config_listener {
    char                         *name;
    const char                   *file;
    unsigned                      line;
    struct setting_list           address;
    int                           tls; /* enum config_tls */
    struct setting_list           certificate;
    struct setting_list           key;
    int                           tls_min; /* enum tls_version */
    char                         *ciphers, *curves;
    char                         *upstream_name; /* the key `upstream` */
    struct setting_list           filters;
    int64_t                       max_sessions;             /* 0: no limit of its own */
    int64_t                       max_sessions_per_address; /* likewise */
    int64_t                       login_timeout;            /* milliseconds from accept to login */
    int64_t                       idle_timeout; /* milliseconds without a command or progress once logged in */
    bool                          plaintext_login;
    int                           commands; /* enum config_commands */
    int                           bare_lf;  /* enum config_bare_lf */
    struct config_addresses       addresses;
    const struct config_upstream *upstream;
    struct chain                  chain;
    struct tls_context           *context; /* NULL if tls is NONE */
};

/* A filter section: what the chain runs, and what config.c needs to give it back. */
struct config_filter {
    struct chain_filter filter;
    char               *name;
};

struct config {
    struct setting_list     files;   /* as given, and all that it includes: for messages, as */
    const char             *file;    /* the first of them is */
    int64_t                 workers; /* never 0: the number of processors was filled in */
    char                   *user;
    char                   *audit_user;       /* NULL: see proxy/process/master_user.h */
    int64_t                 shutdown_timeout; /* milliseconds */
    int64_t                 drain_timeout;    /* milliseconds; 0: none */
    char                   *log;              /* "stderr", "syslog" or an absolute path */
    int                     log_level;        /* enum log_level */
    char                   *spool_dir;
    int64_t                 hold_memory;    /* octets per worker */
    int64_t                 max_sessions;   /* 0: as many as descriptors carry */
    int64_t                 max_handshakes; /* with clients; 0: no limit */
    int64_t                 verdict_cache;  /* octets for all workers together; 0: none */
    struct config_listener *listeners;
    size_t                  listener_count;
    struct config_upstream *upstreams;
    size_t                  upstream_count;
    struct config_filter   *filters;
    size_t                  filter_count;
    struct bytes notes; /* what an admin should know, though it is no mistake: lines, each ended by a newline */
};

/*
 * Reads `file` and everything it names: certificates, keys, CA files, rules. NULL with every mistake found in the
 * error, as FILE:LINE: WHAT. Opens no socket and no log. Names in `server` stand as such among the addresses, until
 * config_place() is told theirs. The error's notes become the configuration's.
 */
struct config *config_load(const char *file, struct error *);

/*
 * The same in a process for that alone, which becomes another user (0; or -1 with errno) before it reads what filters
 * name. `become` may look at the keys outside of any section.
 */
struct config *config_load_as(const char *file, int (*become)(const struct config *), struct error *);

/*
 * What the name `host` stands for: these addresses, whose ports are not looked at, take its place in each `server` that
 * has it; with none, its address is not known. Before workers are started: theirs is a copy.
 */
void config_place(struct config *, const char *host, const struct sockaddr_storage *found, size_t count);

/* Each listener that would connect to itself, by way of the addresses that are known, is an error at its section. */
void config_check_loops(const struct config *, struct error *);

/* Frees it with all it holds and sets it to NULL. It may be NULL. */
void config_free(struct config **);

/* Does a filter in use hold messages, so that spool_dir is needed? */
bool config_holds(const struct config *);

/* The paths of the audit logs that the filters of `listener` record to, the first `most` of them; returns how many. */
size_t config_audit_paths(const struct config_listener *, const char **paths, size_t most);

#endif
