/*
 * The texts in a mail: its body taken apart at MIME's boundaries (RFC 2046), the parts that hold text decoded from
 * their transfer encoding. Reads broken mail as SpamAssassin does, since rules were written for that.
 *
 * The body is never copied to be taken apart and a boundary is looked for once at each of MIME_DEPTH_MAX levels, so
 * that a hostile mail costs at most that many passes over it.
 */
#ifndef RULES_MAIL_MIME_H
#define RULES_MAIL_MIME_H

#include "rules/mail/mail_header.h"

enum {
    MIME_DEPTH_MAX    = 20,   /* multiparts and messages in each other; what is deeper is no text */
    MIME_CHILDREN_MAX = 1000, /* parts of one multipart; those behind are not looked at */
    MIME_PARTS_MAX    = 5000, /* leaves of all; those behind are not looked at */
};

enum mime_kind {
    MIME_OTHER, /* nothing for rules to look at; `text` is empty */
    MIME_RAW,   /* text/calendar apart: for rawbody rules alone */
    MIME_PLAIN,
    MIME_HTML,
};

/* A leaf of the tree. The spans live in the mail and the arena. */
struct mime_part {
    enum mime_kind kind;
    struct span    charset; /* as declared; empty: not declared */
    struct span    text;    /* decoded octets with LF line ends, in that charset */
    bool           raw;     /* for rawbody rules */
};

/* Starts as {0}: the leaves, in the order in which they stand. */
struct mime_parts {
    struct mime_part *items;
    size_t            count;
    size_t            capacity;
};

void mime_take_apart(struct mime_parts *, struct arena *, const struct mail_headers *, struct span body);

void mime_parts_free(struct mime_parts *);

#endif
