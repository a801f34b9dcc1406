/*
 * A server's lists: read as they come, whether they go on to the client or not, and what they told of the mailbox:
 * capabilities, unique ids, sizes. Knows no session.
 */
#ifndef PROXY_SESSION_LISTING_H
#define PROXY_SESSION_LISTING_H

#include "proxy/net/buffer.h"
#include "proxy/pop3/capa.h"
#include "proxy/pop3/dot.h"
#include "proxy/pop3/pop3.h"
#include "proxy/pop3/sizes.h"
#include "proxy/pop3/uidl.h"

/* What is known of a list of all messages. */
enum list_state {
    LIST_UNKNOWN,
    LIST_ASKED, /* by the client, or by popgate */
    LIST_KNOWN, /* or refused: what is not known by now will not be */
};

/* Starts as {0}. Others read it, and take single answers into `uidls` and `sizes`. */
struct listing {
    struct dot_reader  reader; /* of the list that is being read */
    uint64_t           octets; /* of it, where it goes no further */
    struct bytes       line;   /* of it, as far as it came */
    struct capa        capa;   /* while CAPA's is read */
    struct uidl_table *uidls;
    struct sizes       sizes;
    enum list_state    uidl_list, size_list; /* of all messages */
    uint64_t           uidl_asked;           /* the last message whose id popgate has asked for alone; 0: none */
};

enum listing_progress {
    LISTING_WANTS_MORE,
    LISTING_COMPLETE,
    LISTING_ENDLESS, /* more came than any list has; no client gets this list, so that no client would end it */
};

/* Begins a list. `reader` says how the server ends its lines. */
void listing_start(struct listing *, struct dot_reader reader);

/*
 * Reads on in it, from `from` to `to`, which is NULL if the list goes no further. `verb` says whose list it is, and
 * `is_read` whether its lines are of use: CAPA's go into `capa`, UIDL's into `uidls`, others' into `sizes`.
 */
enum listing_progress
listing_read(struct listing *, enum pop3_verb verb, bool is_read, struct buffer *from, struct buffer *to);

/* CAPA's list has been used. */
void listing_forget_capa(struct listing *);

/* A command goes to the server; the reply to it is over, with a list of all messages or without. */
void listing_note_asked(struct listing *, const struct pop3_command *);
void listing_note_over(struct listing *, const struct pop3_command *);

void listing_free(struct listing *);

#endif
