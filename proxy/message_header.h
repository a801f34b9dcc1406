/*
 * The header block of a message: collected from the server's buffer, un-stuffed, and taken apart. What is read for it
 * is copied, so it ends soon behind the empty line.
 */
#ifndef PROXY_MESSAGE_HEADER_H
#define PROXY_MESSAGE_HEADER_H

#include "filters/headers.h"
#include "proxy/buffer.h"
#include "proxy/dot.h"

/* How much of a header block is taken apart, in octets; fields beyond it pass unseen. */
enum { MESSAGE_HEADER_MAX = 256 * 1024 };

struct message_header {
    struct header_list  list;   /* once it is whole */
    struct bytes        text;   /* what was collected: the header, and text behind it */
    size_t              octets; /* how much of `text` is the header */
    bool                cut;    /* and more of it follows: it is too long */
    struct headers_scan scan;
};

/* Begins one, in the memory of one that was closed. Nothing else is to be done before. */
void message_header_open(struct message_header *);

/* Reads on. True once the header is whole; false: more is wanted, all of `from` was used. */
bool message_header_read(struct message_header *, struct dot_reader *, struct buffer *from);

/* Ends it; only open is to be called then. Of {0}: nothing. */
void message_header_close(struct message_header *);

#endif
