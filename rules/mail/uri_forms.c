/* The tricks of those who hide addresses, undone one by one; each step's result is a form of its own. */
#include <ctype.h>

#include "base/count.h"
#include "base/utf8.h"
#include "rules/mail/charset.h"
#include "rules/mail/uri_forms.h"
#include "rules/mail/uri_host.h"
#include "rules/mail/uri_plain.h"

enum { WIDE = 0xff }; /* stands for the characters beyond Latin-1 */

struct forms {
    const struct mail_settings *settings;
    struct arena               *arena;
    struct spans               *list;
    struct spans                inside; /* addresses found in addresses, still to be looked at */
    bool                        truncated;
};

/* "http://user@host:80/path": what may stand there and does not is empty, a port's data then NULL. */
struct web_address {
    struct span scheme; /* with the "://" */
    struct span user;   /* with the @ */
    struct span host;
    struct span port; /* digits */
    struct span rest; /* from behind the host, port and all */
};

static void
add_form(struct forms *forms, struct span form)
{
    forms->truncated |= form.len > URI_LENGTH_MAX;
    if (form.len > URI_LENGTH_MAX)
        form.len = URI_LENGTH_MAX;
    spans_add(forms->list, arena_copy(forms->arena, form));
}

/* The form of the spans, one behind the other. */
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

/* A mail address without what stands behind ? or &, and what stands between < and >. */
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

    for (size_t i = 0; i < COUNT_OF(cuts); i++)
        if (regex_find(regex_of(&cuts[i].pattern), uri, 0, &found))
            add_joined(forms, cuts[i].prefix, regex_group(&found, 1), SPAN(""));
}

/* Does the text lead somewhere else? The address there. */
static struct span
find_redirect(struct forms *forms, struct span uri, struct span rest)
{
    static struct regex_built_in any = {"https?:/{0,2}[^&#]+", "i", NULL};
    struct regex_found           found;

    for (size_t i = 0; i < forms->settings->redirector_count; i++)
        if (regex_find(forms->settings->redirectors[i], uri, 0, &found)) {
            struct span target = regex_group(&found, 1);

            if (target.len > 0 && memchr(target.data, '.', target.len) != NULL)
                return target;
        }
    if (rest.len > 0 && regex_find(regex_of(&any), rest, 0, &found) &&
        memchr(regex_group(&found, 0).data, '.', regex_group(&found, 0).len) != NULL)
        return regex_group(&found, 0);
    return (struct span){0};
}

/* An address that stands inside of this one. */
static void
note_inside(struct forms *forms, const struct web_address *address, struct span host)
{
    struct bytes uri = {0};
    struct span  target;

    if (forms->inside.count >= URI_REDIRECTS_MAX)
        return;
    bytes_add(&uri, address->scheme);
    bytes_add(&uri, host);
    bytes_add(&uri, address->rest);
    target = find_redirect(forms, bytes_span(&uri), address->rest);
    if (target.len > 0)
        spans_add(&forms->inside, arena_copy(forms->arena, target));
    bytes_free(&uri);
}

static bool
split_web_address(struct span uri, struct web_address *address)
{
    size_t len = uri_web_scheme(uri), end = len + 2, at;

    if (len == 0 || uri.len < end || uri.data[len] != '/' || uri.data[len + 1] != '/')
        return false;
    *address = (struct web_address){.scheme = span_head(uri, end)};
    for (at = end; at < uri.len && memchr("@/?#", uri.data[at], 4) == NULL;)
        at++;
    if (at + 1 < uri.len && uri.data[at] == '@' && memchr("/?#:", uri.data[at + 1], 4) == NULL) {
        address->user = (struct span){uri.data + end, at + 1 - end};
        end           = at + 1;
    }
    for (at = end; at < uri.len && memchr("/?#:", uri.data[at], 4) == NULL;)
        at++;
    address->host = (struct span){uri.data + end, at - end};
    address->rest = span_tail(uri, at);
    if (at < uri.len && uri.data[at] == ':') {
        for (end = at + 1; end < uri.len && isdigit((unsigned char)uri.data[end]);)
            end++;
        address->port = (struct span){uri.data + at + 1, end - at - 1};
    }
    return address->host.len > 0;
}

/* What follows the host, without a port that is the scheme's own; empty if there is no such port. */
static struct span
without_port(const struct web_address *address)
{
    struct span own = address->scheme.len == 7 && address->scheme.data[0] == 'h' ? SPAN("80") : SPAN("443");
    struct span behind;

    if (!span_equal(address->port, own))
        return (struct span){0};
    behind = span_tail(address->rest, own.len + 1);
    if (behind.len > 0 && (isalnum((unsigned char)behind.data[0]) || behind.data[0] == '_'))
        return (struct span){0};
    return (struct span){behind.data, behind.len};
}

/* IDNs in their ASCII form. The host goes on in that form. */
static void
add_ascii_form(struct forms *forms, const struct web_address *address, struct span without, struct bytes *host)
{
    struct bytes ascii = {0};

    if (!charset_is_ascii(bytes_span(host)) && uri_host_to_ascii(bytes_span(host), &ascii)) {
        add_joined(forms, address->scheme, bytes_span(&ascii), address->rest);
        if (without.len > 0)
            add_joined(forms, address->scheme, bytes_span(&ascii), without);
        bytes_clear(host);
        bytes_add(host, bytes_span(&ascii));
    }
    bytes_free(&ascii);
}

/* Control characters go from the host. */
static void
add_shown_form(struct forms *forms, const struct web_address *address, struct bytes *host)
{
    size_t kept = 0;

    for (size_t i = 0; i < host->len; i++)
        if ((unsigned char)host->data[i] > ' ')
            host->data[kept++] = host->data[i];
    if (kept == host->len)
        return;
    host->data[kept] = '\0';
    host->len        = kept;
    add_joined(forms, address->scheme, bytes_span(host), address->rest);
}

/* What stands in front of an @ goes, then what is no letter or digit at the end; each makes a form. */
static void
add_trimmed_forms(struct forms *forms, const struct web_address *address, struct bytes *host)
{
    struct span shown = bytes_span(host);
    const char *at    = shown.len > 0 ? memchr(shown.data, '@', shown.len) : NULL;
    size_t      len;

    if (at > shown.data) {
        shown = span_tail(shown, (size_t)(at - shown.data) + 1);
        add_joined(forms, address->scheme, shown, address->rest);
    }
    for (len = shown.len; len > 0 && !isalnum((unsigned char)shown.data[len - 1]);)
        len--;
    if (len < shown.len)
        add_joined(forms, address->scheme, span_head(shown, len), address->rest);
    memmove(host->data, shown.data, len);
    host->data[len] = '\0';
    host->len       = len;
}

/* As Firefox does with "http://name". `host` is in lower case, and as it was before anything was trimmed. */
static void
add_guessed_form(struct forms *forms, const struct web_address *address, struct span host)
{
    struct bytes guess = {0};

    if (address->scheme.len != 7 || address->scheme.data[0] != 'h' || address->user.len > 0 ||
        (address->port.len > 0 && !span_equal(address->port, SPAN("80"))) || span_equal(host, SPAN("localhost")))
        return;
    if (span_starts_nocase(host, SPAN("www.")) && host.len > 4) {
        if (registry_is_top(forms->settings->registry, span_tail(host, 4)))
            return;
        host = span_tail(host, 4);
    }
    if (host.len == 0 || memchr(host.data, '.', host.len) != NULL)
        return;
    bytes_printf(&guess, "www.%.*s.com", SPAN_ARG(host));
    add_joined(forms, address->scheme, bytes_span(&guess), address->rest);
    bytes_free(&guess);
}

static void
add_host_forms(struct forms *forms, struct span uri)
{
    struct web_address address;
    struct bytes       host = {0}, lower = {0}, dotted = {0};
    struct span        without;

    if (!split_web_address(uri, &address))
        return;
    without = without_port(&address);
    if (without.data != NULL)
        add_joined(forms, address.scheme, address.host, without);
    bytes_add(&host, address.host);
    add_ascii_form(forms, &address, without, &host);
    if (!uri_host_to_ascii(bytes_span(&host), &lower))
        bytes_add(&lower, bytes_span(&host));
    add_shown_form(forms, &address, &host);
    note_inside(forms, &address, bytes_span(&host));
    add_trimmed_forms(forms, &address, &host);
    if (uri_make_dotted(bytes_span(&host), &dotted))
        add_joined(forms, address.scheme, bytes_span(&dotted), address.rest);
    else
        add_guessed_form(forms, &address, bytes_span(&lower));
    bytes_free(&dotted);
    bytes_free(&lower);
    bytes_free(&host);
}

static bool
is_mail_address(struct span uri)
{
    const char *at    = uri.len > 0 ? memchr(uri.data, '@', uri.len) : NULL;
    const char *colon = uri.len > 0 ? memchr(uri.data, ':', uri.len) : NULL;

    return span_starts_nocase(uri, SPAN("mailto:")) || (at != NULL && (colon == NULL || at < colon));
}

static void
add_forms_of_one(struct forms *forms, struct span uri)
{
    struct bytes straight = {0};

    add_form(forms, uri);
    if (uri.len <= 1 || memchr("#?&", uri.data[0], 3) != NULL || (uri.data[0] == '/' && uri.data[1] != '/'))
        return;
    if (is_mail_address(uri)) {
        add_mail_forms(forms, uri);
        return;
    }
    uri_straighten(uri, &straight);
    if (!span_equal(bytes_span(&straight), uri))
        add_form(forms, bytes_span(&straight));
    add_host_forms(forms, bytes_span(&straight));
    bytes_free(&straight);
}

/* Line ends are no part of an address, nor is white space at its ends. */
static struct span
join_lines(struct span uri, struct arena *arena)
{
    char  *copy;
    size_t len = 0;

    while (uri.len > 0 && isspace((unsigned char)uri.data[0]))
        uri = span_tail(uri, 1);
    while (uri.len > 0 && isspace((unsigned char)uri.data[uri.len - 1]))
        uri.len--;
    if (uri.len == 0 || (memchr(uri.data, '\n', uri.len) == NULL && memchr(uri.data, '\r', uri.len) == NULL))
        return uri;
    copy = arena_new(arena, uri.len);
    for (size_t i = 0; i < uri.len; i++)
        if (uri.data[i] != '\n' && uri.data[i] != '\r')
            copy[len++] = uri.data[i];
    return (struct span){copy, len};
}

bool
uri_add_forms(struct span uri, const struct mail_settings *settings, struct arena *arena, struct spans *list)
{
    struct forms forms = {.settings = settings, .arena = arena, .list = list};

    add_forms_of_one(&forms, join_lines(uri, arena));
    for (size_t i = 0; i < forms.inside.count; i++)
        add_forms_of_one(&forms, join_lines(forms.inside.items[i], arena));
    spans_free(&forms.inside);
    return forms.truncated;
}

/* The characters of Latin-1 as octets, and an octet that is no letter for each of the others. */
static void
narrow(struct span utf8, struct bytes *narrowed)
{
    unsigned code = 0;

    for (size_t len; utf8.len > 0; utf8 = span_tail(utf8, len)) {
        len = utf8_read(utf8, &code);
        bytes_add_char(narrowed, len == 0 ? utf8.data[0] : (char)(code < WIDE ? code : WIDE));
        len = len > 0 ? len : 1;
    }
}

/* It goes on with the octets where a host has no ASCII form. */
static void
add_octets(struct span form, struct arena *arena, struct spans *list)
{
    struct web_address address;
    struct bytes       ascii = {0}, octets = {0};

    if (!split_web_address(form, &address) || charset_is_ascii(address.host) || !charset_is_utf8(address.host))
        return;
    if (!uri_host_to_ascii(address.host, &ascii)) {
        bytes_add(&octets, address.scheme);
        bytes_add(&octets, address.host);
        narrow(address.rest, &octets);
        spans_add(list, arena_copy(arena, bytes_span(&octets)));
    }
    bytes_free(&octets);
    bytes_free(&ascii);
}

void
uri_add_characters(const struct span *forms, size_t count, bool wide, struct arena *arena, struct spans *list)
{
    struct bytes narrowed = {0};

    for (size_t i = 0; i < count; i++) {
        if (charset_is_ascii(forms[i])) {
            spans_add(list, forms[i]);
            continue;
        }
        bytes_clear(&narrowed);
        narrow(forms[i], &narrowed);
        spans_add(list, arena_copy(arena, bytes_span(&narrowed)));
        if (wide)
            add_octets(forms[i], arena, list);
    }
    bytes_free(&narrowed);
}
