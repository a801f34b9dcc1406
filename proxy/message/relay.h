/*
 * A dotted reply from one buffer to another: what may stay as it is changes hands without being copied.
 */
#ifndef PROXY_MESSAGE_RELAY_H
#define PROXY_MESSAGE_RELAY_H

#include <stdint.h>

#include "proxy/net/buffer.h"
#include "proxy/pop3/dot.h"

/*
 * Reads one piece of the reply from `from`, gives its text to `text` (NULL: to nobody) and passes its wire on to `to`
 * (NULL: it is dropped). `*added` grows by the octets by which the text that goes on is longer than the text that came.
 * False if there is nothing to read: `from` is empty, or the reply is done.
 */
bool relay_piece(struct dot_reader *, struct buffer *from, struct buffer *to, struct sink *text, uint64_t *added);

#endif
