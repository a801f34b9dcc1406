/*
 * What the author of a filter reads. A filter is one file that ends in a struct filter_module called NAME_module, and
 * its NAME in the list in filters/modules.c. It does no I/O and never sees the wire: dots are un-stuffed before it and
 * stuffed behind it.
 *
 * For each RETR and TOP, in this order:
 *
 *      open -> headers -> body ... body -> end -> close
 *
 * A callback that is NULL means: not interested. The reach says what else is called: headers() with FILTER_HEADERS,
 * body() with FILTER_BODY or FILTER_REWRITE, end() with any of the others but FILTER_HEADERS alone. After
 * FILTER_ENOUGH, FILTER_WITHHOLD or FILTER_FAILED, or when the server died, only close follows. Memory handed to a
 * callback lives for that call, but for the header list, which lives until close.
 *
 * A filter that has to ask somebody says FILTER_WAIT, and filter_resume() when it was answered. Meanwhile no more is
 * read of the message, and nothing else happens to it: only close may follow at any time, as when the client leaves. If
 * the answer does not come within the filter's `timeout`, counted from the callback's first FILTER_WAIT, it has failed,
 * and close follows without another call.
 *
 * A worker serves all of its sessions in one loop. A callback that has much to do leaves off where
 * budget_slice_is_over() (base/budget.h) with what it has done so far in `state`, and returns filter_yield(): it is
 * called again when others have had their turn.
 *
 * Where the time that headers() or end() takes is the sender's to choose, they say what they do with budget_use(), and
 * once the budget of the message is spent (base/budget.h) they stop and return FILTER_FAILED: see `time_limit`.
 */
#ifndef FILTERS_FILTER_H
#define FILTERS_FILTER_H

#include <stdint.h>

#include "base/error.h"
#include "base/setting.h"
#include "base/span.h"
#include "filters/headers.h"

struct filter;
struct chain;
struct chain_host;

/* What a filter needs of a message, said by open(); the message takes the cheapest path that serves all filters. */
enum filter_reach {
    FILTER_SKIPS   = 0, /* nothing: no other callback but close follows */
    FILTER_HEADERS = 1, /* the header list, in headers(), where it can be edited; alone, and behind a filter that holds,
                           when that one has spoken: it sees what that one wrote */
    FILTER_BODY = 2,    /* the text behind the header block, in body(), while it passes */
    FILTER_HOLD =
        4, /* nothing reaches the client until this filter's end() or FILTER_ENOUGH: headers can be edited there */
    FILTER_REWRITE = 8, /* the text that goes on is what the filter gives to filter_write() */
};

enum filter_verdict {
    FILTER_CONTINUE, /* go on */
    FILTER_ENOUGH,   /* from headers() or body(): this filter has seen what it needs. A holding filter's end() is called
                        at once, or when the filters in front of it do not hold the message any longer */
    FILTER_WAIT, /* an answer is outstanding: after filter_resume() the same callback is called again; body() has taken
                    nothing of the text, and gets it again, with what has come behind it */
    FILTER_WITHHOLD, /* the client must not get this message: -ERR, or a reset if a part of it has gone out */
    FILTER_FAILED, /* the filter could not do its work; on_failure in proxy.conf decides what becomes of the message */
};

/* What is known of a message before it flows. The pointers live until close; NULL: not known. */
struct message_info {
    bool        top;    /* TOP: the header and some lines; else RETR: all of it */
    uint64_t    lines;  /* of the body that the client asked for; RETR: UINT64_MAX */
    uint64_t    needed; /* TOP: lines of the body that a filter with `needs` is shown; no less than `lines` */
    uint64_t    number; /* the message's number in this session (RFC 1939, 4) */
    uint64_t    size;   /* of all of it, in octets, as the server lists it (RFC 1939, LIST); 0: not known */
    const char *uidl;   /* its unique id (RFC 1939, 7), if the client or popgate has asked for it */
    const char *user;
    const char *client;   /* "192.0.2.1:49152" */
    const char *listener; /* the listener's name in proxy.conf */
    const char *upstream; /* the upstream's */
};

/* What filters find out about a message: the audit log records it. Starts as {0}; message.c owns it. */
struct message_report {
    bool         recorded; /* an audit-log filter saw the message: write the record */
    bool         scored;   /* score, required and rules hold a verdict */
    double       score;
    double       required;
    struct bytes rules;                     /* RULE_A,RULE_B */
    struct bytes fields;                    /* where these are: */
    struct span  message_id, from, subject; /* unfolded, encoded words as they came; without data: there is none */
    char         sha256[65]; /* lower-case hexadecimal, of the text as the server sent it; "": not known */
};

/* One filter at work on one message. */
struct filter {
    const struct filter_module *module;
    const char                 *name; /* of the section in proxy.conf */
    const void                 *conf; /* what configure() made: shared by all messages, not to be written to */
    const struct message_info  *info;
    uint64_t                    lines; /* of the body that it is shown, if there are as many; RETR: UINT64_MAX */
    struct message_report      *report;
    void                       *state; /* the module's own: open() sets it, close() gives it back */

    /* Who runs it, and where in which chain; what is kept for it; why it cannot go on: for filters/filter.c. */
    const struct chain_host *host;
    const struct chain      *chain;
    size_t                   at;
    void                    *kept;
    struct bytes             why;
};

struct filter_module {
    const char           *name;      /* the word behind `module =` */
    const struct setting *settings;  /* its keys in proxy.conf, ended by a row without key; NULL: none */
    size_t                conf_size; /* octets of the struct that `settings` fill */

    /*
     * Called once, after `settings` were filled in: load and check what they name. 0; or -1 with each mistake in the
     * error, at a place in the configuration or in a file of the module's own. `release` is called in either case.
     */
    int (*configure)(void *conf, const struct setting_place *, struct error *);
    void (*release)(void *conf); /* gives back what configure() made, but not what `settings` filled in */

    /*
     * How many lines of a message's body it has to be shown, even where a client asks for fewer with TOP; 0: what comes
     * will do. Such a message is fetched, shown to this filter alone behind the lines that were asked for, and cut off
     * there. Not for a message of which the filter has a note: see filter_recall(). NULL: 0.
     */
    uint64_t (*needs)(const void *conf);

    /* It keeps notes: a message's unique id is asked for where the client has not. */
    bool remembers;

    /* The audit log in which sessions that meet this filter are to be recorded; NULL, as a callback or as a result:
     * none. */
    const char *(*records_to)(const void *conf);

    unsigned (*open)(struct filter *); /* its reach: enum filter_reach, or-ed */
    enum filter_verdict (*headers)(struct filter *, struct header_list *);
    enum filter_verdict (*body)(struct filter *, struct span text);
    enum filter_verdict (*end)(struct filter *,
                               struct header_list *); /* the list can still be edited if all of it was held */
    void (*close)(struct filter *);                   /* for every open() */
};

enum filter_log_level { FILTER_LOG_ERROR, FILTER_LOG_WARNING, FILTER_LOG_INFO, FILTER_LOG_DEBUG };

/* A line in the daemon's log; who it is about and which message is added by the daemon. Bytes that do not print are
 * escaped. */
void filter_log(struct filter *, enum filter_log_level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Before FILTER_FAILED: why, for the line that the log has of it. A filter that does not say so has logged it by
 * itself.
 */
void filter_explain(struct filter *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Text that a filter needs in one piece when it has the last word. filter_keep() puts a copy behind what is kept;
 * filter_kept() shows all of it until the next of these calls; filter_drop() gives it back, as the filter's end does.
 * The daemon decides where it lies meanwhile: past hold_memory in a file. -1: it could not be written, or read; that is
 * explained, and the filter has failed.
 */
int  filter_keep(struct filter *, struct span text) __attribute__((warn_unused_result));
int  filter_kept(struct filter *, struct span *text) __attribute__((warn_unused_result));
void filter_drop(struct filter *);

/*
 * What a filter found out about a message can be kept for the next time that somebody asks for it: by RETR or TOP, in
 * this session or another one, in whatever worker. The note is this filter's own, as proxy.conf configures it, behind
 * the same filters; a reload ends all of them. filter_remember() keeps up to about 900 octets, in place of an older
 * note; filter_recall() replaces `note` by what was kept, or says false: nothing was, or it had to give way to others,
 * or the message has no unique id. A module that uses them says so in `remembers`.
 */
bool filter_recall(const struct filter *, struct bytes *note);
void filter_remember(const struct filter *, struct span note);

/* FILTER_REWRITE: passes text on to the next filter, and from the last one to the client. Only from body() and end().
 */
void filter_write(struct filter *, struct span text);

/* After FILTER_WAIT: the answer has come. May be called from anywhere but from within a callback for the same message.
 */
void filter_resume(struct filter *);

/* As the result of a callback: FILTER_WAIT, for nothing but the next turn of the event loop. Only where
 * budget_slice_is_over(), or another message is in the way that was left off so. */
enum filter_verdict filter_yield(struct filter *);

#endif
