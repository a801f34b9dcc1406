/* Texts with * for any octets and ? for any one: addresses, domains, subjects. Letter case counts. */
#ifndef RULES_EVAL_GLOB_H
#define RULES_EVAL_GLOB_H

#include <stdbool.h>

/*
 * Does the whole `text` match? A * does not match the octet `border`; with NUL as `border` it matches any. The time is
 * at most the product of the two lengths.
 */
bool glob_matches(const char *glob, const char *text, char border);

#endif
