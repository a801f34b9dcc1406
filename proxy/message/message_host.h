/* What message.c provides to the chain of filters: the way to the log, a place for what they keep, the header. */
#ifndef PROXY_MESSAGE_MESSAGE_HOST_H
#define PROXY_MESSAGE_MESSAGE_HOST_H

#include "base/sink.h"
#include "proxy/message/message.h"
#include "proxy/message/message_header.h"

struct message_host {
    struct chain_host           chain; /* for chain_open() */
    const struct message_setup *setup;
    struct message_header      *header;
    struct sink                *body; /* where the text of the last filter that rewrites goes */
};

/* All that is given outlives the host. */
void message_host_open(struct message_host *, const struct message_setup *, struct message_header *, struct sink *body);

#endif
