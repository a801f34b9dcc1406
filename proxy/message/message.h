/*
 * One answer to RETR or TOP on its way from the server's buffer to the client's, behind its status line. It runs the
 * chain over the text and takes the cheapest path that serves it:
 *
 *      reach      header block                 behind it
 *      none       moved                        moved: the end is found, the buffers change hands
 *      headers    apart, edited, written       moved
 *      body       apart, edited, written       moved, and shown to the filters as it passes
 *      hold       apart, edited late, written  parked, shown, and moved on when the filters have spoken; from a file
 *                                              as the client takes it
 *      rewrite    apart, edited, written       un-stuffed, filtered, stuffed
 *
 * Where the server was asked for more lines than the client asked for with TOP (info->needed), the body is copied up to
 * the client's last line, and what is behind goes to the filters that need it and no further.
 *
 * The +OK to the client goes out in front of the first octet that the chain lets go, so that a refusal can still be
 * -ERR.
 */
#ifndef PROXY_MESSAGE_MESSAGE_H
#define PROXY_MESSAGE_MESSAGE_H

#include "filters/chain.h"
#include "proxy/message/hold.h"

struct message;

struct message_setup {
    const struct chain        *chain;
    const struct message_info *info;  /* must outlive the message, as must all that it points to */
    const struct chain_notes  *notes; /* NULL: none are kept; must outlive the message as well */
    struct hold_budget        *budget;
    bool                       keep_bare_lf; /* as in proxy/pop3/dot.h, at most one of the two */
    bool                       lf_ends_line;
    void (*log)(void *context, const char *filter, enum filter_log_level, const char *line);
    bool (*wants)(void *context, enum filter_log_level); /* are lines of this level wanted? NULL: all are */
    void (*resume)(void *context); /* a filter's answer has come: call message_move() again, from the event loop */
    void (*yield)(void *context);  /* a filter has more to do: chain_next_turn() and message_move(), in the next turn
                                      of the event loop; NULL: filters work without a break */
    void *context;
};

/* The server answered +OK: what follows is a message. The setup is copied. */
struct message *message_open(const struct message_setup *);

enum message_progress {
    MESSAGE_WANTS_MORE, /* all of `from` that can be used was used */
    MESSAGE_FULL,     /* more was held than `to` should have at once: call again when the client has taken some of it */
    MESSAGE_WAITS,    /* a filter waits; nothing moves until `resume`, `yield` or chain_expire() */
    MESSAGE_COMPLETE, /* the server ended it, and the client's answer is in `to` as a whole, be it the message or an
                         -ERR */
    MESSAGE_BROKEN,   /* a part of it is with the client and the rest must not be: the client is to be reset */
};

/* Moves on with what the server sent, from `from` to `to`: the same two buffers at every call. */
enum message_progress message_move(struct message *, struct buffer *from, struct buffer *to);

/* Has any octet of the answer been put into `to`? If not, an -ERR can still be the answer. */
bool message_begun(const struct message *);

/* Is there more for the client than was put into `to`, whatever the server sends? */
bool message_waits_for_client(const struct message *);

/* The filters, if the last move ended in MESSAGE_WAITS: for chain_deadline(), chain_expire() and chain_next_turn().
 * Else NULL. */
struct chain_run *message_waits_for_filter(const struct message *);

/* It will not be moved again: its filters are let go, with what is kept for them. */
void message_stop(struct message *);

/* Facts for the audit log; complete once the message is. */
struct message_facts {
    const struct message_report *report;
    const char *changes;    /* the header edits, where a filter may have the message recorded; "" for none */
    uint64_t    octets_in;  /* of the text as the server sent it, as far as it was looked at */
    uint64_t    octets_out; /* of the text as the client got it */
    bool        withheld;
    bool        ended; /* the server has sent all of it */
    int lost; /* of one that is broken: the errno for which what was held cannot be read; 0: a filter stopped it */
};
struct message_facts message_facts(const struct message *);

/* Ends it at any time, frees it and sets it to NULL. It may be NULL. */
void message_close(struct message **);

#endif
