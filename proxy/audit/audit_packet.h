/*
 * What goes from a worker to the auditor: packets of records, one behind the other, in the order in which they were
 * made. A record is the log's number in two octets, the length of its line in four, the highest first in both, and the
 * line: JSON with its newline.
 */
#ifndef PROXY_AUDIT_AUDIT_PACKET_H
#define PROXY_AUDIT_AUDIT_PACKET_H

#include "base/span.h"

enum {
    AUDIT_HEAD_SIZE = 6,          /* octets of a record in front of its line */
    AUDIT_LINE_MAX  = 128 * 1024, /* octets of a line with its newline */
    AUDIT_LOGS_MAX  = 0x10000,    /* logs have numbers below this */
};

struct audit_packet_record {
    unsigned    id; /* the log's number */
    struct span line;
};

/* Writes a record's head. */
void audit_packet_write_head(char head[AUDIT_HEAD_SIZE], unsigned id, size_t len);

/* Takes the first record off what is left of a packet, whatever its line is. False: there is no whole one. */
bool audit_packet_next(struct span *rest, struct audit_packet_record *);

#endif
