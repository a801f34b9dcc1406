/*
 * Header fields as functions ask for them: by the name that stands on the left of a header rule, "Received",
 * "Subject:raw" or "From:addr". Each is made once for a message; what is lent out lives as long as the run.
 */
#ifndef RULES_EVAL_EVAL_FIELD_H
#define RULES_EVAL_EVAL_FIELD_H

#include "rules/eval/eval.h"
#include "rules/regex/regex.h"

enum { EVAL_FIELD_MAX = 64 * 1024 }; /* octets of a name's values that are looked at */

/* All values, each with its line end. Empty, with data NULL, if the mail has no such field. */
struct span eval_field(struct eval_run *, const char *name);

/* The first value, without its line end: of "From:addr", the first address. */
struct span eval_field_first(struct eval_run *, const char *name);

/* Takes the next line off `rest`: `line` is without its line end. False at the end. */
bool eval_next_line(struct span *rest, struct span *line);

/* Is there such a field, and does the pattern match in it? */
bool eval_field_matches(struct eval_run *, const char *name, struct regex_built_in *);

/* Does the pattern match? */
bool eval_matches(struct regex_built_in *, struct span text);

/* A copy with every run of white space made a space. */
struct span eval_squeezed(struct eval_run *, struct span text);

/* A copy with the letters of ASCII in lower case, and a NUL behind it. */
struct span eval_lower(struct eval_run *, struct span text);

#endif
