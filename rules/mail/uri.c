/* One pattern finds candidates; what they are worth is looked at closer. */
#include <ctype.h>

#include "base/bytes.h"
#include "rules/mail/uri.h"
#include "rules/mail/uri_forms.h"
#include "rules/regex.h"

#define ENDS "><\"`}\\]{\\[|\\s\\x1b\\xa0"
#define MAILS ENDS ",('\\x80-\\xff"

/* Groups: 1 with a scheme, or beginning with www. or ftp.; 2 a mail address; 3 a bare host name with what follows, 4
 * the host. */
static struct regex_built_in address_pattern = {
    "(?:\\b|(?<=\\x1b\\(.)|(?<=[><\"'`,{\\[(|\\s\\x1b\\xa0]))"
    "(?:((?:(?:https?|ftp)://|(?:www\\d{0,2}|ftp)\\.)[^" ENDS "]{1,2048})(?=[" ENDS "]|\\z)"
    "|(mailto:[^" MAILS "]{1,2048}|[^" MAILS "@]{1,251}@[^" MAILS "]{1,251})(?=[" MAILS "]|\\z)"
    "|(?:^|(?<=[!\"#$&'()*+,/:;<=>?@\\[\\\\\\]^`{|}~\\s\\x1b\\xa0]))"
    "(([a-z\\d][a-z\\d._-]{0,251}\\.[a-z][a-z\\d-]+)(?![a-z\\d-]|\\.[a-z\\d])\\.?(?::\\d{1,5})?(?:/[^" ENDS
    "]{1,2048})?)(?=[" ENDS "]|\\z))",
    "i", NULL};
static struct regex_built_in scheme_pattern  = {"^(?:https?|ftp|mailto):", "i", NULL};
static struct regex_built_in www_pattern     = {"^www\\d{0,2}\\.", "i", NULL};
static struct regex_built_in nothing_pattern = {"^(?:[cm]id:|\\w+:/{0,2}$)", "i", NULL};
static struct regex_built_in prefix_pattern  = {"^(?:skype|e?-?mail)?:+", "i", NULL};
static struct regex_built_in mail_pattern    = {"@([^?&>]*)", "", NULL};

static bool
is_address_v4(struct span host)
{
    static struct regex_built_in pattern = {"^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.|$)){4}(?<!\\.)$", "", NULL};

    return regex_matches(regex_of(&pattern), host);
}

struct span
uri_host(struct span uri)
{
    static struct regex_built_in mail  = {"^mailto:(?://)?[^@?]*@([^@?]*)(?:\\?.*)?$", "is", NULL};
    static struct regex_built_in other = {
        "^(?!javascript:|cid:|file:|mailto:)(?:[a-z]+:/{0,2})?(?:[^/?#]*@)?([^/?#]*?)(?::\\d*)?(?:[/?#]|$)", "is",
        NULL};
    struct regex_found found;

    if (regex_find(regex_of(&mail), uri, 0, &found) || regex_find(regex_of(&other), uri, 0, &found))
        return regex_group(&found, 1);
    return (struct span){0};
}

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

/* "user@host", perhaps with a path in front of the @, made an address; false if it is none. */
static bool
complete_mail(struct span uri, struct bytes *address)
{
    const char        *at = memchr(uri.data, '@', uri.len), *slash = memchr(uri.data, '/', uri.len);
    struct regex_found found;

    if (slash != NULL && slash + 1 < at) {
        bytes_printf(address, "http://%.*s", SPAN_ARG(uri));
        return true;
    }
    if (!has(span_tail(uri, (size_t)(at - uri.data) + 1), ".") || has(uri, "&nbsp;"))
        return false;
    if (regex_find(regex_of(&prefix_pattern), uri, 0, &found))
        uri = span_tail(uri, regex_group(&found, 0).len);
    bytes_printf(address, "mailto:%.*s", SPAN_ARG(uri));
    return true;
}

/* Puts the scheme in front that is missing; false if it is no address after all. */
static bool
complete(struct span uri, struct bytes *address)
{
    if (regex_matches(regex_of(&scheme_pattern), uri)) {
        bytes_add(address, uri);
        return true;
    }
    if (span_starts_nocase(uri, SPAN("ftp."))) {
        bytes_printf(address, "ftp://%.*s", SPAN_ARG(uri));
        return true;
    }
    if (regex_matches(regex_of(&www_pattern), uri) || !has(uri, "@")) {
        bytes_printf(address, "http://%.*s", SPAN_ARG(uri));
        return has(uri, ".");
    }
    return complete_mail(uri, address);
}

static bool
ends_in_known_domain(struct span host, const struct mail_settings *settings)
{
    const char *dot = memrchr(host.data, '.', host.len);

    return dot != NULL && dot > host.data &&
           registry_is_top(settings->registry, span_tail(host, (size_t)(dot - host.data) + 1));
}

static bool
is_mail_valid(struct bytes *address, const struct mail_settings *settings)
{
    struct bytes       decoded = {0};
    struct regex_found found;
    struct span        host;
    bool               valid;

    if (has(bytes_span(address), "%"))
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

/* Does one of the forms have a host that can be? */
static bool
has_valid_host(const struct spans *forms, const struct mail_settings *settings)
{
    for (size_t i = 0; i < forms->count; i++) {
        struct span host = uri_host(forms->items[i]);

        if (is_address_v4(host) || registry_host_valid(settings->registry, host))
            return true;
    }
    return false;
}

static void
add_candidate(struct span uri, const struct mail_settings *settings, struct arena *arena, struct spans *uris)
{
    struct bytes address = {0};
    struct spans forms   = {0};

    if (!regex_matches(regex_of(&nothing_pattern), uri) && complete(uri, &address) &&
        (!span_starts_nocase(bytes_span(&address), SPAN("mailto:")) || is_mail_valid(&address, settings))) {
        uri_add_forms(bytes_span(&address), arena, &forms);
        for (size_t i = 0; has_valid_host(&forms, settings) && i < forms.count; i++)
            spans_add(uris, forms.items[i]);
    }
    spans_free(&forms);
    bytes_free(&address);
}

void
uri_find(struct span paragraph, const struct mail_settings *settings, struct arena *arena, struct spans *uris)
{
    struct regex_found found;
    size_t             at = 0;

    if (!has(paragraph, ".") && !has(paragraph, "@") && !has(paragraph, ":"))
        return;
    while (at <= paragraph.len && regex_find(regex_of(&address_pattern), paragraph, at, &found)) {
        struct span uri = cut_end(regex_group(&found, 0)), host = regex_group(&found, 4);
        bool        mail = regex_group(&found, 2).data != NULL;

        at = regex_next(&found);
        if (host.data != NULL && !registry_host_valid(settings->registry, host))
            at = (size_t)(host.data - paragraph.data) + 1;
        else if (uri.len > 0 && (!mail || has(uri, "@")))
            add_candidate(uri, settings, arena, uris);
    }
}
