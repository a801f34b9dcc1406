/*
 * A message's header block, taken apart into fields, edited, and written out again. Pure: no I/O, no sockets.
 *
 *      Received: from a ...\r\n\tby b ...\r\n Subject: hi\r\n \r\n body
 *      |<------------- a field ------------->|<-- another -->|    |
 *      |<------------------------ the block ----------------->|<>| the empty line that ends it
 *
 * The block is what stands in front of the first empty line (RFC 5322, 2.2), as rules/mail/mail_header.h sees it and as
 * most programs do: odd lines, which are neither a field, a continuation nor a leading mbox "From " line, are passed
 * over, for who goes on behind them must not find what nobody looked at. The block ends without an empty line in front
 * of "--", of one odd line more than MAIL_HEADER_ODD_MAX, and of one that stands before any field, so that a body that
 * comes without a header is never taken for one. Fields that nobody edits are written as the octets that came.
 */
#ifndef FILTERS_HEADERS_H
#define FILTERS_HEADERS_H

#include <sys/types.h>

#include "base/bytes.h"

/* One field. Its spans live as long as the list and the block it was parsed from. */
struct header_field {
    struct span name;  /* without the colon and the white space before it; empty for a leading "From " line and for an
                          odd one, which are no fields: they are written, and never edited */
    struct span text;  /* the whole field as it is written: name, colon, folded value, the final line end */
    struct span value; /* the part of `text` behind the colon, folded as it came, without the final line end */
    char       *owned; /* what `text` points into when an edit made it; else NULL */
};

struct header_list {
    struct span          raw;    /* the block as the server sent it, with the empty line if there was one */
    struct header_field *fields; /* in the order in which they are written */
    size_t               count;
    size_t               capacity;
    size_t               waiting;   /* fields that a walk has not come to yet */
    size_t               packed;    /* fields of a list that headers_pack() has packed */
    struct span          separator; /* the empty line that ends the block: "\r\n" or "\n"; empty if it has none */
    struct span          rest;      /* what is left of `raw`: a part of a line that is no field and ends the message */
    struct span          line_end;  /* what lines that an edit makes end in: "\r\n", or "\n" if the block does so */
    bool                 body_follows; /* no empty line ends the block: the body's first line does */
    bool         headless; /* neither an empty line nor a field: one that is added brings an empty line with it */
    bool         changed;  /* an edit was made */
    bool         unnoted;  /* nobody reads `changes` */
    struct bytes changes;  /* the edits, for the audit log: "add X-Spam-Flag, replace Subject", bounded */
};

/* How far one has come in a block. Starts as {0}. */
struct headers_scan {
    size_t   at;     /* where to go on */
    bool     fields; /* a field was there */
    unsigned odd;    /* lines that were none */
};

/*
 * How long the block at the start of `text` is, the empty line included; -1 if it may go on behind `text`: the scan
 * remembers where to go on, so that a text that grows is looked at once. At the end of a message that has no body the
 * whole text is the block: the caller knows.
 */
ssize_t headers_length(struct span text, struct headers_scan *);

/*
 * Takes the block at the start of `text` apart and returns how long it is: what headers_length() found it in must be
 * there, or the message must end with the text. `text` must outlive the list, which is {0} or cleared. Never fails: see
 * above.
 */
size_t headers_parse(struct header_list *, struct span text);

/* The index of the first field called `name` (without regard to case) at `from` or behind; -1 if there is none. */
ssize_t headers_find(const struct header_list *, struct span name, size_t from);

/*
 * Puts a field in front of the one at `at` (count: behind the last), but never in front of a leading "From " line. CR,
 * LF and NUL in `value` become white space, so that nothing captured from a message can end the field or the block; it
 * is then folded at white space to lines of 78 octets where it can be, and a word that is too long for a line of 998
 * octets (RFC 5322, 2.1.1) is broken by a fold. No line is made of white space alone.
 */
void headers_insert(struct header_list *, size_t at, struct span name, struct span value);

/* As headers_insert(), for the whole line "Name: value" as an admin wrote it in a rule. -1 if it is not of that form,
 * or begins with "--", which would end the block.
 */
int headers_insert_line(struct header_list *, size_t at, struct span line);

/* Replaces the value of the field at `at`, keeps the name as it was written. Cleaned and folded as above. */
void headers_replace(struct header_list *, size_t at, struct span value);

/* Replaces the field at `at`, name and value, by the line "Name: value". -1 if it is not of that form. */
int headers_replace_line(struct header_list *, size_t at, struct span line);

/* Takes the field at `at` out. */
void headers_remove(struct header_list *, size_t at);

/* Takes every field out that has one of these names; returns how many there were. */
size_t headers_remove_all(struct header_list *, const struct span *names, size_t count);

/*
 * For a walk that may edit every field, in linear time: headers_walk() takes all fields out of the list, and
 * headers_next() hands over one after the other, valid until the next headers_insert(); NULL: there are no more. The
 * caller gives each to headers_keep(), which puts it behind the last in the list, or to headers_drop(), with
 * headers_insert() there in between as it likes.
 */
void                 headers_walk(struct header_list *);
struct header_field *headers_next(struct header_list *);
void                 headers_keep(struct header_list *, const struct header_field *);
void                 headers_drop(struct header_list *, struct header_field *);

/* How many fields stand in front of the first odd line: who stops there finds no others. */
size_t headers_sound(const struct header_list *);

/*
 * Puts an empty line behind the block where its body follows without one: who looks for fields up to an empty line
 * finds those of the block and no others.
 */
void headers_finish(struct header_list *);

/* The value unfolded: line ends taken out (RFC 5322, 2.2.3), white space at both ends trimmed; replaces `value`. */
void headers_unfold(const struct header_field *, struct bytes *value);

/*
 * Appends the block as it is now: unedited it is `raw`, octet for octet. Where a message had no header at all and
 * fields were added, an empty line goes between them and the body.
 */
void headers_write(const struct header_list *, struct bytes *);

/*
 * A list of short fields takes more than ten times their octets. headers_pack() appends all that is needed to make it
 * again, and gives the fields' memory back; the list is not to be used then, but for headers_unpack(), which makes it
 * again of what was packed and must outlive it, and for headers_free(). Not during a walk.
 */
void headers_pack(struct header_list *, struct bytes *);
void headers_unpack(struct header_list *, const char *packed);

/* The octets of memory that the list has taken, without the block and what edits made. */
static inline size_t
headers_memory(const struct header_list *list)
{
    return list->capacity * sizeof(*list->fields) + list->changes.capacity;
}

/* Forgets all fields and changes, but keeps memory for the next headers_parse(). */
void headers_clear(struct header_list *);

/* Gives the memory back; the list is {0} again. */
void headers_free(struct header_list *);

#endif
