/* Text on its way to the wire: counted, stuffed, and put into a buffer. */
#ifndef PROXY_MESSAGE_MESSAGE_WRITER_H
#define PROXY_MESSAGE_MESSAGE_WRITER_H

#include <stdint.h>

#include "filters/filter.h"
#include "proxy/net/buffer.h"
#include "proxy/pop3/dot.h"

struct message_writer {
    struct sink       sink; /* takes text */
    struct dot_writer dots;
    struct buffer    *to;
    uint64_t         *octets; /* grows by those of the text that the client gets */
};

void message_writer_open(struct message_writer *, uint64_t *octets, bool keep_bare_lf);

/* What is written next stands behind `text`, which is on the wire already. */
void message_writer_skip(struct message_writer *, struct span text);

/* The answer in place of a message that `filter` withholds, or failed on. */
void message_write_refusal(struct buffer *to, enum filter_verdict, const char *filter);

#endif
