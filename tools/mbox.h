/*
 * The messages of a stream, one after the other, each as much of it as the spam-score filter looks at by default. The
 * stream is read as it comes, and no more memory is used than one message may take.
 *
 * An mbox begins with a From_ line and has more of them, each behind an empty line: RFC 4155, appendix A. Such a line
 * has a date, or stands in front of a header field: some programs leave the date out. A line that begins with >From, or
 * >>From, loses the first > (mboxrd; mboxo hides no more than it). Any other stream is one message as it stands, a
 * From_ line in front of a single message among them: such files are made by delivery agents that never hid anything.
 */
#ifndef TOOLS_MBOX_H
#define TOOLS_MBOX_H

#include "base/bytes.h"

/* What hold_limit is by default: octets with CR LF line ends, as they come over POP3. */
enum { MBOX_MESSAGE_MAX = 512 * 1024 };

enum mbox_place { MBOX_START, MBOX_IN_LINE, MBOX_AT_LINE, MBOX_BEHIND_EMPTY_LINE };

/* Starts with mbox_open(). */
struct mbox {
    int             descriptor;
    struct bytes    buffer; /* what was read; that not yet looked at is behind `start` */
    size_t          start;
    enum mbox_place place;     /* in the stream, where `start` is */
    struct bytes    text;      /* of the message, with its quotes */
    unsigned        number;    /* of the message */
    bool            separated; /* the stream began with a From_ line */
    bool            ended;     /* the descriptor has no more */
    bool            done;      /* there is no further message */
};

struct mbox_message {
    struct span text;   /* until the next call */
    bool        cut;    /* it goes on behind `text` */
    unsigned    number; /* in the mbox, from 1; 0: the stream is one message */
};

/* Reads from the descriptor, which stays the caller's. With `single` it is one message, whatever it looks like. */
void mbox_open(struct mbox *, int descriptor, bool single);

/* The next message: 1, and it is filled in; 0 at the end; -1 with errno. An empty stream is one empty message. */
int mbox_next(struct mbox *, struct mbox_message *);

void mbox_close(struct mbox *);

#endif
