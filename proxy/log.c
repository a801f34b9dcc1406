/*
 * The daemon's log. A line is put together in one buffer on the stack, escaped as it goes in, and leaves with one
 * write(2), which for up to 4096 octets is never mixed with another process's. All state is the one target below.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/count.h"
#include "base/logfile.h"
#include "base/memory.h"
#include "base/span.h"
#include "base/text.h"
#include "base/utf8.h"
#include "proxy/log.h"

enum {
    LINE_SIZE = LOG_LINE_MAX,
    LINE_ROOM = LINE_SIZE - sizeof("...\n") + 1 /* without the mark of a cut and the newline */
};

enum kind { KIND_STDERR, KIND_JOURNAL, KIND_SYSLOG, KIND_FILE, KIND_MASTER };

enum { PATIENCE_MS = 10 }; /* for a master that is behind */

static struct {
    enum kind      kind;
    enum log_level level;
    int            fd;
    char          *path; /* KIND_FILE */
    unsigned       lost; /* KIND_MASTER: lines that it did not take */
    bool           confessing;
} target = {.kind = KIND_STDERR, .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

struct line {
    size_t len;
    bool   full;
    char   text[LINE_SIZE];
};

const char *const log_level_names[] = {
    [LOG_LEVEL_ERROR]   = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO]    = "info",
    [LOG_LEVEL_DEBUG]   = "debug",
    NULL,
};

_Static_assert(COUNT_OF(log_level_names) == LOG_LEVEL_DEBUG + 2, "a word for each level");

/* Adds octets as they are. What does not fit is cut there, visibly, and nothing follows it. */
static void
line_add_raw(struct line *line, struct span text)
{
    if (line->full)
        return;
    line->full = line->len + text.len > LINE_ROOM;
    if (line->full)
        text = SPAN("...");
    memcpy(line->text + line->len, text.data, text.len);
    line->len += text.len;
}

static void
line_add_escaped(struct line *line, struct span octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        char text[5];

        (void)snprintf(text, sizeof(text), "\\x%02x", (unsigned char)octets.data[i]);
        line_add_raw(line, (struct span){text, 4});
    }
}

/* Adds the character that `text` begins with. Returns how many octets it takes. */
static size_t
line_add_character(struct line *line, struct span text, char also)
{
    unsigned    code = 0;
    size_t      len  = utf8_read(text, &code);
    struct span next = span_head(text, len > 0 ? len : 1);

    if (len == 0 || utf8_acts(code) || code == '\\' || (also != '\0' && code == (unsigned char)also))
        line_add_escaped(line, next);
    else
        line_add_raw(line, next);
    return next.len;
}

/* Adds text that a peer may have chosen. `also` is escaped too: a space, where it would end a value. */
static void
line_add(struct line *line, struct span text, char also)
{
    while (text.len > 0 && !line->full) {
        size_t plain = text_plain_length(text, '\\', also != '\0' ? also : '\\');
        size_t room  = LINE_ROOM - line->len;

        plain = plain < room ? plain : room;
        line_add_raw(line, span_head(text, plain));
        text = span_tail(text, plain);
        if (text.len > 0)
            text = span_tail(text, line_add_character(line, text, also));
    }
}

static void
line_add_context(struct line *line, const struct log_context *context)
{
    const struct {
        const char *word, *value;
    } parts[] = {
        {"session ", context->session},
        {"client ", context->client},
        {"listener ", context->listener},
        {"user ", context->user},
    };
    bool any = false;

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i].value != NULL) {
            line_add_raw(line, any ? SPAN(" ") : SPAN(""));
            line_add_raw(line, span_of(parts[i].word));
            line_add(line, span_of(parts[i].value), ' ');
            any = true;
        }
    if (any)
        line_add_raw(line, SPAN(": "));
}

static const int priorities[] = {
    [LOG_LEVEL_ERROR]   = LOG_ERR,
    [LOG_LEVEL_WARNING] = LOG_WARNING,
    [LOG_LEVEL_INFO]    = LOG_INFO,
    [LOG_LEVEL_DEBUG]   = LOG_DEBUG,
};

/* syslog(3) and the journal know time, name and process by themselves; the journal is told the priority (sd-daemon(3)).
 */
static void
line_add_head(struct line *line, enum log_level level)
{
    char now[CLOCK_TEXT_SIZE], room[TEXT_NUMBER_SIZE];

    if (target.kind == KIND_JOURNAL) {
        line_add_raw(line, SPAN("<"));
        line_add_raw(line, text_number((uint64_t)priorities[level], room));
        line_add_raw(line, SPAN(">"));
    }
    if (target.kind == KIND_SYSLOG || target.kind == KIND_JOURNAL)
        return;
    clock_write_utc(now);
    line_add_raw(line, (struct span){now, sizeof(now) - 1});
    line_add_raw(line, SPAN(" popgate["));
    line_add_raw(line, text_number((uint64_t)getpid(), room));
    line_add_raw(line, SPAN("] "));
    line_add_raw(line, span_of(log_level_names[level]));
    line_add_raw(line, SPAN(": "));
}

static void
line_send_syslog(const struct line *line, enum log_level level)
{
    syslog(priorities[level], "%.*s", (int)line->len, line->text);
}

/* Standard error may be a pipe that nobody reads: then there is no room, and the line is lost. */
static bool
has_room(void)
{
    struct pollfd ready = {.fd = target.fd, .events = POLLOUT};

    return target.kind == KIND_FILE || poll(&ready, 1, 0) == 1;
}

/* Says that lines are missing, where they are, once there is room for that. */
static void
confess(void)
{
    unsigned lost = target.lost;

    if (lost == 0 || target.confessing)
        return;
    target.confessing = true;
    log_write(LOG_LEVEL_WARNING, NULL, "%u log lines were lost here: the master did not take them in time", lost);
    target.confessing = false;
    target.lost       = target.lost > lost ? lost : 0;
}

/* To the master. One that is behind is waited for, once, until it takes lines again. */
static bool
send_line(struct span line)
{
    struct pollfd ready = {.fd = target.fd, .events = POLLOUT};

    while (send(target.fd, line.data, line.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        if (errno != EINTR && (errno != EAGAIN || target.lost > 0 || poll(&ready, 1, PATIENCE_MS) != 1))
            return false;
    return true;
}

static void
write_line(struct span line)
{
    if (target.kind == KIND_MASTER)
        target.lost += !send_line(line);
    else if (has_room() && write(target.fd, line.data, line.len) < 0)
        return; /* lost, as the header says */
}

static void
line_send(struct line *line, enum log_level level)
{
    if (target.kind == KIND_SYSLOG) {
        line_send_syslog(line, level);
        return;
    }
    if (target.kind == KIND_MASTER)
        confess();
    line->text[line->len++] = '\n';
    write_line((struct span){line->text, line->len});
}

static void
set_target(enum kind kind, int fd, const char *path)
{
    char *copy = path != NULL ? memory_copy_string(path) : NULL; /* `path` may be the old target's own */

    if (target.kind == KIND_FILE || target.kind == KIND_MASTER)
        (void)close(target.fd);
    else if (target.kind == KIND_SYSLOG)
        closelog();
    free(target.path);
    target.kind = kind;
    target.fd   = fd;
    target.path = copy;
    target.lost = 0;
}

/* Does standard error go to systemd's journal, as systemd.exec(5) says of $JOURNAL_STREAM? */
static bool
is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char        here[64];

    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
        return false;
    (void)snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, here) == 0;
}

int
log_open(const char *where, enum log_level level)
{
    if (strcmp(where, "stderr") == 0) {
        set_target(is_journal() ? KIND_JOURNAL : KIND_STDERR, STDERR_FILENO, NULL);
    } else if (strcmp(where, "syslog") == 0) {
        set_target(KIND_SYSLOG, -1, NULL);
        openlog("popgate", LOG_PID | LOG_NDELAY, LOG_MAIL);
    } else {
        int fd = logfile_open(where, O_WRONLY);

        if (fd < 0)
            return -1;
        set_target(KIND_FILE, fd, where);
    }
    target.level = level;
    return 0;
}

int
log_reopen(void)
{
    return target.path != NULL ? log_open(target.path, target.level) : 0;
}

int
log_descriptor(void)
{
    return target.kind == KIND_FILE ? target.fd : -1;
}

bool
log_is_file(void)
{
    return target.kind == KIND_FILE;
}

void
log_adopt(int fd)
{
    set_target(KIND_MASTER, fd, NULL);
}

/* Is there nothing in it that line_add() would have escaped? */
static bool
is_harmless(struct span text)
{
    while (text.len > 0) {
        size_t   plain = text_plain_length(text, '\x7f', '\x7f');
        unsigned code  = 0;
        size_t   len;

        text = span_tail(text, plain);
        len  = text.len > 0 ? utf8_read(text, &code) : 0;
        if (text.len > 0 && (len == 0 || utf8_acts(code)))
            return false;
        text = span_tail(text, len);
    }
    return true;
}

bool
log_pass(struct span line, pid_t process)
{
    char        head[48];
    int         len = snprintf(head, sizeof(head), " popgate[%d] ", (int)process);
    struct span mark, rest;

    if (line.len < CLOCK_TEXT_SIZE + (size_t)len || line.data[line.len - 1] != '\n')
        return false;
    line.len--;
    mark = span_head(line, CLOCK_TEXT_SIZE - 1);
    rest = span_tail(line, mark.len);
    if (!span_starts(rest, (struct span){head, (size_t)len}) || !is_harmless(rest) ||
        strspn(mark.data, "0123456789-:.TZ") != mark.len)
        return false;
    line.len++;
    if (target.kind == KIND_SYSLOG)
        syslog(LOG_INFO, "%.*s", (int)rest.len, rest.data);
    else
        write_line(line);
    return true;
}

bool
log_wants(enum log_level level)
{
    return level <= target.level;
}

void
log_vwrite(enum log_level level, const struct log_context *context, const char *format, va_list args)
{
    char        message[LINE_SIZE];
    struct line line;
    int         why = errno;

    if (!log_wants(level))
        return;
    line.len  = 0;
    line.full = false;
    if (vsnprintf(message, sizeof(message), format, args) < 0)
        message[0] = '\0';
    line_add_head(&line, level);
    if (context != NULL)
        line_add_context(&line, context);
    line_add(&line, span_of(message), '\0');
    if (context != NULL && context->action != NULL) {
        line_add_raw(&line, SPAN(", while "));
        line_add(&line, span_of(context->action), '\0');
    }
    line_send(&line, level);
    errno = why;
}

void
log_write(enum log_level level, const struct log_context *context, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_vwrite(level, context, format, args);
    va_end(args);
}

void
log_lines(enum log_level level, struct span lines)
{
    while (lines.len > 0) {
        const char *end = memchr(lines.data, '\n', lines.len);
        size_t      len = end != NULL ? (size_t)(end - lines.data) : lines.len;

        log_write(level, NULL, "%.*s", (int)len, lines.data);
        lines = span_tail(lines, len + (end != NULL));
    }
}
