/*
 * POP3's commands, status lines and reply shapes, as tables and pure functions: RFC 1939, 2449 (CAPA), 2595 (STLS),
 * 5034 (AUTH), 6856 (UTF8, LANG). No I/O, no allocation but into a caller's bytes.
 */
#ifndef PROXY_POP3_POP3_H
#define PROXY_POP3_POP3_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/span.h"

enum {
    POP3_COMMAND_MAX = 255,   /* octets of a command line with its CR LF (RFC 2449, 4) */
    POP3_STATUS_MAX  = 512,   /* octets of a status line with its CR LF (RFC 1939, 3) */
    POP3_SASL_MAX    = 16384, /* octets of a SASL line with its CR LF: bearer tokens need more than 8192 */
};

enum pop3_verb {
    POP3_USER,
    POP3_PASS,
    POP3_APOP,
    POP3_AUTH,
    POP3_CAPA,
    POP3_STLS,
    POP3_STAT,
    POP3_LIST,
    POP3_UIDL,
    POP3_RETR,
    POP3_TOP,
    POP3_DELE,
    POP3_NOOP,
    POP3_RSET,
    POP3_QUIT,
    POP3_UTF8,
    POP3_LANG,
    POP3_OTHER, /* a well-formed verb that popgate does not know */
    POP3_VERBS  /* how many */
};

enum pop3_state { POP3_AUTHORIZATION = 1, POP3_TRANSACTION = 2 }; /* bits: a verb may belong to both */

enum pop3_fault {
    POP3_FINE,
    POP3_BAD_LINE,     /* NUL, CR or another control character in it, or no verb */
    POP3_TOO_LONG,     /* over pop3_line_limit() */
    POP3_BAD_ARGUMENT, /* missing, one too many, or not a number */
};

struct pop3_command {
    enum pop3_verb  verb;
    enum pop3_fault fault;    /* if not POP3_FINE nothing below `name` is set, and `verb` may be POP3_OTHER */
    struct span     name;     /* the verb as the client wrote it */
    struct span     argument; /* the first; empty, without data: not given. See below */
    struct span     second;   /* of APOP the digest; of AUTH the initial response; the same */
    bool            has_number;
    uint64_t        number; /* of RETR, TOP, DELE, and of LIST and UIDL if has_number: never 0, at most 2^32-1 */
    uint64_t        lines;  /* of TOP: at most 2^32-1 */
};

/*
 * Takes a command line apart; `line` is without its line end, and the command's spans point into it. Verbs are matched
 * without regard to case. Spaces around numbers and words do not matter ("LIST " is LIST, "RETR  1" is RETR 1); a tab
 * is never a separator. The argument of USER, PASS and OTHER is everything behind one space, spaces and 8-bit octets
 * kept; that of APOP the name, of AUTH the mechanism, of LANG the tag. Numbers are decimal digits alone: +1, 0x1,
 * 1junk, -1, 0 and what does not fit are faults.
 */
void pop3_parse_command(struct span line, struct pop3_command *);

/*
 * How long a command line that begins with `start` may be, its CR LF included: POP3_COMMAND_MAX, and POP3_SASL_MAX for
 * AUTH. RFC 5034, 4 would have longer initial responses sent behind an empty challenge, but clients send bearer tokens
 * in one line, and servers take them.
 */
size_t pop3_line_limit(struct span start);

/* Appends the canonical line for a server, CR LF included: upper-case verb, single spaces. Not for one with a fault. */
void pop3_write_command(const struct pop3_command *, struct bytes *);

/* The states in which the verb may be used: enum pop3_state, or-ed. OTHER: both. */
unsigned pop3_states(enum pop3_verb);

/* The verb in capitals; "another command" for OTHER. */
const char *pop3_name(enum pop3_verb);

/* The text of an -ERR for a fault, without the "-ERR ": never an octet of the client's. */
const char *pop3_fault_text(enum pop3_fault);

/*
 * The next line in `input`: its octets without the line end in `*line`. CR LF ends it, and so does a LF alone (people
 * at a telnet do that). Returns the octets it takes with its line end; 0 if there is none yet.
 */
size_t pop3_next_line(struct span input, struct span *line);

enum pop3_status {
    POP3_OK,       /* +OK */
    POP3_ERR,      /* -ERR */
    POP3_CONTINUE, /* + : a SASL challenge (RFC 5034, 4) */
    POP3_NONSENSE  /* anything else */
};

/*
 * Reads a server's status line, without its line end: `*text` is what follows the indicator and one space (RFC 1957:
 * may be empty); of nonsense, the line. Servers that put something else than a space there ("-ERR: no") are understood.
 */
enum pop3_status pop3_parse_status(struct span line, struct span *text);

/*
 * Appends the status line for a client, CR LF included: "+OK text" or "-ERR text", NUL, CR, LF and other control
 * characters made spaces, an empty text given a word (old clients want one), the whole cut to POP3_STATUS_MAX octets.
 * For OK and ERR only.
 */
void pop3_write_status(enum pop3_status, struct span text, struct bytes *);

enum pop3_shape {
    POP3_LINE,    /* a status line alone */
    POP3_LISTING, /* and lines up to `.` */
    POP3_MESSAGE  /* and a message up to `.` */
};

/*
 * What a server's answer to the command looks like. Decided by what popgate sent, never by what the answer says beyond
 * its status. AUTH without a mechanism is never sent to a server: see capa_write_mechanisms().
 */
enum pop3_shape pop3_reply_shape(const struct pop3_command *, enum pop3_status);

/*
 * The APOP timestamp in a greeting's text: from `<` to `>`, both included, with an `@` and no space between
 * (RFC 1939, 7). Empty: none.
 */
struct span pop3_timestamp(struct span greeting);

#endif
