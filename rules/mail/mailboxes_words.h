/*
 * The words of RFC 5322's grammar: atoms, quoted strings, comments, and what is made of them (3.2 and 3.4.1), for
 * readers of a text from its beginning to its end.
 */
#ifndef RULES_MAIL_MAILBOXES_WORDS_H
#define RULES_MAIL_MAILBOXES_WORDS_H

#include "base/bytes.h"

/* What was found. What reads also skips the white space and the comments behind. */
enum outcome {
    BROKEN, /* it cannot be read, or a comment behind it has no end */
    ENDS,   /* nothing follows */
    FOLLOWS,
    FLAWED /* read, though it should not be so */
};

/* Starts with `at` and `end` set and all else {0}. What is read is added to `text`, without quotes and escapes. */
struct words {
    const char  *at, *end;
    struct bytes text;
    struct bytes comment; /* the last one that was skipped */
};

void words_free(struct words *);

static inline bool
words_at_end(const struct words *words)
{
    return words->at >= words->end;
}

/* '\0': at the end. */
static inline char
words_peek(const struct words *words)
{
    return words->at < words->end ? *words->at : '\0';
}

static inline bool
words_is_unread(enum outcome outcome)
{
    return outcome == BROKEN || outcome == ENDS;
}

/* Letters and signs of an atom, and all that is not ASCII. */
bool words_is_atom(char);

/* White space and comments. */
enum outcome words_skip_blanks(struct words *);

/* Atoms with points between, white space being allowed around those. With `point_back` a point at the end stays unread,
 * though the text has it. */
enum outcome words_read_dot_atom(struct words *, bool point_back);

/* From its quote on. */
enum outcome words_read_quoted(struct words *);

/* Words, which the text, cleared before, has a space between. */
enum outcome words_read_phrase(struct words *);

/* From its "@" on: an atom, or [192.0.2.1]. */
enum outcome words_read_domain(struct words *);

#endif
