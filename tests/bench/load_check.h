/* Compares an answer to RETR, octet by octet as it comes, with what the upstream sent. */
#ifndef BENCH_LOAD_CHECK_H
#define BENCH_LOAD_CHECK_H

#include "base/bytes.h"
#include "tests/bench/mail.h"

struct check {
    const struct mail *mail;
    bool               edited;   /* the header block is not compared */
    uint64_t           offset;   /* in the mail's answer: what has to come next */
    size_t             skipped;  /* octets of a header block that is not compared */
    unsigned           line_end; /* how much of CRLF.CRLF its last octets are */
};

/* Behind the line of status, which is not the check's. */
void check_start(struct check *, const struct mail *, bool edited);

/* Takes from `came` what belongs to the message. False: an octet is wrong, and `why` says which. */
bool check_octets(struct check *, struct span *came, struct bytes *why);

/* Is the message complete? */
bool check_is_done(const struct check *);

#endif
