/*
 * The parts of a mail: its body taken apart at MIME's boundaries (RFC 2046), the parts that hold text decoded from
 * their transfer encoding. Reads broken mail as SpamAssassin does, since rules were written for that.
 *
 * The body is not copied to be taken apart and each octet of it is looked at once at each of MIME_DEPTH_MAX levels, so
 * that a hostile mail costs at most that many passes over it.
 */
#ifndef RULES_MAIL_MIME_H
#define RULES_MAIL_MIME_H

#include "base/bytes.h"
#include "rules/mail/html.h"
#include "rules/mail/mail_header.h"

enum {
    MIME_DEPTH_MAX    = 20,    /* multiparts and messages in each other; what is deeper is not taken apart */
    MIME_CHILDREN_MAX = 1000,  /* parts of one multipart; those behind are not looked at */
    MIME_PARTS_MAX    = 5000,  /* all together; those behind are not looked at */
    MIME_FIELDS_MAX   = 50000, /* header fields of all parts together; those behind are not looked at */
};

enum mime_kind {
    MIME_OTHER, /* nothing for text rules to look at; `text` is empty */
    MIME_RAW,   /* for rawbody rules alone */
    MIME_PLAIN,
    MIME_HTML,
};

/* Spans whose data is NULL: the mail does not say. All live in the mail and its arena. */
struct mime_part {
    struct mail_headers headers; /* of the first part: those of the mail. Not to be freed */
    struct span         type;    /* "text/plain": lower case; what type SpamAssassin takes a broken one for */
    struct span         charset; /* of a leaf, as declared */
    struct span         name;    /* of a leaf: the name of the file that it is */
    bool                leaf;    /* neither a multipart nor a message that was taken apart */
    size_t              end;     /* the index of the first part behind it that is not inside it */

    /* Of leaves. */
    struct span    raw; /* its lines as they came, encoded, long ones broken */
    enum mime_kind kind;
    bool           in_rawbody; /* for rawbody rules */
    struct span    text;       /* unless MIME_OTHER: the decoded octets with LF line ends, in its charset */

    /* Of MIME_PLAIN and MIME_HTML, filled by mail_parse(). */
    struct span              rendered; /* as its reader sees it: UTF-8 */
    const struct html_facts *html;     /* what is known of MIME_HTML; NULL: it is empty, or no HTML */
    bool octets; /* SpamAssassin has `rendered` as Latin-1, in which only ASCII has letters and white space */
};

/* What was found wrong, by SpamAssassin's names. */
struct mime_flaws {
    bool missing_mime_headers;             /* a boundary is followed by no header field */
    bool missing_mime_head_body_separator; /* a part's header is followed by no empty line */
    bool mime_epilogue_exists;             /* there is text behind a last boundary */
    bool mimepart_limit_exceeded;          /* MIME_CHILDREN_MAX was reached */
    bool mime_missing_boundary;            /* a boundary that began a multipart does not end it */
};

/*
 * The tree in the order in which the parts stand in the mail, each container in front of what is in it:
 *
 *      for all parts inside part p:        i = p + 1; i < items[p].end; i++
 *      for its children alone:             i = p + 1; i < items[p].end; i = items[i].end
 *
 * A mail whose type is nothing but quotes has no part.
 */
struct mime_parts {
    struct mime_part *items; /* in the arena */
    size_t            count;
    struct mime_flaws flaws;
};

/* Takes the message with this header and body apart. */
void mime_take_apart(struct mime_parts *, struct arena *, const struct mail_headers *, struct span body);

/* The value of the last field of the part called `name` (without regard to case); data NULL if there is none. */
struct span mime_field(const struct mime_part *, struct span name);

/* Appends the octets that the body of a leaf stands for, text with LF line ends. For text parts it is `text`. */
void mime_decode(const struct mime_part *, struct bytes *octets);

#endif
