/*
 * Rules that capture, and rules that ask for what was captured: (?<NAME>...) in a pattern keeps what it matched, and
 * %{NAME} in the pattern of a rule that runs later matches that very text. HEADER(Field), AUTHORDOMAIN and SENDERDOMAIN
 * can be asked for without being captured. A rule that asks for what is not there does not run.
 *
 * So the manual of SpamAssassin 4.0 has it, and a process of it that is fresh. The program puts such a pattern together
 * once in its life, with what the first mail had, unless it is that of a full rule: %{NAME} matches nothing in any
 * other mail. With "enable_compat capture_first_mail" in a rule file, which SpamAssassin reads and does not mind, it
 * matches nothing in popgate either, which keeps nothing of a first mail.
 *
 * What was captured comes from the mail: at most CAPTURE_VALUES_MAX texts are kept for each name, of CAPTURE_VALUE_MAX
 * octets each. A pattern that cannot match without such a text is compiled only if one of them stands in a text to be
 * matched.
 */
#ifndef RULES_SPAMASSASSIN_CAPTURE_H
#define RULES_SPAMASSASSIN_CAPTURE_H

#include "rules/mail/field.h"
#include "rules/spamassassin/replace_tags.h"

enum { CAPTURE_VALUES_MAX = 50, CAPTURE_VALUE_MAX = 1000, CAPTURE_PRIORITY = -10000 };

struct score_rules;

enum { CAPTURE_NO_NAME = -1 };

/* What a rule captures and what it asks for. The names are indices into those of struct captures. */
struct capture {
    struct capture_group {
        size_t name;
        size_t group; /* of the rule's pattern */
    } * groups;
    size_t group_count;

    /* For a rule that asks: the pieces of its pattern, each some of its own text followed by what was captured. */
    struct capture_part {
        struct span literal;
        int         name; /* CAPTURE_NO_NAME: the pattern ends here */
    } * parts;
    size_t part_count;
    char  *text; /* what the parts point into */
    char  *flags;
    int    needed; /* a name without whose text the pattern cannot match; CAPTURE_NO_NAME: none is known */
};

/* All names. Starts as {0}. */
struct captures {
    bool first_mail; /* rules that ask did so for a first mail, and find nothing in any other, unless they are full
                        rules */
    struct capture_name {
        char         *name;
        struct field *field; /* where it stands if it is not captured; NULL: nowhere */
    } * names;
    size_t count;
};

/* Does the pattern capture anything? Its rule has CAPTURE_PRIORITY then. */
bool capture_in(struct span pattern);

/*
 * What there is to capture and to ask for in "/pattern/flags", which has compiled to `regex`; with `tags` it has its
 * tags replaced first. NULL: nothing.
 */
struct capture *
capture_read(struct captures *, struct span text, const struct replace_tags *tags, const struct regex *);

/*
 * What the pattern of a rule that asks compiles to where the names stand for `values`, lists by the names' indices;
 * NULL: for texts that are in no mail. NULL if PCRE2 refuses it.
 */
struct regex *capture_compile(const struct capture *, const struct spans *values);

/* Frees it and sets it to NULL. It may be NULL. */
void capture_free(struct capture **);

void captures_free(struct captures *);

/* The indices of the rules that capture or ask, in the order in which they run, to be given to free(). */
size_t *capture_order(const struct score_rules *, size_t *count);

/*
 * Runs these rules over a mail: captures_go_on() until it is true, which it is not where the turn has had its slice
 * (base/budget.h); `hits` of each rule. NULL: there are none to be run. captures_end() at any time.
 */
struct capture_run *captures_begin(const struct score_rules *, const struct mail *);
bool                captures_go_on(struct capture_run *, unsigned *hits);
void                captures_end(struct capture_run **);

#endif
