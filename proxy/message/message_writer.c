/* A sink in front of dots and a buffer. */
#include "proxy/message/message_writer.h"

static void
take_text(struct sink *sink, struct span text)
{
    struct message_writer *writer = container_of(sink, struct message_writer, sink);
    struct buffer_sink     wire   = buffer_sink(writer->to);

    *writer->octets += text.len + dot_write(&writer->dots, text, &wire.sink);
}

void
message_writer_open(struct message_writer *writer, uint64_t *octets, bool keep_bare_lf)
{
    *writer = (struct message_writer){.sink.take = take_text, .dots.keep_bare_lf = keep_bare_lf, .octets = octets};
}

static void
drop_octets(struct sink *sink, struct span wire)
{
    (void)sink;
    (void)wire;
}

void
message_writer_skip(struct message_writer *writer, struct span text)
{
    struct sink nowhere = {.take = drop_octets};

    (void)dot_write(&writer->dots, text, &nowhere);
}

void
message_write_refusal(struct buffer *to, enum filter_verdict verdict, const char *filter)
{
    struct bytes answer = {0};

    if (verdict == FILTER_WITHHOLD)
        bytes_printf(&answer, "-ERR message withheld by filter %s\r\n", filter);
    else
        bytes_printf(&answer, "-ERR [SYS/TEMP] filter %s could not examine the message\r\n", filter);
    buffer_add(to, bytes_span(&answer));
    bytes_free(&answer);
}
