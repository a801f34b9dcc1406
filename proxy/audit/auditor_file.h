/*
 * One audit log as the auditor sees it: the lines that wait, and the file that they go to. A line that was cut short (a
 * full disk) is finished before anything else; where that is not possible any more, the line is written again from its
 * start.
 */
#ifndef PROXY_AUDIT_AUDITOR_FILE_H
#define PROXY_AUDIT_AUDITOR_FILE_H

#include <sys/types.h>

#include "base/bytes.h"

/* Starts as {.fd = -1}. */
struct auditor_file {
    int          fd;      /* -1: not known yet */
    char        *path;    /* for the log; NULL: not known yet */
    struct bytes waiting; /* whole lines; `torn` octets of the first are in the file already */
    size_t       torn;
    off_t        size;    /* of the file, when a line was torn at its end */
    bool         fresh;   /* nothing was written to this file yet: who knows how it ends */
    bool         failing; /* the last write failed, and that was logged */
};

/* Adds a line, which is given in two pieces, with its newline. */
void auditor_file_add(struct auditor_file *, struct span head, struct span tail);

/* Writes what waits, as far as the file takes it. */
void auditor_file_write(struct auditor_file *);

/* Goes on with a new file, which becomes the auditor's; a torn line is finished in the old one, or taken back from it.
 */
void auditor_file_change(struct auditor_file *, int fd, struct span path);

/* Closes the file; lines that still wait are lost, and their loss is logged. */
void auditor_file_close(struct auditor_file *);

#endif
