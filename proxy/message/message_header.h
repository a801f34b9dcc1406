/*
 * The header block of a message: collected from the server's buffer, un-stuffed, and taken apart. What is read for it
 * is copied, so it ends soon behind the empty line. It is counted, and goes to a file where too much is kept: its
 * beginning while it is collected, all of it with its fields once it is folded.
 */
#ifndef PROXY_MESSAGE_MESSAGE_HEADER_H
#define PROXY_MESSAGE_MESSAGE_HEADER_H

#include "filters/headers.h"
#include "proxy/message/hold_budget.h"
#include "proxy/message/spool.h"
#include "proxy/net/buffer.h"
#include "proxy/pop3/dot.h"

/* How much of a header block is taken apart, in octets; fields beyond it pass unseen. */
enum { MESSAGE_HEADER_MAX = 256 * 1024 };

struct message_header {
    struct hold_budget *budget;
    struct header_list  list;    /* once it is whole */
    struct bytes        text;    /* what was collected: the header, and text behind it */
    size_t              octets;  /* how much of `text` is the header */
    bool                cut;     /* and more of it follows: it is too long */
    bool                folded;  /* all of it is in the file */
    struct headers_scan scan;    /* of what is in `text` */
    struct spool        spool;   /* what was collected in front of `text`; or what was folded */
    int64_t             counted; /* octets that the budget knows of */
};

/* Begins one, in the memory of one that was closed. Nothing else is to be done before. */
void message_header_open(struct message_header *, struct hold_budget *);

enum message_header_progress {
    MESSAGE_HEADER_WANTS_MORE, /* all of `from` was used */
    MESSAGE_HEADER_WHOLE,
    MESSAGE_HEADER_LOST, /* what was put into the file cannot be read: errno says why */
};

/* Reads on. */
enum message_header_progress message_header_read(struct message_header *, struct dot_reader *, struct buffer *from);

/* Its fields are not needed for now, nor is text behind it: where too much is kept they go to the file, if that can be
 * written. */
void message_header_fold(struct message_header *);

/* They are needed. 0; or -1 with errno if the file cannot be read. */
int message_header_unfold(struct message_header *);

/* Ends it; only message_header_open() may follow. The struct may be {0}. */
void message_header_close(struct message_header *);

#endif
