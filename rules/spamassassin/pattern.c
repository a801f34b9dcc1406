/* From /pattern/flags to what regex.h compiles. */
#include <ctype.h>
#include <stdlib.h>

#include "rules/spamassassin/pattern.h"

static bool
starts(struct span text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
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

static int
check_flags(struct span flags, struct bytes *why)
{
    for (size_t i = 0; i < flags.len; i++) {
        if (islower((unsigned char)flags.data[i]))
            continue;
        bytes_printf(why, "\"%.*s\" behind the pattern", SPAN_ARG(flags));
        return -1;
    }
    return 0;
}

int
pattern_split(struct span text, struct span *pattern, struct span *flags, struct bytes *why)
{
    char        delimiter;
    const char *end;

    if (starts(text, "qr") || starts(text, "m")) {
        text = span_tail(text, starts(text, "qr") ? 2 : 1);
    } else if (!starts(text, "/")) {
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
    return check_flags(*flags, why);
}

/* SpamAssassin compiles all patterns under Perl's /aa. */
struct regex *
pattern_compile_bare(struct span pattern, struct span flags, struct bytes *why)
{
    struct bytes  translated = {0}, letters = {0};
    struct regex *regex;

    pattern_translate(pattern, flags, &translated);
    bytes_add(&letters, flags);
    bytes_add_char(&letters, 'a');
    regex = regex_compile(bytes_span(&translated), bytes_span(&letters), why);
    bytes_free(&letters);
    bytes_free(&translated);
    return regex;
}

/* Compiles what a way of replacing tags makes of a pattern. */
static struct regex *
compile_replaced(struct span pattern, const struct replace_tags                                         *tags,
                 int (*replace)(const struct replace_tags *, struct span, struct bytes *), struct bytes *why)
{
    struct bytes  replaced = {0};
    struct regex *regex    = NULL;

    if (replace(tags, pattern, &replaced) == 0)
        regex = pattern_compile_bare(bytes_span(&replaced), SPAN(""), why);
    else
        bytes_printf(why, "the pattern with its tags replaced is too long");
    bytes_free(&replaced);
    return regex;
}

/*
 * The flags stand in front of the pattern, as <inter> tells whether a tag is what it begins with: it never is. Calls of
 * subroutines are slower than what they call, so these are for patterns that PCRE2 finds too large.
 */
static struct regex *
compile_with_tags(struct span pattern, struct span flags, const struct replace_tags *tags, struct bytes *why)
{
    struct bytes  text = {0}, failure = {0};
    struct regex *regex;

    bytes_printf(&text, "(?%.*s)", SPAN_ARG(flags));
    bytes_add(&text, pattern);
    regex = compile_replaced(bytes_span(&text), tags, replace_tags_expand, &failure);
    if (regex == NULL)
        regex = compile_replaced(bytes_span(&text), tags, replace_tags_share, why);
    bytes_free(&failure);
    bytes_free(&text);
    return regex;
}

struct regex *
pattern_compile(struct span text, const struct replace_tags *tags, struct bytes *why)
{
    struct span pattern, flags;

    if (pattern_split(text, &pattern, &flags, why) != 0)
        return NULL;
    return tags != NULL ? compile_with_tags(pattern, flags, tags, why) : pattern_compile_bare(pattern, flags, why);
}

struct regex *
regex_read(struct span text, struct bytes *why)
{
    return pattern_compile(text, NULL, why);
}
