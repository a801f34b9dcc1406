/* Collecting a header, in pieces if it comes so. */
#include "proxy/message_header.h"
#include "base/lines.h"

/* The memory of a header that is kept for the next: most messages come one behind the other. */
enum { TEXT_KEPT = 16 * 1024 /* octets */, FIELDS_KEPT = 256 };

static struct message_header kept;

void
message_header_open(struct message_header *header)
{
    *header = kept;
    kept    = (struct message_header){0};
}

/* A header too long to be taken apart is cut in front of a field: what is behind passes as it is. */
static struct span
cut(struct message_header *header)
{
    struct span text = bytes_span(&header->text);
    size_t      len  = text.len - 1;

    while (len > 0 && (text.data[len - 1] != '\n' || text.data[len] == ' ' || text.data[len] == '\t'))
        len--;
    header->cut = true;
    return span_head(text, len);
}

/* Takes the header apart, if what was collected holds all of it. `ends`: it does, whatever its last line is. */
static bool
take_apart(struct message_header *header, bool ends)
{
    struct span text = bytes_span(&header->text);

    if (!ends && headers_length(text, &header->scan) < 0) {
        if (text.len < MESSAGE_HEADER_MAX)
            return false;
        text = cut(header);
    }
    header->octets        = headers_parse(&header->list, text);
    header->list.headless = header->list.headless && !header->cut;
    return true;
}

/* Reads one piece, but not behind the empty line that most headers end with. True if that, or the message's end, was
 * read.
 */
static bool
collect(struct message_header *header, struct dot_reader *reader, struct buffer *from)
{
    struct span       wire = buffer_first(from);
    struct bytes_sink text = bytes_sink(&header->text);
    size_t            end = lines_find_empty(wire), len = end > 0 ? end : wire.len, read = 0;
    struct dot_step   step;

    len = len < MESSAGE_HEADER_MAX ? len : MESSAGE_HEADER_MAX;
    (void)bytes_reserve(&header->text, len);
    while (read < len && !reader->done)
        read += dot_read(reader, (struct span){wire.data + read, len - read}, &text.sink, &step);
    buffer_drain(from, read);
    return reader->done || (end > 0 && read == end);
}

bool
message_header_read(struct message_header *header, struct dot_reader *reader, struct buffer *from)
{
    while (from->length > 0)
        if (take_apart(header, collect(header, reader, from)))
            return true;
    return false;
}

void
message_header_close(struct message_header *header)
{
    headers_clear(&header->list);
    bytes_clear(&header->text);
    if (header->text.data != NULL && kept.text.data == NULL && header->text.capacity <= TEXT_KEPT &&
        header->list.capacity <= FIELDS_KEPT) {
        kept.text = header->text;
        kept.list = header->list;
    } else {
        headers_free(&header->list);
        bytes_free(&header->text);
    }
    *header = (struct message_header){0};
}
