/* One pattern finds candidates; what they are worth is looked at closer. */
#include <ctype.h>

#include "base/block.h"
#include "base/bytes.h"
#include "base/text.h"
#include "rules/mail/uri_find.h"
#include "rules/mail/uri_host.h"
#include "rules/mail/uri_plain.h"
#include "rules/regex/regex.h"

enum { URI_SIGNERS_MAX = 100 };

#define ENDS "><\"`}\\]{\\[|\\s\\x1b\\xa0"
#define MAILS ENDS ",('\\x80-\\xff"

/*
 * Groups: 1 with a scheme, or beginning with www. or ftp.; 2 a mail address; 3 a bare host name with what follows, 4
 * the host. Without MAIL as well, for where there cannot be one: it is tried at each octet, and looks far.
 */
#define MAIL_PART_MAX 251
#define MAIL "|[^" MAILS "@]{1,251}+@[^" MAILS "]{1,251}+"
#define ADDRESS(mail)                                                                                                  \
    "(?:\\b|(?<=\\x1b\\(.)|(?<=[><\"'`,{\\[(|\\s\\x1b\\xa0]))"                                                         \
    "(?:((?:(?:https?|ftp)://|(?:www\\d{0,2}|ftp)\\.)[^" ENDS "]{1,2048}+)(?=[" ENDS "]|\\z)"                          \
    "|(mailto:[^" MAILS "]{1,2048}+" mail ")(?=[" MAILS "]|\\z)"                                                       \
    "|(?:^|(?<=[!\"#$&'()*+,/:;<=>?@\\[\\\\\\]^`{|}~\\s\\x1b\\xa0]))"                                                  \
    "(([a-z\\d][a-z\\d._-]{0,251}\\.[a-z][a-z\\d-]+)(?![a-z\\d-]|\\.[a-z\\d])\\.?(?::\\d{1,5})?(?:/[^" ENDS            \
    "]{1,2048}+)?)(?=[" ENDS "]|\\z))"
static struct regex_built_in address_pattern = {ADDRESS(MAIL), "i", NULL};
static struct regex_built_in others_pattern  = {ADDRESS(""), "i", NULL};
static struct regex_built_in scheme_pattern  = {"^(?:https?|ftp|mailto):", "i", NULL};
static struct regex_built_in www_pattern     = {"^www\\d{0,2}\\.", "i", NULL};
static struct regex_built_in nothing_pattern = {"^(?:[cm]id:|\\w+:/{0,2}$)", "i", NULL};
static struct regex_built_in prefix_pattern  = {"^(?:skype|e?-?mail)?:+", "i", NULL};
static struct regex_built_in mail_pattern    = {"@([^?&>]*)", "", NULL};

/* As Thunderbird: a ) ends it unless there is a ( before, and signs at the end are not part of it. */
static struct span
cut_end(struct span uri)
{
    const char *open = memchr(uri.data, '(', uri.len), *closing = memchr(uri.data, ')', uri.len);

    if (closing != NULL && (open == NULL || open > closing))
        uri.len = (size_t)(closing - uri.data);
    while (uri.len > 0 && strchr("-~!@#^&*()_+=:;'?,.", uri.data[uri.len - 1]) != NULL && uri.data[uri.len - 1] != '\0')
        uri.len--;
    return uri;
}

static bool
has(struct span text, const char *mark)
{
    return text.len > 0 && memmem(text.data, text.len, mark, strlen(mark)) != NULL;
}

/* Puts `front` in front of the rest, which may hold a NUL. */
static void
add_completed(struct bytes *address, struct span front, struct span uri)
{
    bytes_add(address, front);
    bytes_add(address, uri);
}

/* "user@host", perhaps with a path in front of the @, made an address; false if it is none. */
static bool
complete_mail(struct span uri, struct bytes *address)
{
    const char        *at = memchr(uri.data, '@', uri.len), *slash = memchr(uri.data, '/', uri.len);
    size_t             behind = (size_t)(at - uri.data) + 2;
    struct regex_found found;

    if (slash != NULL && slash + 1 < (const char *)memrchr(uri.data, '@', uri.len)) {
        add_completed(address, SPAN("http://"), uri);
        return true;
    }
    if (behind >= uri.len || !has(span_tail(uri, behind), ".") || has(uri, "&nbsp;"))
        return false;
    if (regex_find(regex_of(&prefix_pattern), uri, 0, &found))
        uri = span_tail(uri, regex_group(&found, 0).len);
    add_completed(address, SPAN("mailto:"), uri);
    return true;
}

/* Puts the scheme in front that is missing; false if it is no address after all. */
static bool
complete(struct span uri, struct bytes *address, unsigned *types)
{
    *types = URI_PARSED;
    if (regex_matches(regex_of(&scheme_pattern), uri)) {
        bytes_add(address, uri);
        return true;
    }
    *types |= URI_SCHEMELESS;
    if (span_starts_nocase(uri, SPAN("ftp."))) {
        add_completed(address, SPAN("ftp://"), uri);
        return true;
    }
    if (has(uri, "@") && !regex_matches(regex_of(&www_pattern), uri))
        return complete_mail(uri, address);
    if (!regex_matches(regex_of(&www_pattern), uri))
        *types |= URI_UNLINKED;
    add_completed(address, SPAN("http://"), uri);
    return has(uri, ".");
}

static bool
ends_in_known_domain(struct span host, const struct mail_settings *settings)
{
    struct bytes ascii = {0};
    const char  *dot   = uri_host_to_ascii(host, &ascii) ? memrchr(ascii.data, '.', ascii.len) : NULL;
    bool         known = dot != NULL && registry_is_top(settings->registry, span_of(dot + 1));

    bytes_free(&ascii);
    return known;
}

static bool
is_mail_valid(struct bytes *address, const struct mail_settings *settings)
{
    struct bytes       decoded = {0};
    struct regex_found found;
    struct span        host;
    bool               valid;

    if (uri_has_escape(bytes_span(address)))
        uri_decode_escapes(bytes_span(address), &decoded);
    else
        bytes_add(&decoded, bytes_span(address));
    valid = regex_find(regex_of(&mail_pattern), bytes_span(&decoded), 0, &found);
    host  = valid ? regex_group(&found, 1) : (struct span){0};
    while (host.len >= 3 && memcmp(host.data + host.len - 3, "%20", 3) == 0)
        host.len -= 3;
    valid = host.len > 0 && ends_in_known_domain(host, settings);
    bytes_clear(address);
    bytes_add(address, bytes_span(&decoded));
    bytes_free(&decoded);
    return valid;
}

static void
add_candidate(struct span uri, const struct mail_settings *settings, struct arena *arena, struct uri_places *places)
{
    struct bytes address = {0};
    unsigned     types;

    if (!regex_matches(regex_of(&nothing_pattern), uri) && complete(uri, &address, &types) &&
        (!span_starts_nocase(bytes_span(&address), SPAN("mailto:")) || is_mail_valid(&address, settings)))
        uri_places_add(places, (struct uri_place){.raw = arena_copy(arena, bytes_span(&address)), .types = types});
    bytes_free(&address);
}

/* The octets of ENDS. */
static bool
is_end(char c)
{
    return text_is_space(c) || (c != '\0' && strchr("><\"`}]{[|\x1b\xa0", c) != NULL);
}

/* The first of the signs of which every address has one. */
FOR_THIS_PROCESSOR static size_t
find_sign(struct span text, size_t at)
{
    for (; text.len - at >= BLOCK; at += BLOCK) {
        block here, marks;

        memcpy(&here, text.data + at, BLOCK);
        marks = (block)((here == '.') | (here == '@') | (here == ':'));
        if (block_any(&marks))
            return at + block_first(&marks);
    }
    while (at < text.len && text.data[at] != '.' && text.data[at] != '@' && text.data[at] != ':')
        at++;
    return at;
}

/*
 * Finds the next stretch without ENDS that has such a sign in it, and not as its last octet: each match of the pattern
 * begins in one. False: there is none at `*start` or behind it. `*end` is that of the stretch before, or 0.
 */
static bool
find_stretch(struct span text, size_t *start, size_t *end)
{
    size_t from = *start, sign = find_sign(text, from);

    while (sign < text.len && (sign + 1 == text.len || is_end(text.data[sign + 1])))
        sign = find_sign(text, sign + 1);
    if (sign == text.len)
        return false;
    for (*start = sign; *start > from && !is_end(text.data[*start - 1]);)
        --*start;
    for (*end = *end > sign ? *end : sign; *end < text.len && !is_end(text.data[*end]);)
        ++*end;
    return true;
}

static bool
ends_mail(char c)
{
    return is_end(c) || (unsigned char)c >= 0x80 || c == ',' || c == '(' || c == '\'';
}

/*
 * Can an address without a scheme, of the kind user@host, begin at `at` or up to `*last`, which is brought forward so
 * that it holds for all of them, or for none? It is a run of octets that may be in one, with an @ near its end.
 */
static bool
find_mail(struct span text, size_t at, size_t *last)
{
    size_t      end = at;
    const char *sign;

    while ((sign = memchr(text.data + end, '@', *last - end)) != NULL) {
        size_t found = (size_t)(sign - text.data), start;

        for (end = found + 1; end < *last && !ends_mail(text.data[end]);)
            end++;
        if (end - found > MAIL_PART_MAX + 1)
            sign = memchr(text.data + end - MAIL_PART_MAX - 1, '@', MAIL_PART_MAX + 1);
        if (sign == NULL)
            continue;
        found = (size_t)(sign - text.data);
        start = found > MAIL_PART_MAX ? found - MAIL_PART_MAX : 0;
        *last = start > at ? start - 1 : end;
        return start <= at;
    }
    return false;
}

void
uri_find(struct span paragraph, const struct mail_settings *settings, struct arena *arena, struct span_index *seen,
         struct uri_places *places)
{
    struct regex_found found;
    size_t             at = 0, end = 0;

    while (find_stretch(paragraph, &at, &end)) {
        struct span uri, host;
        size_t      before = seen->spans.count, last = end;
        bool        mail = find_mail(paragraph, at, &last);

        if (!regex_find_between(regex_of(mail ? &address_pattern : &others_pattern), paragraph, at, last, &found)) {
            at = last < end ? last + 1 : end;
            continue;
        }
        uri  = cut_end(regex_group(&found, 0));
        host = regex_group(&found, 4);
        mail = regex_group(&found, 2).data != NULL;
        at   = regex_next(&found);
        if (host.data != NULL && !registry_host_valid(settings->registry, host))
            at = (size_t)(host.data - paragraph.data) + 1;
        else if (uri.len > 0 && span_index_add(seen, uri) == before && (!mail || has(uri, "@")))
            add_candidate(uri, settings, arena, places);
    }
}

void
uri_find_signers(const struct mail_headers *headers, struct arena *arena, struct uri_places *places)
{
    static struct regex_built_in domain_pattern = {"\\bd\\s*=\\s*([^;]+)", "", NULL};

    for (size_t i = 0; i < headers->count && places->count < URI_SIGNERS_MAX; i++) {
        const struct mail_header *header = &headers->items[i];
        struct regex_found        found;

        if (!span_equal_nocase(header->name, SPAN("DKIM-Signature")) &&
            !span_equal_nocase(header->name, SPAN("DomainKey-Signature")))
            continue;
        for (size_t at = 0; regex_find(regex_of(&domain_pattern), header->value, at, &found); at = regex_next(&found)) {
            struct span  domain = regex_group(&found, 1);
            struct bytes raw    = {0};

            bytes_add(&raw, SPAN("domainkeys:"));
            for (size_t j = 0; j < domain.len; j++)
                if (!isspace((unsigned char)domain.data[j]))
                    bytes_add_char(&raw, domain.data[j]);
            uri_places_add(places, (struct uri_place){.raw   = arena_copy(arena, bytes_span(&raw)),
                                                      .types = URI_DOMAINKEYS | URI_NOCANON | URI_NOCLEAN});
            bytes_free(&raw);
        }
    }
}
