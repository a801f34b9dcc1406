/* Patterns as they stand in rule files: /pattern/flags, m{pattern}flags. */
#include <ctype.h>

#include "rules/regex.h"

static bool
has_prefix(struct span text, struct span prefix)
{
    return text.len >= prefix.len && memcmp(text.data, prefix.data, prefix.len) == 0;
}

/* The delimiter that closes what `open` opens; '\0' if `open` can be none. */
static char
closing_delimiter(char open)
{
    static const char pairs[] = "{}()<>[]";
    const char       *found   = open != '\0' ? strchr(pairs, open) : NULL;

    if (isalnum((unsigned char)open) || isspace((unsigned char)open) || open == '_' || open == '\\' || open == '\0')
        return '\0';
    return found != NULL && (found - pairs) % 2 == 0 ? found[1] : open;
}

/* Is there a delimiter in the pattern that no backslash hides? Those that come in pairs may stand there. */
static bool
has_bare_delimiter(struct span pattern, char delimiter)
{
    if (strchr("})>]", delimiter) != NULL)
        return false;
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.data[i] == '\\')
            i++;
        else if (pattern.data[i] == delimiter)
            return true;
    }
    return false;
}

/* "/pattern/flags", "m{pattern}flags", "m'pattern'flags", ... to its pieces. */
static int
split_pattern(struct span text, struct span *pattern, struct span *flags, struct bytes *why)
{
    char        delimiter;
    const char *end;

    if (has_prefix(text, SPAN("qr")))
        text = span_tail(text, 2);
    else if (has_prefix(text, SPAN("m")))
        text = span_tail(text, 1);
    else if (!has_prefix(text, SPAN("/"))) {
        bytes_printf(why, text.len > 0 ? "a pattern begins with / or m and a delimiter" : "missing pattern");
        return -1;
    }
    delimiter = closing_delimiter(text.len > 0 ? text.data[0] : '\0');
    end       = text.len > 1 ? memrchr(text.data + 1, delimiter, text.len - 1) : NULL;
    if (delimiter == '\0' || end == NULL) {
        bytes_printf(why, delimiter == '\0' ? "no delimiter" : "the pattern has no closing %c", delimiter);
        return -1;
    }
    *pattern = (struct span){text.data + 1, (size_t)(end - text.data) - 1};
    *flags   = span_tail(text, pattern->len + 2);
    if (has_bare_delimiter(*pattern, delimiter)) {
        bytes_printf(why, "the pattern holds %c without a backslash", delimiter);
        return -1;
    }
    return 0;
}

struct regex *
regex_read(struct span text, struct bytes *why)
{
    struct span pattern, flags;

    if (split_pattern(text, &pattern, &flags, why) != 0)
        return NULL;
    for (size_t i = 0; i < flags.len; i++) {
        if (islower((unsigned char)flags.data[i]))
            continue;
        bytes_printf(why, "\"%.*s\" behind the pattern", SPAN_ARG(flags));
        return NULL;
    }
    return regex_compile(pattern, flags, why);
}
