/* Looks at the stream in pieces: a line, or as much of it as the buffer takes. */
#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "rules/mail/inline_data.h"
#include "rules/regex/regex.h"
#include "tools/mbox.h"

/* Removing quotes makes a message shorter, but never to less than its half. */
enum { PIECE_MAX = 64 * 1024, QUOTED_MAX = 2 * MBOX_MESSAGE_MAX, FROM_LINE_MAX = 1000, FIELD_NAME_MAX = 100 };

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

/* Reads more into the buffer. 0; or -1 with errno. */
static int
fill_buffer(struct mbox *mbox)
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

static bool
may_separate(struct span line)
{
    return span_starts(line, SPAN("From ")) && line.len <= FROM_LINE_MAX;
}

/*
 * The piece that the rest of the buffer begins with; an empty one if it cannot be told yet. Behind a line that may
 * separate messages, the piece is only whole with the name of a field.
 */
static struct span
find_piece(const struct mbox *mbox, struct span rest)
{
    size_t      end   = span_find(rest, '\n');
    struct span piece = end < rest.len ? span_head(rest, end + 1) : rest;

    if (mbox->ended || rest.len == PIECE_MAX)
        return piece;
    if (end == rest.len || (may_separate(piece) && rest.len - piece.len < FIELD_NAME_MAX))
        return span_head(rest, 0);
    return piece;
}

/* 1, a piece, and what of the text behind it is known, which live until the next call; 0 at the end; -1 with errno. */
static int
next_piece(struct mbox *mbox, struct span *piece, struct span *behind)
{
    for (;;) {
        struct span rest = span_tail(bytes_span(&mbox->buffer), mbox->start);

        *piece = find_piece(mbox, rest);
        if (piece->len > 0 || mbox->ended) {
            *behind = span_tail(rest, piece->len);
            mbox->start += piece->len;
            return piece->len > 0;
        }
        if (fill_buffer(mbox) != 0)
            return -1;
    }
}

/* A line with a date; or any, with a field behind it: a name and a colon, which is not that of "http://". */
static bool
is_from_line(struct span line, struct span behind)
{
    static struct regex_built_in form  = {"^From \\S.* (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?:,? +\\d\\d?)? +"
                                           "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) .*\\d:\\d\\d\\b",
                                          "", NULL};
    static struct regex_built_in field = {"^[A-Za-z][A-Za-z0-9_-]*:(?!//)", "", NULL};

    behind = span_head(behind, behind.len < FIELD_NAME_MAX ? behind.len : FIELD_NAME_MAX);
    return may_separate(line) && (regex_matches(regex_of(&form), line) || regex_matches(regex_of(&field), behind));
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
take_piece(struct mbox *mbox, struct span piece, struct span behind)
{
    enum mbox_place place     = mbox->place;
    bool            possible  = place == MBOX_START || (place == MBOX_BEHIND_EMPTY_LINE && mbox->separated);
    bool            separates = possible && is_from_line(piece, behind);

    mbox->place = place_behind(place, piece);
    mbox->separated |= separates;
    if (!separates && mbox->text.len < QUOTED_MAX)
        bytes_add(&mbox->text, piece);
    return separates && place != MBOX_START;
}

/* Gathers the text up to the next From_ line. 1 if there is one; 0; or -1 with errno. */
static int
gather_message(struct mbox *mbox)
{
    struct span piece, behind;
    int         got;

    bytes_clear(&mbox->text);
    while ((got = next_piece(mbox, &piece, &behind)) > 0) {
        if (take_piece(mbox, piece, behind))
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

/* Leaves out the octets inside of pictures that the filter does not keep. */
static void
leave_out_data(struct bytes *text)
{
    struct inline_data data = {0};
    struct span        rest = bytes_span(text), kept;

    text->len = 0;
    while (inline_data_next(&data, &rest, &kept)) {
        memmove(text->data + text->len, kept.data, kept.len);
        text->len += kept.len;
    }
}

/* Cuts the text where it has MBOX_MESSAGE_MAX octets, were each line to end in CR LF. */
static struct span
cut_message(struct span text)
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
    more = gather_message(mbox);
    if (more < 0)
        return -1;
    mbox->done = more == 0;
    mbox->number++;
    message->number = mbox->number > 1 || more ? mbox->number : 0;
    if (message->number > 0)
        unquote(&mbox->text);
    if (mbox->text.len > MBOX_MESSAGE_MAX)
        leave_out_data(&mbox->text);
    message->text = cut_message(bytes_span(&mbox->text));
    message->cut  = message->text.len < mbox->text.len;
    return 1;
}
