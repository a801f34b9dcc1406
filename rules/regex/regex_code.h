/* From the text of a pattern and its flags to what PCRE2 makes of it. */
#ifndef RULES_REGEX_REGEX_CODE_H
#define RULES_REGEX_REGEX_CODE_H

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/span.h"

/* PCRE2's options for the letters that regex_compile() takes. 0; or -1 with the reason appended to `why`. */
int regex_code_options(struct span flags, uint32_t *options, struct bytes *why);

/*
 * Compiles with these options, and with the characters of Latin-1 if the flag "a" is there. NULL with the reason, and
 * its offset, appended to `why`; `*too_large`: PCRE2 would take it if it were smaller.
 */
pcre2_code *
regex_code_compile(struct span pattern, struct span flags, uint32_t options, bool *too_large, struct bytes *why);

#endif
