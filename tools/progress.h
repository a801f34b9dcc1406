/*
 * A line on standard error that says how far long work has come: only where that is a terminal, and not before the work
 * has taken some seconds. Whoever writes to the terminal meanwhile hides it first.
 */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts with progress_start(). */
struct progress {
    bool     possible; /* standard error is a terminal */
    bool     shown;
    uint64_t messages; /* done */
    int64_t  started;  /* milliseconds of a clock that does not step */
    int64_t  next;     /* when to write the line */
};

void progress_start(struct progress *);

/* A message is done; writes the line where it is time to. */
void progress_count(struct progress *);

/* Takes the line away until it is written again. */
void progress_hide(struct progress *);

#endif
