/* Collecting a header, in pieces if it comes so. */
#include "proxy/message/message_header.h"
#include "base/lines.h"

enum {
    TEXT_KEPT   = 16 * 1024, /* octets of the memory of a header that is kept for the next: most come one by one */
    FIELDS_KEPT = 256,
    FILE_MIN    = 4 * 1024, /* octets that are worth a file */
};

static struct message_header kept;

void
message_header_open(struct message_header *header, struct hold_budget *budget)
{
    *header        = kept;
    kept           = (struct message_header){0};
    header->budget = budget;
    header->spool  = (struct spool){.fd = -1};
}

static void
count(struct message_header *header)
{
    hold_count(header->budget, &header->counted, header->text.capacity + headers_memory(&header->list));
}

/* Puts what has been looked at into the file; one octet stays, which says whether the next begins a line. */
static void
spill_text(struct message_header *header)
{
    size_t       len  = header->scan.at > 0 ? header->scan.at - 1 : 0;
    struct bytes rest = {0};

    if (len < FILE_MIN ||
        spool_write(&header->spool, header->budget->spool_dir, span_head(bytes_span(&header->text), len)) != 0)
        return;
    bytes_add(&rest, span_tail(bytes_span(&header->text), len));
    bytes_free(&header->text);
    header->text    = rest;
    header->scan.at = 1;
    count(header);
}

/* Makes `text` what the file holds and what stands behind it in `text`; the file is gone then. */
static int
read_back(struct message_header *header)
{
    size_t       size = (size_t)header->spool.size;
    struct bytes all  = {0};

    if (size == 0)
        return 0;
    (void)bytes_reserve(&all, size + header->text.len);
    if (spool_read(&header->spool, 0, all.data, size) != 0) {
        bytes_free(&all);
        return -1;
    }
    all.len = size;
    bytes_add(&all, bytes_span(&header->text));
    bytes_free(&header->text);
    header->text = all;
    spool_close(&header->spool);
    return 0;
}

/* A header too long to be taken apart is cut in front of a field: what is behind passes as it is. */
static struct span
cut_header(struct message_header *header)
{
    struct span text = bytes_span(&header->text);
    size_t      len  = text.len - 1;

    while (len > 0 && (text.data[len - 1] != '\n' || text.data[len] == ' ' || text.data[len] == '\t'))
        len--;
    header->cut = true;
    return span_head(text, len);
}

/*
 * Takes the header apart, if what was collected holds all of it. With `ends` it holds all, whatever its last line is.
 */
static enum message_header_progress
take_apart(struct message_header *header, bool ends)
{
    bool        whole = ends || headers_length(bytes_span(&header->text), &header->scan) >= 0;
    struct span text;

    if (!whole && (size_t)header->spool.size + header->text.len < MESSAGE_HEADER_MAX)
        return MESSAGE_HEADER_WANTS_MORE;
    if (read_back(header) != 0)
        return MESSAGE_HEADER_LOST;
    text                  = whole ? bytes_span(&header->text) : cut_header(header);
    header->octets        = headers_parse(&header->list, text);
    header->list.headless = header->list.headless && !header->cut;
    return MESSAGE_HEADER_WHOLE;
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

enum message_header_progress
message_header_read(struct message_header *header, struct dot_reader *reader, struct buffer *from)
{
    enum message_header_progress progress = MESSAGE_HEADER_WANTS_MORE;

    while (progress == MESSAGE_HEADER_WANTS_MORE && from->length > 0) {
        progress = take_apart(header, collect(header, reader, from));
        count(header);
        if (progress == MESSAGE_HEADER_WANTS_MORE && hold_is_over(header->budget))
            spill_text(header);
    }
    return progress;
}

void
message_header_fold(struct message_header *header)
{
    struct bytes packed = {0};

    if (header->folded || !hold_is_over(header->budget) || header->counted < FILE_MIN)
        return;
    headers_pack(&header->list, &packed);
    bytes_free(&header->text);
    if (spool_write(&header->spool, header->budget->spool_dir, bytes_span(&packed)) == 0) {
        bytes_free(&packed);
    } else {
        header->text = packed;
    }
    header->folded = true;
    count(header);
}

int
message_header_unfold(struct message_header *header)
{
    if (!header->folded)
        return 0;
    if (read_back(header) != 0)
        return -1;
    headers_unpack(&header->list, header->text.data);
    header->folded = false;
    count(header);
    return 0;
}

void
message_header_close(struct message_header *header)
{
    if (header->budget == NULL)
        return;
    hold_count(header->budget, &header->counted, 0);
    spool_close(&header->spool);
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
