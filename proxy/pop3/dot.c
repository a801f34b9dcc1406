/*
 * Dots on the wire. Both machines know where in a line they are; base/lines.h takes them from one LF that matters to
 * the next, so that ordinary lines cost no step.
 */
#include "proxy/pop3/dot.h"
#include "base/lines.h"

/*
 *      LINE_START  behind CR LF, or a LF that ends a line, and at the beginning
 *      OWES_DOT    a line-start dot was read, and what follows says if it is stuffed, the end, or has to vanish:
 *      OWES_DOT_CR neither it nor the CR behind it was passed on or given as text yet
 */
enum state { LINE_START, IN_LINE, AFTER_CR, AFTER_LF, OWES_DOT, OWES_DOT_CR };

#define DOT SPAN(".")
#define CRLF SPAN("\r\n")

static void
give_text(struct sink *sink, struct span span, size_t from, size_t to)
{
    if (sink != NULL && to > from)
        sink_take(sink, span_tail(span_head(span, to), from));
}

/*
 * From an octet that is neither CR nor LF, goes on to the next LF that is bare, comes last or has a dot behind it; or
 * else to the end. Sets the state there.
 */
static size_t
skip_ordinary(struct span span, size_t from, unsigned char *state)
{
    size_t lf = lines_find_odd(span, from + 1);

    *state = span.data[lf - 1] == '\r' ? AFTER_CR : IN_LINE;
    return lf;
}

/* In OWES_DOT and OWES_DOT_CR: the next octet decides. It is read with its step, or left for the next call. */
static size_t
read_owed(struct dot_reader *reader, struct span wire, struct sink *text, struct dot_step *step)
{
    bool cr = reader->state == OWES_DOT_CR, lf = wire.data[0] == '\n';

    if (lf && (cr || reader->lf_ends_line)) {
        *step        = (struct dot_step){.drop = 1, .insert = SPAN(".\r\n")};
        reader->done = true;
    } else if (cr) {
        *step         = (struct dot_step){.insert = SPAN(".\r")};
        reader->state = AFTER_CR;
        give_text(text, SPAN("\r"), 0, 1);
    } else if (lf) {
        *step         = (struct dot_step){.drop = 1, .insert = reader->keep_bare_lf ? SPAN(".\n") : CRLF};
        reader->state = AFTER_LF;
        give_text(text, wire, 0, 1);
    } else if (wire.data[0] == '\r') {
        *step         = (struct dot_step){.drop = 1};
        reader->state = OWES_DOT_CR;
    } else {
        *step         = (struct dot_step){.insert = DOT};
        reader->state = IN_LINE;
    }
    return step->drop;
}

/* At a dot that starts a line: passes it where the octets behind it tell what it is, else it is owed. */
static size_t
read_dot(struct dot_reader *reader, struct span wire, size_t at, struct dot_step *step)
{
    struct span behind = span_tail(wire, at + 1);

    if (behind.len >= 1 && behind.data[0] != '\r' && behind.data[0] != '\n') {
        reader->state = IN_LINE;
        return at + 1;
    }
    if (behind.len >= 2 && behind.data[0] == '\r' && behind.data[1] == '\n') {
        reader->done = true;
        return at + 3;
    }
    reader->state = OWES_DOT;
    *step         = (struct dot_step){.drop = 1};
    return at + 1;
}

/* Reads one octet of text, or many ordinary ones. */
static size_t
read_text(struct dot_reader *reader, struct span wire, size_t at, struct dot_step *step)
{
    unsigned char state = reader->state;

    switch (wire.data[at]) {
    case '\r':
        reader->state = AFTER_CR;
        return at + 1;
    case '\n':
        reader->state = state == AFTER_CR || reader->lf_ends_line ? LINE_START : AFTER_LF;
        if (state != AFTER_CR && !reader->keep_bare_lf)
            *step = (struct dot_step){.drop = 1, .insert = CRLF};
        return at + 1;
    case '.':
        if (state == AFTER_LF && !reader->keep_bare_lf) {
            reader->state = IN_LINE;
            *step         = (struct dot_step){.insert = DOT};
            return at + 1;
        }
    }
    return skip_ordinary(wire, at, &reader->state);
}

size_t
dot_read(struct dot_reader *reader, struct span wire, struct sink *text, struct dot_step *step)
{
    size_t at = 0, given = 0;

    *step = (struct dot_step){0};
    if (wire.len > 0 && !reader->done && reader->state >= OWES_DOT)
        return read_owed(reader, wire, text, step);

    while (at < wire.len && !reader->done && step->drop + step->insert.len == 0) {
        if (reader->state == LINE_START && wire.data[at] == '.') {
            give_text(text, wire, given, at);
            given = at = read_dot(reader, wire, at, step);
        } else {
            at = read_text(reader, wire, at, step);
        }
    }
    give_text(text, wire, given, at);
    step->pass = at - step->drop;
    return at;
}

size_t
dot_write(struct dot_writer *writer, struct span text, struct sink *wire)
{
    size_t at = 0, written = 0, added = 0;

    while (at < text.len) {
        char c     = text.data[at];
        bool bare  = c == '\n' && writer->state != AFTER_CR;
        bool stuff = c == '.' && writer->state == LINE_START;

        if (stuff || (bare && !writer->keep_bare_lf)) {
            give_text(wire, text, written, at);
            sink_take(wire, stuff ? DOT : SPAN("\r"));
            written = at;
            added += !stuff;
        }
        if (c == '\r' || c == '\n') {
            writer->state = c == '\r' ? AFTER_CR : bare && writer->keep_bare_lf ? IN_LINE : LINE_START;
            at++;
        } else {
            at = skip_ordinary(text, at, &writer->state);
        }
    }
    give_text(wire, text, written, at);
    return added;
}

void
dot_finish(struct dot_writer *writer, struct sink *wire)
{
    sink_take(wire, writer->state == LINE_START ? SPAN(".\r\n") : SPAN("\r\n.\r\n"));
    writer->state = LINE_START;
}
