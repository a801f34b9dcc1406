/*
 * Rules for header fields in the language of Postfix's header_checks(5), in the syntax of its pcre_table(5):
 *
 *      /^Subject: (.*)viagra/i         REPLACE Subject: [pills] $1
 *      if /^Received:/
 *      /[[:<:]]10\.\d+\.\d+\.\d+/      IGNORE
 *      endif
 *      !/^[\x20-\x7e\n\t]*$/           WARN octets that are not ASCII
 *
 * What Postfix warns of and skips is an error here, and so are actions that make no sense on retrieval. The rules of
 * several files stand one behind the other; an if ends in its file. They are compiled once and never change.
 */
#ifndef RULES_POSTFIX_HEADER_CHECKS_H
#define RULES_POSTFIX_HEADER_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/span.h"

enum header_check_action {
    HEADER_CHECK_DUNNO,   /* leave the field alone, and try no further rule */
    HEADER_CHECK_IGNORE,  /* take it out */
    HEADER_CHECK_INFO,    /* log the text */
    HEADER_CHECK_PREPEND, /* put the text, a field, in front of it */
    HEADER_CHECK_REPLACE, /* put the text, a field, in its place */
    HEADER_CHECK_STRIP,   /* take it out and log the text */
    HEADER_CHECK_WARN,    /* log the text as a warning */
    HEADER_CHECK_ACTIONS,
};

/* The actions' words, in upper case. */
extern const char *const header_check_names[HEADER_CHECK_ACTIONS];

struct header_checks;
struct header_rules;

/* Where a rule stands; it lives as long as the checks. */
struct header_check_place {
    const char *file; /* NULL: there is none */
    unsigned    line;
};

/* What the first rule that applies asks for. Starts as {0}, may be used again; `text` is the caller's to free. */
struct header_check {
    enum header_check_action  action;
    struct bytes              text; /* what stands behind the action, $1 put in */
    struct header_check_place rule;
    struct header_check_place
        given_up; /* the last rule in front of it whose match met a bound (see rules/regex/regex.h) */
};

/* Reads and compiles the files. NULL if there is a mistake, with every one that was found in the error. */
struct header_checks *header_checks_load(char *const *paths, size_t count, struct error *);

/* Frees them and sets the pointer to NULL. It may be NULL. */
void header_checks_free(struct header_checks **);

/*
 * The rules that may apply to a field called `name`, which live as long as the checks; NULL if there are none, as for
 * most fields, which then need not be looked at. For an empty name, all rules.
 */
const struct header_rules *header_checks_for(const struct header_checks *, struct span name);

/*
 * Looks for the first of the rules for its name that applies to `header`: "Name: value", a fold in it as a line feed
 * and the white space behind it, without white space in front of the colon and without the final line end, as Postfix
 * presents it. False if no rule applies. A rule whose match met a bound does not, negated or not, nor what stands
 * between such an if and its endif; `given_up` is filled in in either case.
 */
bool header_checks_find(const struct header_checks *, const struct header_rules *, struct span header,
                        struct header_check *);

#endif
