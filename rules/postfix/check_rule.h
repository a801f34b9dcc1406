/*
 * One rule of a header_checks file: reading it and applying it. For rules/postfix/header_checks.c, which knows how
 * rules stand in a file and one behind the other.
 */
#ifndef RULES_POSTFIX_CHECK_RULE_H
#define RULES_POSTFIX_CHECK_RULE_H

#include <ctype.h>
#include <sys/types.h>

#include "base/error.h"
#include "rules/postfix/header_checks.h"
#include "rules/regex/regex.h"

/* A piece of an action's text: some literal octets, and then what a group captured. */
struct check_part {
    struct span literal;
    size_t      group; /* 0: none */
};

struct check_rule {
    struct regex *regex;
    struct span   start; /* what a field must begin with, without regard to case, if that is all; else empty */
    bool          negated;
    bool          is_if;
    ssize_t       behind; /* if: the rule behind its endif; while that is not known, the if around it */
    enum header_check_action action;
    char                    *text; /* what the parts point into */
    struct check_part       *parts;
    size_t                   part_count;
    const char              *file;
    unsigned                 line;
};

static inline struct span
check_skip_space(struct span text)
{
    while (text.len > 0 && isspace((unsigned char)text.data[0]))
        text = span_tail(text, 1);
    return text;
}

/* Reads "/pattern/flags action text" into a rule that knows its file and line. 0; or -1 with an error. */
int check_rule_read(struct check_rule *, struct span line, struct error *);

/* The same for what stands behind the word if. */
int check_rule_read_if(struct check_rule *, struct span line, struct error *);

/* Gives back what the rule holds, whether it was read as a whole or not. */
void check_rule_free(struct check_rule *);

enum check_verdict {
    CHECK_PASSES,   /* it does not apply */
    CHECK_APPLIES,  /* it does */
    CHECK_GIVEN_UP, /* the match met a bound (see rules/regex/regex.h): nobody knows, be the pattern negated or not */
};

/* Does it apply to `header`? */
enum check_verdict check_rule_applies(const struct check_rule *, struct span header, struct regex_found *);

/* The action's text with what was captured in it; white space that this brings to its front goes. Replaces `text`. */
void check_rule_expand(const struct check_rule *, const struct regex_found *, struct bytes *text);

#endif
