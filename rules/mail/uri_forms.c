/* The tricks of those who hide addresses, undone one by one; each step's result is a form of its own. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/mail/uri_forms.h"
#include "rules/regex.h"

/* An address taken apart (RFC 3986, appendix B). NULL data: not there. */
struct uri_pieces {
    struct span scheme, authority, path, query, fragment;
};

struct forms {
    struct arena *arena;
    struct spans *list;
    struct spans *inside; /* addresses found in addresses, still to be looked at */
};

static struct regex_built_in pieces_pattern = {"^(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\\?([^#]*))?(?:#(.*))?",
                                               "s", NULL};
static struct regex_built_in www_pattern    = {"^www\\d*\\.", "i", NULL};
static struct regex_built_in ftp_pattern    = {"^ftp\\d*\\.", "i", NULL};

static void
split(struct span uri, struct uri_pieces *pieces)
{
    struct regex_found found;

    *pieces = (struct uri_pieces){.path = SPAN("")};
    if (!regex_find(regex_of(&pieces_pattern), uri, 0, &found))
        return;
    pieces->scheme    = regex_group(&found, 1);
    pieces->authority = regex_group(&found, 2);
    pieces->path      = regex_group(&found, 3);
    pieces->query     = regex_group(&found, 4);
    pieces->fragment  = regex_group(&found, 5);
}

/* RFC 3986, 5.2.4, in one pass: "." goes, ".." takes the segment before it along. */
static void
add_without_dots(struct span path, struct bytes *target)
{
    size_t start = target->len;

    while (path.len > 0) {
        size_t      slash   = path.data[0] == '/';
        const char *next    = memchr(path.data + slash, '/', path.len - slash);
        size_t      len     = next != NULL ? (size_t)(next - path.data) : path.len;
        struct span segment = {path.data + slash, len - slash};
        bool        up      = span_equal(segment, SPAN(".."));

        if (up || span_equal(segment, SPAN("."))) {
            while (up && target->len > start && target->data[target->len - 1] != '/')
                target->len--;
            if (up && target->len > start)
                target->len--;
            if (next == NULL)
                bytes_add_char(target, '/');
        } else {
            bytes_add(target, span_head(path, len));
        }
        path = span_tail(path, len);
    }
}

static void
add_merged_path(const struct uri_pieces *base, struct span path, struct bytes *target)
{
    struct bytes merged = {0};
    const char  *slash  = base->path.len > 0 ? memrchr(base->path.data, '/', base->path.len) : NULL;

    if (base->authority.data != NULL && base->path.len == 0)
        bytes_add_char(&merged, '/');
    else if (slash != NULL)
        bytes_add(&merged, span_head(base->path, (size_t)(slash - base->path.data) + 1));
    bytes_add(&merged, path);
    add_without_dots(bytes_span(&merged), target);
    bytes_free(&merged);
}

static void
add_start(struct span scheme, struct span authority, struct bytes *target)
{
    if (scheme.len > 0)
        bytes_printf(target, "%.*s:", SPAN_ARG(scheme));
    else if (authority.data != NULL && regex_matches(regex_of(&www_pattern), authority))
        bytes_add(target, SPAN("http:"));
    else if (authority.data != NULL && regex_matches(regex_of(&ftp_pattern), authority))
        bytes_add(target, SPAN("ftp:"));
    if (authority.data != NULL) {
        bytes_add(target, SPAN("//"));
        bytes_add(target, authority);
    }
}

void
uri_resolve(struct span base_uri, struct span reference, struct bytes *target)
{
    struct uri_pieces base, pieces;
    bool              absolute;

    split(base_uri, &base);
    split(reference, &pieces);
    absolute = pieces.scheme.data != NULL && (base.scheme.data == NULL || !span_equal(pieces.scheme, base.scheme));
    if (absolute || pieces.authority.data != NULL) {
        add_start(absolute ? pieces.scheme : base.scheme, pieces.authority, target);
        add_without_dots(pieces.path, target);
    } else {
        add_start(base.scheme, base.authority, target);
        if (pieces.path.len == 0)
            bytes_add(target, base.path);
        else if (pieces.path.data[0] == '/')
            add_without_dots(pieces.path, target);
        else
            add_merged_path(&base, pieces.path, target);
        if (pieces.path.len == 0 && pieces.query.data == NULL)
            pieces.query = base.query;
    }
    if (pieces.query.data != NULL)
        bytes_printf(target, "?%.*s", SPAN_ARG(pieces.query));
    if (pieces.fragment.data != NULL)
        bytes_printf(target, "#%.*s", SPAN_ARG(pieces.fragment));
}

static int
hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10 : -1;
}

void
uri_decode_escapes(struct span uri, struct bytes *decoded)
{
    for (size_t i = 0; i < uri.len; i++) {
        unsigned char c = (unsigned char)uri.data[i];

        if (c == '%' && uri.len - i > 2 && hex(uri.data[i + 1]) >= 0 && hex(uri.data[i + 2]) >= 0) {
            int value = hex(uri.data[i + 1]) * 16 + hex(uri.data[i + 2]);

            if (value > 0x20 && value < 0x7f)
                bytes_add_char(decoded, (char)value);
            else
                bytes_add(decoded, (struct span){uri.data + i, 3});
            i += 2;
        } else if (c <= ' ' || c >= 0x7f || c == '"' || c == '%' || c == '<' || c == '>') {
            bytes_printf(decoded, "%%%02x", c);
        } else {
            bytes_add_char(decoded, (char)c);
        }
    }
}

static void
add_form(struct forms *forms, struct span form)
{
    if (form.len > URI_LENGTH_MAX)
        form.len = URI_LENGTH_MAX;
    spans_add(forms->list, arena_copy(forms->arena, form));
}

/* The form that `format` makes of the spans. */
static void
add_joined(struct forms *forms, struct span a, struct span b, struct span c)
{
    struct bytes form = {0};

    bytes_add(&form, a);
    bytes_add(&form, b);
    bytes_add(&form, c);
    add_form(forms, bytes_span(&form));
    bytes_free(&form);
}

/* Of a mail address: without what stands behind ? or &, and what stands between < and >. */
static void
add_mail_forms(struct forms *forms, struct span uri)
{
    static struct {
        struct regex_built_in pattern;
        struct span           prefix;
    } cuts[] = {
        {{"^([^@]+@[^?]+)\\?", "", NULL}, {"", 0}},
        {{"^([^@]+@[^?&]+)&", "", NULL}, {"", 0}},
        {{"^(?=.*%20)(?:mailto:)?(?:%20)*([^@]+@[^?&%]+)", "", NULL}, {"mailto:", 7}},
        {{"^[^?&]*<([^@>]+@[^>]+)>", "", NULL}, {"mailto:", 7}},
    };
    struct regex_found found;

    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
        if (regex_find(regex_of(&cuts[i].pattern), uri, 0, &found))
            add_joined(forms, cuts[i].prefix, regex_group(&found, 1), SPAN(""));
}

/* "&#46;" and "&#x2e;" are the characters that they stand for, where those are printable; some are dots in disguise. */
static void
decode_references(struct span uri, struct bytes *decoded)
{
    static struct regex_built_in pattern = {"&#(?:x0*([0-9a-f]{1,6})|0*(\\d{1,7}));", "i", NULL};
    struct regex_found           found;
    size_t                       at = 0;

    while (regex_find(regex_of(&pattern), uri, at, &found)) {
        struct span   all = regex_group(&found, 0), number = regex_group(&found, 1);
        bool          hexadecimal = number.data != NULL;
        unsigned long value =
            strtoul((hexadecimal ? number : regex_group(&found, 2)).data, NULL, hexadecimal ? 16 : 10);
        bool dot = value == 0x3002 || value == 0xff0e || value == 0xff61;

        bytes_add(decoded, (struct span){uri.data + at, (size_t)(all.data - uri.data) - at});
        if (dot || (value > 0x20 && value < 0x7f))
            bytes_add_char(decoded, dot ? '.' : (char)value);
        else
            bytes_add(decoded, all);
        at = regex_next(&found);
    }
    bytes_add(decoded, span_tail(uri, at));
}

/* Slashes the right way round, a scheme in front, escapes decoded, a slash behind the host. */
static void
straighten(struct span uri, struct bytes *straight)
{
    static struct regex_built_in lazy_scheme = {"^(https?:)/{0,2}", "i", NULL};
    static struct regex_built_in any_scheme  = {"^[-_a-z0-9]+:", "i", NULL};
    static struct regex_built_in no_path     = {"^(https?://[^/?#]+)(?=[?#])", "i", NULL};
    struct bytes                 step = {0}, turned = {0};
    struct regex_found           found;

    bytes_add(&turned, uri);
    for (size_t i = 0; i < turned.len; i++)
        if (turned.data[i] == '\\')
            turned.data[i] = '/';
    uri = bytes_span(&turned);
    if (regex_find(regex_of(&lazy_scheme), uri, 0, &found)) {
        bytes_printf(&step, "%.*s//", SPAN_ARG(regex_group(&found, 1)));
        uri = span_tail(uri, regex_group(&found, 0).len);
    }
    bytes_add(&step, uri);
    bytes_clear(&turned);
    uri_decode_escapes(bytes_span(&step), &turned);
    if (memchr(step.data, '%', step.len) == NULL) {
        bytes_clear(&turned);
        bytes_add(&turned, bytes_span(&step));
    }
    bytes_clear(&step);
    if (!regex_matches(regex_of(&any_scheme), bytes_span(&turned)))
        bytes_add(&step, span_starts_nocase(bytes_span(&turned), SPAN("ftp.")) ? SPAN("ftp://") : SPAN("http://"));
    bytes_add(&step, bytes_span(&turned));
    bytes_clear(&turned);
    uri = bytes_span(&step);
    if (regex_find(regex_of(&no_path), uri, 0, &found)) {
        bytes_printf(&turned, "%.*s/", SPAN_ARG(regex_group(&found, 1)));
        uri = span_tail(uri, regex_group(&found, 0).len);
    }
    bytes_add(&turned, uri);
    decode_references(bytes_span(&turned), straight);
    bytes_free(&turned);
    bytes_free(&step);
}

/* "0x7f.1.0.1", "2130706433", "0177.0.0.1": the dotted address. False if the host is none of them. */
static bool
make_dotted(struct span host, char dotted[16])
{
    static struct regex_built_in number = {"^(?:0x[0-9a-f]+|\\d+)$", "i", NULL};
    static struct regex_built_in four   = {
          "^(0x[0-9a-f]+|\\d+)\\.(0x[0-9a-f]+|\\d+)\\.(0x[0-9a-f]+|\\d+)\\.(0x[0-9a-f]+|\\d+)$", "i", NULL};
    struct regex_found found;
    unsigned long      octets[4];

    if (host.len > 0 && regex_matches(regex_of(&number), host)) {
        bool          hexadecimal = host.len > 1 && tolower((unsigned char)host.data[1]) == 'x';
        unsigned long whole       = strtoul(host.data, NULL, hexadecimal ? 16 : 10);

        for (size_t i = 0; i < 4; i++)
            octets[i] = whole >> (24 - 8 * i);
    } else if (regex_find(regex_of(&four), host, 0, &found)) {
        for (size_t i = 0; i < 4; i++) {
            const char *digits = regex_group(&found, i + 1).data;

            octets[i] = digits != NULL ? strtoul(digits, NULL, 0) : 0;
        }
    } else {
        return false;
    }
    (void)snprintf(dotted, 16, "%u.%u.%u.%u", (unsigned char)octets[0], (unsigned char)octets[1],
                   (unsigned char)octets[2], (unsigned char)octets[3]);
    return true;
}

/* An address that stands inside of this one. */
static void
note_inside(struct forms *forms, struct span rest)
{
    static struct regex_built_in pattern = {"https?:/{0,2}([^&#]+)", "i", NULL};
    struct regex_found           found;

    if (forms->inside->count < URI_REDIRECTS_MAX && regex_find(regex_of(&pattern), rest, 0, &found) &&
        memchr(regex_group(&found, 0).data, '.', regex_group(&found, 0).len) != NULL)
        spans_add(forms->inside, arena_copy(forms->arena, regex_group(&found, 0)));
}

/* The host without control characters and with a letter or digit at its end. */
static void
clean_host(struct span host, struct bytes *clean)
{
    for (size_t i = 0; i < host.len; i++)
        if ((unsigned char)host.data[i] > ' ')
            bytes_add_char(clean, host.data[i]);
    while (clean->len > 0 && !isalnum((unsigned char)clean->data[clean->len - 1]))
        clean->len--;
}

static void
add_host_forms(struct forms *forms, struct span uri)
{
    static struct regex_built_in parts = {"^(https?://)([^@/?#]*@)?([^/?#:]+)(:\\d*)?(.*)$", "is", NULL};
    struct regex_found           found;
    struct span                  scheme, user, host, port, path, rest;
    struct bytes                 clean = {0};
    char                         dotted[16];

    if (!regex_find(regex_of(&parts), uri, 0, &found))
        return;
    scheme = regex_group(&found, 1);
    user   = regex_group(&found, 2);
    host   = regex_group(&found, 3);
    port   = regex_group(&found, 4);
    path   = regex_group(&found, 5);
    rest   = span_tail(uri, (size_t)(host.data - uri.data) + host.len);
    note_inside(forms, rest);
    if (span_equal(port, scheme.len == 7 ? SPAN(":80") : SPAN(":443")))
        add_joined(forms, scheme, host, path);
    clean_host(host, &clean);
    if (clean.len != host.len)
        add_joined(forms, scheme, bytes_span(&clean), rest);
    if (make_dotted(bytes_span(&clean), dotted))
        add_joined(forms, scheme, span_of(dotted), rest);
    else if (scheme.len == 7 && user.len == 0 && port.len == 0 && memchr(host.data, '.', host.len) == NULL &&
             !span_equal_nocase(host, SPAN("localhost"))) {
        bytes_clear(&clean);
        bytes_printf(&clean, "www.%.*s.com", SPAN_ARG(host));
        add_joined(forms, scheme, bytes_span(&clean), rest);
    }
    bytes_free(&clean);
}

static void
add_forms_of_one(struct forms *forms, struct span uri)
{
    static struct regex_built_in no_address = {"^(?:.?$|[#?&]|/(?!/))", "s", NULL};
    static struct regex_built_in mail       = {"^(?:mailto:|[^:]*@)", "i", NULL};
    struct bytes                 straight   = {0};

    add_form(forms, uri);
    if (regex_matches(regex_of(&no_address), uri))
        return;
    if (regex_matches(regex_of(&mail), uri)) {
        add_mail_forms(forms, uri);
        return;
    }
    straighten(uri, &straight);
    if (!span_equal(bytes_span(&straight), uri))
        add_form(forms, bytes_span(&straight));
    add_host_forms(forms, bytes_span(&straight));
    bytes_free(&straight);
}

/* Line ends are no part of an address, nor is white space at its ends. */
static struct span
join_lines(struct span uri, struct arena *arena)
{
    char  *copy = arena_new(arena, uri.len);
    size_t len = 0, start = 0;

    for (size_t i = 0; i < uri.len; i++)
        if (uri.data[i] != '\n' && uri.data[i] != '\r')
            copy[len++] = uri.data[i];
    while (len > 0 && isspace((unsigned char)copy[len - 1]))
        len--;
    while (start < len && isspace((unsigned char)copy[start]))
        start++;
    return (struct span){copy + start, len - start};
}

void
uri_add_forms(struct span uri, struct arena *arena, struct spans *list)
{
    struct spans inside = {0};
    struct forms forms  = {arena, list, &inside};

    add_forms_of_one(&forms, join_lines(uri, arena));
    for (size_t i = 0; i < inside.count; i++)
        add_forms_of_one(&forms, inside.items[i]);
    spans_free(&inside);
}
