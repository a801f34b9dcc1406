/*
 * Multi-line replies on the wire (RFC 1939, 3): where they end, the text in them, and text made into one. Pure: spans
 * in, spans out, cut anywhere, nothing held but a state.
 *
 * From a server only CR LF `.` CR LF ends a reply, and only after CR LF is a dot un-stuffed; but from a server with
 * `lf_ends_line`, which must be known beforehand, LF alone is as good as CR LF in both. To a client no bare LF leaves,
 * since clients take it for a line end: it goes out as CR LF, and a dot behind it is stuffed (bare_lf = "pass" turns
 * that off). A bare CR starts no line on either side.
 */
#ifndef PROXY_POP3_DOT_H
#define PROXY_POP3_DOT_H

#include <stdbool.h>

#include "base/sink.h"
#include "base/span.h"

/* Start from {0}, or with one of the last two set. */
struct dot_reader {
    unsigned char state;
    bool          done;         /* the end has been read */
    bool          keep_bare_lf; /* bare LFs are passed as they are */
    bool          lf_ends_line; /* bare LFs are the server's line ends */
};

/* How to pass on what was read: `pass` octets as they are, then leave `drop` octets out, then put `insert` in. */
struct dot_step {
    size_t      pass;
    size_t      drop;
    struct span insert; /* static octets */
};

/*
 * Reads the next octets of a reply. Gives the text among them to `text`, which may be NULL, cut where a stuffed dot is
 * left out; the final `.` CR LF is no text, and text is exactly what the server meant, bare LFs included. Returns how
 * many octets were read: step->pass + step->drop, and says in `step` how a relay passes them on so that the client
 * reads the same text, bare LFs made CR LF. It stops at the end (`done`), behind a step that has something to drop or
 * to insert, or with `wire` used up. It always reads or inserts something, unless done or `wire` is empty. A relay's
 * octets include the end.
 *
 * After each call the text given so far and the octets passed on so far say the same: a dot (or `.` CR) of which it is
 * not known yet whether it is stuffed, the end, or in front of a bare LF, is dropped and inserted with a later step. So
 * a relay may begin with a text of its own making: it lets the reader take the beginning for its text alone, sends that
 * through a dot_writer, edited as it likes as long as the last octets stay (or an edited header block still ends in a
 * line end), and from the next dot_read() on it passes on the wire by its steps. dot_finish() is not called then: the
 * wire brings the end.
 */
size_t dot_read(struct dot_reader *, struct span wire, struct sink *text, struct dot_step *step);

/* Start from {0}, or with keep_bare_lf set. */
struct dot_writer {
    unsigned char state;
    bool          keep_bare_lf;
};

/*
 * Stuffs `text` into `wire`, bare LFs made CR LF. Returns how many LFs that were: by so many octets the text that goes
 * out is longer.
 */
size_t dot_write(struct dot_writer *, struct span text, struct sink *wire);

/* Ends the reply: CR LF if the last line lacks it, then `.` CR LF. The writer is as at the start then. */
void dot_finish(struct dot_writer *, struct sink *wire);

#endif
