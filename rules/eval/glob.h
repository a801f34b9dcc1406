/* Texts with * for any octets and ? for any one: addresses, domains, subjects. Letter case counts. */
#ifndef RULES_EVAL_GLOB_H
#define RULES_EVAL_GLOB_H

#include <stdbool.h>

/* Does the whole `text` match? A * takes no octet `border`; a NUL as `border` holds none back. Time: lengths' product.
 */
bool glob_matches(const char *glob, const char *text, char border);

#endif
