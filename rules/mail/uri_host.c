/* By hand and not by patterns, since every form of every address comes by. */
#include <arpa/inet.h>
#include <ctype.h>
#include <glib.h>

#include "base/count.h"
#include "rules/mail/charset.h"
#include "rules/mail/uri_host.h"

/* Its scheme; 0 long if it has none. */
static size_t
scheme_length(struct span uri)
{
    size_t len = 0;

    while (len < uri.len && isalpha((unsigned char)uri.data[len]))
        len++;
    return len > 0 && len < uri.len && uri.data[len] == ':' ? len + 1 : 0;
}

static struct span
until(struct span text, const char *ends)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\0' && strchr(ends, text.data[i]) != NULL)
            return span_head(text, i);
    return text;
}

static struct span
behind_last_at(struct span text)
{
    const char *at = text.len > 0 ? memrchr(text.data, '@', text.len) : NULL;

    return at != NULL ? span_tail(text, (size_t)(at - text.data) + 1) : text;
}

/* "user@host", without "mailto:". More than one @ is no address. */
static struct span
mail_host(struct span address)
{
    const char *at;

    address = until(address, "?");
    at      = address.len > 0 ? memchr(address.data, '@', address.len) : NULL;
    if (at == NULL || memrchr(address.data, '@', address.len) != at)
        return (struct span){0};
    return behind_last_at(address);
}

/* What may be a host in an address: without scheme, user, port and path. */
static struct span
written_host(struct span uri)
{
    static const struct span others[] = {{"javascript:", 11}, {"cid:", 4}, {"file:", 5}};
    size_t                   len, port;

    if (span_starts_nocase(uri, SPAN("mailto:")))
        return mail_host(span_tail(uri, 7));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (span_starts_nocase(uri, others[i]))
            return (struct span){0};
    len = scheme_length(uri);
    for (unsigned slashes = 0; len > 0 && slashes < 2 && len < uri.len && uri.data[len] == '/'; slashes++)
        len++;
    uri  = behind_last_at(until(span_tail(uri, len), "/?#"));
    port = uri.len;
    while (port > 0 && isdigit((unsigned char)uri.data[port - 1]))
        port--;
    return port > 0 && uri.data[port - 1] == ':' ? span_head(uri, port - 1) : uri;
}

/* Is there an escape in it for a character that should not be escaped? */
static bool
has_needless_escape(struct span host)
{
    for (size_t i = 0; i + 2 < host.len; i++) {
        char high = host.data[i + 1], low = (char)tolower((unsigned char)host.data[i + 2]);

        if (host.data[i] == '%' && high >= '2' && high <= '7' && isxdigit((unsigned char)low) &&
            (high != '2' || low != '0') && (high != '7' || low != 'f'))
            return true;
    }
    return false;
}

bool
uri_host_is_ip(struct span host)
{
    char            text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (host.len >= sizeof(text) || host.len == 0)
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* Characters that a name is freed of, or that are dots. */
static bool
is_freed(gunichar c)
{
    static const gunichar freed[] = {0xad, 0x200b, 0x3002, 0xfeff, 0xff0e, 0xff61};

    for (size_t i = 0; i < COUNT_OF(freed); i++)
        if (c == freed[i])
            return true;
    return false;
}

/* Letters, digits and marks (RFC 5892, 2). */
static bool
may_be_named(gunichar c)
{
    return g_unichar_isalpha(c) || g_unichar_ismark(c) || g_unichar_type(c) == G_UNICODE_DECIMAL_NUMBER || c == '-' ||
           c == '_' || is_freed(c);
}

/* Has it an ASCII form? Not if a label beyond ASCII in it holds what no name may hold. */
static bool
may_be_converted(const char *name)
{
    bool wide = false, odd = false;

    for (; *name != '\0'; name = g_utf8_next_char(name)) {
        gunichar c = g_utf8_get_char(name);

        if (c == '.')
            wide = odd = false;
        wide |= c >= 0x80;
        odd |= c != '.' && !may_be_named(c);
        if (wide && odd)
            return false;
    }
    return true;
}

/* Latin-1 made UTF-8, if nothing but letters and what names are made of is in it. */
static bool
read_latin(struct span host, struct bytes *utf8)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c   = (unsigned char)host.data[i];
        bool          may = c < 0x80 ? isalnum(c) || memchr("_.-", c, 3) != NULL
                                     : c >= 0xc0 && c != 0xd7 && c != 0xdf && c != 0xf7 && c != 0xff;

        if (!may)
            return false;
        charset_add_character(utf8, c);
    }
    return true;
}

bool
uri_host_to_ascii(struct span host, struct bytes *ascii)
{
    size_t       start = ascii->len;
    struct bytes name  = {0};
    char        *converted;

    if (host.len > URI_HOST_MAX || memchr(host.data, '\0', host.len) != NULL)
        return false;
    if (charset_is_ascii(host)) {
        bytes_add(ascii, host);
        for (size_t i = start; i < ascii->len; i++)
            ascii->data[i] = (char)tolower((unsigned char)ascii->data[i]);
        return true;
    }
    if (charset_is_utf8(host))
        bytes_add(&name, host);
    else if (!read_latin(host, &name))
        bytes_clear(&name);
    converted = name.len > 0 && may_be_converted(name.data) ? g_hostname_to_ascii(name.data) : NULL;
    if (converted != NULL)
        bytes_add(ascii, span_of(converted));
    g_free(converted);
    bytes_free(&name);
    return converted != NULL;
}

bool
uri_host_read(const struct registry *registry, struct span uri, struct arena *arena, struct uri_host *found)
{
    struct span  host  = written_host(uri);
    struct bytes ascii = {0};
    bool         valid = false;

    if (host.len > 0 && !has_needless_escape(host) && uri_host_to_ascii(host, &ascii)) {
        bool address = uri_host_is_ip(bytes_span(&ascii));

        valid = address || (ascii.data[ascii.len - 1] != '.' && registry_host_valid(registry, bytes_span(&ascii)));
        if (valid)
            found->host = arena_copy(arena, bytes_span(&ascii));
        if (valid)
            found->domain = address ? found->host : registry_domain(registry, found->host);
    }
    bytes_free(&ascii);
    return valid;
}

struct span
uri_host_trim(const struct registry *registry, struct span host, struct arena *arena)
{
    struct bytes ascii = {0};
    size_t       kept  = 0;
    struct span  copy;

    if (!uri_host_to_ascii(host, &ascii))
        bytes_add(&ascii, host);
    for (size_t i = 0; i < ascii.len; i++)
        if (ascii.data[i] != '.' || (kept > 0 && ascii.data[kept - 1] != '.'))
            ascii.data[kept++] = ascii.data[i];
    while (kept > 0 && ascii.data[kept - 1] == '.')
        kept--;
    copy = arena_copy(arena, (struct span){ascii.data, kept});
    bytes_free(&ascii);
    return registry_domain(registry, copy);
}
