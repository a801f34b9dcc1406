/* Lists, cut into lines as they pass. */
#include "proxy/session/listing.h"
#include "base/memory.h"
#include "proxy/message/relay.h"

enum {
    LIST_LINE_MAX = 1024,             /* octets of a line that is read; the rest of it is not looked at */
    LIST_MAX      = 256 * 1024 * 1024 /* octets of a list that goes no further */
};

/* Cuts the text of a list into lines. */
struct line_reader {
    struct sink     sink;
    struct listing *listing;
    enum pop3_verb  verb; /* whose list it is */
};

static void
take_line(const struct line_reader *reader)
{
    struct listing *listing = reader->listing;
    struct span     line    = bytes_span(&listing->line);

    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (reader->verb == POP3_CAPA)
        capa_add(&listing->capa, line);
    else if (reader->verb == POP3_UIDL)
        uidl_add(&listing->uidls, line);
    else
        sizes_add(&listing->sizes, line);
    bytes_clear(&listing->line);
}

static void
take_text(struct sink *sink, struct span text)
{
    const struct line_reader *reader = container_of(sink, struct line_reader, sink);
    struct bytes             *line   = &reader->listing->line;

    while (text.len > 0) {
        const char *newline = memchr(text.data, '\n', text.len);
        size_t      len     = newline != NULL ? (size_t)(newline - text.data) : text.len;
        size_t      room    = LIST_LINE_MAX - line->len;

        bytes_add(line, span_head(text, len < room ? len : room));
        text = span_tail(text, newline != NULL ? len + 1 : len);
        if (newline != NULL)
            take_line(reader);
    }
}

void
listing_start(struct listing *listing, struct dot_reader reader)
{
    listing->reader = reader;
    listing->octets = 0;
    bytes_clear(&listing->line);
}

enum listing_progress
listing_read(struct listing *listing, enum pop3_verb verb, bool is_read, struct buffer *from, struct buffer *to)
{
    struct line_reader lines  = {.sink.take = take_text, .listing = listing, .verb = verb};
    uint64_t           unused = 0;

    if (to == NULL)
        listing->octets += from->length;
    if (listing->octets > LIST_MAX)
        return LISTING_ENDLESS;
    while (relay_piece(&listing->reader, from, to, is_read ? &lines.sink : NULL, &unused))
        ;
    listing->capa.known = listing->reader.done && verb == POP3_CAPA;
    return listing->reader.done ? LISTING_COMPLETE : LISTING_WANTS_MORE;
}

void
listing_forget_capa(struct listing *listing)
{
    capa_free(&listing->capa);
    bytes_free(&listing->line);
}

/* What is known of the list that the command asks for; NULL if it asks for none that is of use. */
static enum list_state *
list_of(struct listing *listing, const struct pop3_command *command)
{
    if (command->has_number)
        return NULL;
    return command->verb == POP3_UIDL ? &listing->uidl_list : command->verb == POP3_LIST ? &listing->size_list : NULL;
}

void
listing_note_asked(struct listing *listing, const struct pop3_command *command)
{
    enum list_state *list = list_of(listing, command);

    if (list != NULL && *list == LIST_UNKNOWN)
        *list = LIST_ASKED;
}

void
listing_note_over(struct listing *listing, const struct pop3_command *command)
{
    enum list_state *list = list_of(listing, command);

    if (list != NULL)
        *list = LIST_KNOWN;
}

void
listing_free(struct listing *listing)
{
    listing_forget_capa(listing);
    uidl_free(&listing->uidls);
    sizes_free(&listing->sizes);
}
