/* One piece of a dotted reply, from buffer to buffer. */
#include "proxy/message/relay.h"
#include "proxy/net/buffer.h"

bool
relay_piece(struct dot_reader *reader, struct buffer *from, struct buffer *to, struct sink *text, uint64_t *added)
{
    struct span     wire = buffer_first(from);
    struct dot_step step;
    size_t          read;

    if (wire.len == 0 || reader->done)
        return false;
    read = dot_read(reader, wire, text, &step);
    if (to == NULL) {
        buffer_drain(from, read);
        return true;
    }
    buffer_move(from, to, step.pass);
    buffer_drain(from, step.drop);
    buffer_add(to, step.insert);
    *added += step.insert.len == 2; /* a bare LF went out as CR LF */
    return true;
}
