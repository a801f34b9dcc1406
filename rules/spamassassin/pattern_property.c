/* A table of names and octets, as perluniprops(1) has them. */
#include <ctype.h>

#include "base/count.h"
#include "base/text.h"
#include "rules/spamassassin/pattern_property.h"

enum { NAME_SIZE = 40 };

static const struct property {
    const char *names;   /* in lower case, without spaces, hyphens, underscores and "is" in front */
    struct span members; /* the first and the last octet of each range, in their order */
} properties[] = {
    {"upper uppercase xposixupper", SPAN("AZ\xc0\xd6\xd8\xde")},
    {"lower lowercase xposixlower", SPAN("az\xaa\xaa\xb5\xb5\xba\xba\xdf\xf6\xf8\xff")},
    {"alpha alphabetic xposixalpha l letter", SPAN("AZaz\xaa\xaa\xb5\xb5\xba\xba\xc0\xd6\xd8\xf6\xf8\xff")},
    {"alnum xposixalnum", SPAN("09AZaz\xaa\xaa\xb5\xb5\xba\xba\xc0\xd6\xd8\xf6\xf8\xff")},
    {"word xposixword", SPAN("09AZ__az\xaa\xaa\xb5\xb5\xba\xba\xc0\xd6\xd8\xf6\xf8\xff")},
    {"space spaceperl whitespace xposixspace xperlspace", SPAN("\t\r  \x85\x85\xa0\xa0")},
    {"blank horizspace xposixblank", SPAN("\t\t  \xa0\xa0")},
    {"vertspace", SPAN("\n\r\x85\x85")},
    {"digit nd decimalnumber xposixdigit posixdigit", SPAN("09")},
    {"xdigit hexdigit xposixxdigit posixxdigit ahex asciihexdigit", SPAN("09AFaf")},
    {"punct p punctuation", SPAN("!#%*,/:;?@[]__{{}}\xa1\xa1\xa7\xa7\xab\xab\xb6\xb7\xbb\xbb\xbf\xbf")},
    {"xposixpunct", SPAN("!/:@[`{~\xa1\xa1\xa7\xa7\xab\xab\xb6\xb7\xbb\xbb\xbf\xbf")},
    {"cntrl cc control xposixcntrl", SPAN("\0\x1f\x7f\x9f")},
    {"graph xposixgraph", SPAN("!~\xa1\xff")},
    {"print xposixprint", SPAN(" ~\xa0\xff")},
    {"ascii basiclatin inbasiclatin", SPAN("\0\x7f")},
    {"latin1 inlatin1 latin1supplement inlatin1supplement", SPAN("\x80\xff")},
    {"posixupper", SPAN("AZ")},
    {"posixlower", SPAN("az")},
    {"posixalpha", SPAN("AZaz")},
    {"posixalnum", SPAN("09AZaz")},
    {"posixword perlword", SPAN("09AZ__az")},
    {"posixspace perlspace", SPAN("\t\r  ")},
    {"posixblank", SPAN("\t\t  ")},
    {"posixpunct", SPAN("!/:@[`{~")},
    {"posixcntrl", SPAN("\0\x1f\x7f\x7f")},
    {"posixgraph", SPAN("!~")},
    {"posixprint", SPAN(" ~")},
    {"lu uppercaseletter", SPAN("AZ\xc0\xd6\xd8\xde")},
    {"ll lowercaseletter", SPAN("az\xb5\xb5\xdf\xf6\xf8\xff")},
    {"l& lc casedletter", SPAN("AZaz\xb5\xb5\xc0\xd6\xd8\xf6\xf8\xff")},
    {"lo otherletter", SPAN("\xaa\xaa\xba\xba")},
    {"n number", SPAN("09\xb2\xb3\xb9\xb9\xbc\xbe")},
    {"no othernumber", SPAN("\xb2\xb3\xb9\xb9\xbc\xbe")},
    {"s symbol", SPAN("$$++<>^^``||~~\xa2\xa6\xa8\xa9\xac\xac\xae\xb1\xb4\xb4\xb8\xb8\xd7\xd7\xf7\xf7")},
    {"sc currencysymbol", SPAN("$$\xa2\xa5")},
    {"sk modifiersymbol", SPAN("^^``\xa8\xa8\xaf\xaf\xb4\xb4\xb8\xb8")},
    {"sm mathsymbol", SPAN("++<>||~~\xac\xac\xb1\xb1\xd7\xd7\xf7\xf7")},
    {"so othersymbol", SPAN("\xa6\xa6\xa9\xa9\xae\xae\xb0\xb0")},
    {"pc connectorpunctuation", SPAN("__")},
    {"pd dashpunctuation", SPAN("--")},
    {"ps openpunctuation", SPAN("(([[{{")},
    {"pe closepunctuation", SPAN("))]]}}")},
    {"pi initialpunctuation", SPAN("\xab\xab")},
    {"pf finalpunctuation", SPAN("\xbb\xbb")},
    {"po otherpunctuation", SPAN("!#%'**,,./:;?@\\\\\xa1\xa1\xa7\xa7\xb6\xb7\xbf\xbf")},
    {"z zs separator spaceseparator", SPAN("  \xa0\xa0")},
    {"c other", SPAN("\0\x1f\x7f\x9f\xad\xad")},
    {"cf format", SPAN("\xad\xad")},
};

static bool
has_name(const struct property *property, struct span name)
{
    struct span names = span_of(property->names), word;

    while ((word = text_next_word(&names)).len > 0)
        if (span_equal(word, name))
            return true;
    return false;
}

static const struct property *
find_property(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(properties); i++)
        if (has_name(&properties[i], name))
            return &properties[i];
    return NULL;
}

/* The name as the table has it, but for the "is". An empty span: it is too long to be known. */
static struct span
loosen(struct span name, char room[NAME_SIZE])
{
    size_t len = 0;

    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == ' ' || name.data[i] == '_' || name.data[i] == '-')
            continue;
        if (len == NAME_SIZE)
            return (struct span){room, 0};
        room[len++] = (char)tolower((unsigned char)name.data[i]);
    }
    return (struct span){room, len};
}

static void
add_range(struct bytes *pattern, unsigned first, unsigned last)
{
    if (first <= last)
        bytes_printf(pattern, "\\x%02x-\\x%02x", first, last);
}

/* Appends the ranges of the octets with the property, or of those without it. */
static void
add_members(const struct property *property, bool negated, struct bytes *pattern)
{
    const unsigned char *members = (const unsigned char *)property->members.data;
    unsigned             behind  = 0; /* the octet behind the last range */

    for (size_t i = 0; i < property->members.len; i += 2) {
        if (!negated)
            add_range(pattern, members[i], members[i + 1]);
        else if (members[i] > 0)
            add_range(pattern, behind, members[i] - 1U);
        behind = members[i + 1] + 1U;
    }
    if (negated)
        add_range(pattern, behind, 0xff);
}

bool
pattern_property_add(struct span name, bool negated, bool in_class, struct bytes *pattern)
{
    char                   room[NAME_SIZE];
    struct span            loose;
    const struct property *property;
    bool                   is;

    if (span_starts(name, SPAN("^"))) {
        negated = !negated;
        name    = span_tail(name, 1);
    }
    loose    = loosen(name, room);
    is       = span_starts(loose, SPAN("is"));
    property = find_property(is ? span_tail(loose, 2) : loose);
    if (property == NULL && !is)
        return false;
    if (property == NULL) /* what else PCRE2 knows, it knows without the "Is" */
        bytes_printf(pattern, "\\%c{%.*s}", negated ? 'P' : 'p', SPAN_ARG(span_tail(loose, 2)));
    else if (in_class)
        add_members(property, negated, pattern);
    else {
        bytes_add(pattern, negated ? SPAN("[^") : SPAN("["));
        add_members(property, false, pattern);
        bytes_add_char(pattern, ']');
    }
    return true;
}
