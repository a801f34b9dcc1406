/*
 * Where the answer to a TOP ends in the text of a message that has more lines: the header, the empty line, and so many
 * lines of the body (RFC 1939, 7). Pure; cut anywhere. A line ends in a line feed, with or without a CR in front.
 */
#ifndef PROXY_POP3_TOP_H
#define PROXY_POP3_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Start from {.lines = of the body}. */
struct top {
    uint64_t      lines; /* that are still to come */
    unsigned char seen;  /* of the current line of the header: nothing, a CR, or more */
    bool          body;  /* the empty line has been read */
    bool          done;  /* the answer is complete: what follows does not belong to it */
};

/* How many octets of the next text belong to the answer. */
size_t top_read(struct top *, struct span text);

#endif
