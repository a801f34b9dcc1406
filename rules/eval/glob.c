/* After a mismatch the last * takes one octet more: no others need to be tried. */
#include <stddef.h>

#include "rules/eval/glob.h"

bool
glob_matches(const char *glob, const char *text, char border)
{
    const char *star = NULL, *star_text = NULL;

    while (*text != '\0') {
        if (*glob == '*') {
            star      = ++glob;
            star_text = text;
        } else if (*glob == '?' || *glob == *text) {
            glob++;
            text++;
        } else if (star != NULL && *star_text != border) {
            glob = star;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}
