/*
 * The names in `server`, and what they stand for: asked for when a configuration is read, and again until there is an
 * answer. The master waits for none of them.
 */
#ifndef PROXY_PROCESS_MASTER_NAMES_H
#define PROXY_PROCESS_MASTER_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/config/config.h"
#include "proxy/process/master_user.h"

struct master_name {
    char                    *host;
    struct sockaddr_storage *found; /* the last addresses that were found; NULL: none was ever found */
    size_t                   count;
    const char              *why; /* why the last answer had no address; NULL: it had one, or there was no answer yet */
    int                      fd;  /* where the answer comes; -1: nobody asks */
    int64_t                  due; /* clock_now(): when to ask for it; INT64_MAX: never */
    int64_t                  delay;   /* milliseconds from the next answer without an address to the next question */
    bool                     awaited; /* no answer has come since it was last read */
};

/* Starts as {0}. A name stays there as long as the master lives. */
struct master_names {
    struct master_name *items;
    size_t              count;
    int64_t             settled; /* clock_now(): when what was found is placed; 0: nothing was found */
};

/* How long the reading of a configuration waits for its names, in milliseconds. */
enum { MASTER_NAMES_WAIT_MS = 5000 };

/* The names of a configuration that was read just now are all asked for. */
void master_names_ask(struct master_names *, const struct config *);

/*
 * Asks for names that are due and of the configuration, as this user, and takes the answers that have come. Returns the
 * milliseconds until there is more to do, -1: for ever; of answers SIGCHLD tells.
 */
int master_names_step(struct master_names *, const struct config *, const struct master_user *);

/* Is an answer about a name of the configuration still outstanding? */
bool master_names_asking(const struct master_names *, const struct config *);

/* Asks, and waits for all answers, but for no longer than MASTER_NAMES_WAIT_MS. */
void master_names_wait(struct master_names *, const struct config *, const struct master_user *);

/* Places what is known of each name. What leads to a loop is an error. */
void master_names_place(const struct master_names *, struct config *, struct error *);

/*
 * Places names whose first addresses were found while the configuration is in use, a second after the first of them.
 * One that leads to a loop is an error in the log, and asked for again. Are the workers' copies out of date now?
 */
bool master_names_renew(struct master_names *, struct config *);

/* Notes each name of the configuration that has no address, or an old one, at its upstream. */
void master_names_note(const struct master_names *, const struct config *, struct error *notes);

/* In a child, and at the end: closes and forgets all. */
void master_names_close(struct master_names *);

#endif
