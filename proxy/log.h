/*
 * The daemon's log: a line says when, how bad, who it is about, what popgate was doing, and what happened. Secrets have
 * no way in: callers never hand over a command's argument. Every octet that does not print (control characters, marks
 * of text direction, ill-formed UTF-8) and every backslash is written as \xHH, and so is a space within the names at
 * the head of a line: one event is one line, and can be taken apart again, whatever a peer sent.
 *
 *      2026-11-20T17:42:36.123456Z popgate[4711] warning: session 9f3c-12 client 192.0.2.1:49152 listener pop3s user
 *      bob: connection to 10.0.0.5:110 refused, while connecting to upstream legacy            (all in one line)
 */
#ifndef PROXY_LOG_H
#define PROXY_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/span.h"

/* Octets of a line with its newline: PIPE_BUF, up to which a write to a pipe is not torn. */
enum { LOG_LINE_MAX = 4096 };

#include "base/span.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The words for enum log_level in proxy.conf, ended by NULL. */
extern const char *const log_level_names[];

/* Who a line is about. Any member may be NULL; the strings are read during the call only. */
struct log_context {
    const char *session;
    const char *client;
    const char *listener;
    const char *user;
    const char *action; /* what popgate is doing: "connecting to upstream legacy" */
};

/*
 * Says where lines go: "stderr", "syslog" or the path of a file, which is made (0640) and appended to, and never
 * followed if it is a link. On a standard error that is systemd's journal a line begins with "<PRIORITY>" in place of
 * time, process and level. 0; or -1 with errno, and the log stays what it was. Before the first call lines go to
 * stderr.
 */
int log_open(const char *target, enum log_level);

/* Opens a file's path again, after a rotation; does nothing for other targets. Returns as log_open(). */
int log_reopen(void);

/* Is the log a file, of which children must not have a descriptor? */
bool log_is_file(void);

/* The descriptor of the log file; -1 if the log is not a file. */
int log_descriptor(void);

/*
 * In a child: sends each line from now on to the master, as a packet over this socket (AF_UNIX, SOCK_SEQPACKET), which
 * becomes the log's. Lines that a master does not take for 10 ms are lost, and counted.
 */
void log_adopt(int fd);

/*
 * In the master: writes a line that came so from the child of that process id. False if log_write() cannot have made
 * it.
 */
bool log_pass(struct span line, pid_t process);

/* Would a line of this level be written? */
bool log_wants(enum log_level);

/*
 * Writes a line with one write(2), cut at 4096 octets ("..." ends it then). A log that cannot be written loses the
 * line, and never stops the caller. errno stays as it was.
 */
void
log_write(enum log_level, const struct log_context *, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_vwrite(enum log_level, const struct log_context *, const char *format, va_list)
    __attribute__((format(printf, 3, 0)));

/* Writes a line for each of `lines`, which newlines separate, about nobody. */
void log_lines(enum log_level, struct span lines);

#endif
