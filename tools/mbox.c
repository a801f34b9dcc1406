/* Looks at the stream in pieces: a line, or as much of it as the buffer takes. */
#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "rules/regex.h"
#include "tools/mbox.h"

/* Removing quotes makes a message shorter, but never to less than its half. */
enum { PIECE_MAX = 64 * 1024, QUOTED_MAX = 2 * MBOX_MESSAGE_MAX, FROM_LINE_MAX = 1000 };

void
mbox_open(struct mbox *mbox, int descriptor, bool single)
{
    *mbox = (struct mbox){.descriptor = descriptor, .place = single ? MBOX_AT_LINE : MBOX_START};
}

void
mbox_close(struct mbox *mbox)
{
    bytes_free(&mbox->buffer);
    bytes_free(&mbox->text);
}

/* More into the buffer. 0; or -1 with errno. */
static int
fill(struct mbox *mbox)
{
    struct bytes *buffer = &mbox->buffer;
    ssize_t       got;

    if (mbox->start > 0) {
        buffer->len -= mbox->start;
        memmove(buffer->data, buffer->data + mbox->start, buffer->len);
        mbox->start = 0;
    }
    do
        got = read(mbox->descriptor, bytes_reserve(buffer, PIECE_MAX - buffer->len), PIECE_MAX - buffer->len);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -1;
    buffer->len += (size_t)got;
    mbox->ended = got == 0;
    return 0;
}

/* 1, and a piece that lives until the next call; 0 at the end; -1 with errno. */
static int
next_piece(struct mbox *mbox, struct span *piece)
{
    for (;;) {
        struct span rest    = span_tail(bytes_span(&mbox->buffer), mbox->start);
        const char *newline = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;

        if (newline != NULL || rest.len == PIECE_MAX || mbox->ended) {
            *piece = span_head(rest, newline != NULL ? (size_t)(newline - rest.data) + 1 : rest.len);
            mbox->start += piece->len;
            return piece->len > 0;
        }
        if (fill(mbox) != 0)
            return -1;
    }
}

static bool
is_from_line(struct span line)
{
    static struct regex_built_in form = {"^From \\S.* (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:,? +\\d\\d?)? +"
                                         "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) .*\\d:\\d\\d\\b",
                                         "", NULL};

    return line.len > 5 && line.len <= FROM_LINE_MAX && memcmp(line.data, "From ", 5) == 0 &&
           regex_matches(regex_of(&form), line);
}

static bool
is_empty_line(struct span line)
{
    return span_equal(line, SPAN("\n")) || span_equal(line, SPAN("\r\n"));
}

static enum mbox_place
place_behind(enum mbox_place place, struct span piece)
{
    if (piece.data[piece.len - 1] != '\n')
        return MBOX_IN_LINE;
    return place != MBOX_IN_LINE && is_empty_line(piece) ? MBOX_BEHIND_EMPTY_LINE : MBOX_AT_LINE;
}

/* Is the piece a From_ line in front of a further message? One in front of the stream is left out of the text. */
static bool
take_piece(struct mbox *mbox, struct span piece)
{
    enum mbox_place place     = mbox->place;
    bool            possible  = place == MBOX_START || (place == MBOX_BEHIND_EMPTY_LINE && mbox->separated);
    bool            separates = possible && is_from_line(piece);

    mbox->place = place_behind(place, piece);
    mbox->separated |= separates;
    if (!separates && mbox->text.len < QUOTED_MAX)
        bytes_add(&mbox->text, piece);
    return separates && place != MBOX_START;
}

/* Gathers the text up to the next From_ line. 1 if there is one; 0; or -1 with errno. */
static int
gather(struct mbox *mbox)
{
    struct span piece;
    int         got;

    bytes_clear(&mbox->text);
    while ((got = next_piece(mbox, &piece)) > 0) {
        if (take_piece(mbox, piece))
            return 1;
        if (!mbox->separated && mbox->text.len >= QUOTED_MAX)
            return 0;
    }
    return got;
}

static bool
is_quoted(struct span line)
{
    size_t quotes = 0;

    while (quotes < line.len && line.data[quotes] == '>')
        quotes++;
    return quotes > 0 && line.len >= quotes + 5 && memcmp(line.data + quotes, "From ", 5) == 0;
}

/* In place: takes a > off each quoted line, and away the empty line that belongs to the From_ line behind. */
static void
unquote(struct bytes *text)
{
    struct span rest = bytes_span(text);
    size_t      kept = 0;

    while (rest.len > 0) {
        struct span line = text_next_line(&rest);

        if (rest.len == 0 && is_empty_line(line))
            break;
        if (is_quoted(line))
            line = span_tail(line, 1);
        memmove(text->data + kept, line.data, line.len);
        kept += line.len;
    }
    text->len = kept;
}

/* As much as has MBOX_MESSAGE_MAX octets when each line ends in CR LF. */
static struct span
cut(struct span text)
{
    struct span rest = text;
    size_t      left = MBOX_MESSAGE_MAX;

    while (rest.len > 0 && left > 0) {
        struct span line = text_next_line(&rest);
        bool        bare = line.data[line.len - 1] == '\n' && (line.len == 1 || line.data[line.len - 2] != '\r');

        if (line.len + bare > left)
            return span_head(text, (size_t)(line.data - text.data) + left);
        left -= line.len + bare;
    }
    return span_head(text, text.len - rest.len);
}

int
mbox_next(struct mbox *mbox, struct mbox_message *message)
{
    int more;

    if (mbox->done)
        return 0;
    more = gather(mbox);
    if (more < 0)
        return -1;
    mbox->done = more == 0;
    mbox->number++;
    message->number = mbox->number > 1 || more ? mbox->number : 0;
    if (message->number > 0)
        unquote(&mbox->text);
    message->text = cut(bytes_span(&mbox->text));
    return 1;
}
