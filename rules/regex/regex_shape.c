/* Items are told apart octet by octet; what has a meaning that depends on others is not gone into. */
#include <ctype.h>
#include <stdio.h>

#include "rules/regex/regex_shape.h"

enum {
    OPTIONS_MAX = 6,  /* optional and repeated items of a pattern that is simple, */
    REPEATS_MAX = 64, /* with no more repetitions, but for one */
};

size_t
regex_class_end(struct span pattern, size_t at)
{
    at += at + 1 < pattern.len && pattern.data[at + 1] == '^' ? 3 : 2;
    while (at < pattern.len && pattern.data[at] != ']')
        at += pattern.data[at] == '\\' ? 2 : 1;
    return at + 1;
}

/* Does the quantifier repeat without end, or nearly so? */
static bool
is_loop(struct span quantifier)
{
    unsigned least = 0, most = 0;
    char     end = '\0';

    if (quantifier.data[0] != '{')
        return quantifier.data[0] != '?';
    if (sscanf(quantifier.data, "{%5u,%5u%c", &least, &most, &end) == 3)
        return most > REPEATS_MAX;
    return sscanf(quantifier.data, "{%5u%c", &least, &end) == 2 && (end == ',' || least > REPEATS_MAX);
}

bool
regex_is_simple(struct span text)
{
    unsigned loops = 0, options = 0;

    for (size_t at = 0; at < text.len; at++) {
        char c = text.data[at], next = text.data[at + 1];

        if (c == '\\' && (isdigit((unsigned char)next) || next == 'g' || next == 'k'))
            return false;
        if (c == '(' && next == '?' && strchr("R&P(+0123456789", text.data[at + 2]) != NULL)
            return false;
        if (c == '\\' || (c == '(' && next == '?'))
            at++;
        else if (c == '[')
            at = regex_class_end(text, at) - 1;
        else if (strchr("*+?{", c) != NULL && c != '\0') {
            loops += is_loop(span_tail(text, at));
            options++;
            if (at > 0 && text.data[at - 1] == ')' && c != '?')
                return false;
        }
    }
    return loops <= 1 && options <= OPTIONS_MAX;
}

bool
regex_has_callout(struct span pattern)
{
    bool in_class = false;

    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.data[i];

        if (c == '\\')
            i++;
        else if (in_class)
            in_class = c != ']';
        else if (c == '[')
            in_class = true;
        else if (c == '(' && pattern.len - i >= 3 && memcmp(pattern.data + i, "(?C", 3) == 0)
            return true;
    }
    return false;
}
