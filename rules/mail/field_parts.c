/* One step after the other: first addresses or names, then hosts or IP addresses of those. */
#include <ctype.h>

#include "rules/mail/field_parts.h"
#include "rules/mail/mailboxes.h"
#include "rules/mail/networks.h"
#include "rules/mail/received_pattern.h"
#include "rules/mail/uri_host.h"
#include "rules/mail/words.h"

enum {
    HOST_OCTETS_MAX = 252,  /* of a host's name, without its top-level domain */
    WORD_OCTETS_MAX = 320,  /* of a word that may be one, or have one in front */
    HOST_TEXT_MAX   = 1024, /* of a text that is searched for hosts */
    SEARCHED_OCTETS_MAX =
        MAIL_HEADER_MAX, /* of fields that are searched for addresses or hosts, and of what is found */
};

static struct regex_built_in any_ip = {"(?<!\\.)\\b(" RECEIVED_ADDRESS ")\\b(?!\\.)", "", NULL};

void
field_parts_start(void)
{
    (void)regex_of(&any_ip);
    mailboxes_start();
}

/* White space runs to a space, none at the ends, and a pair of single quotes around it goes. Nothing but white space
 * stays. */
static struct span
tidy(struct span phrase, struct arena *arena)
{
    char  *copy = arena_new(arena, phrase.len + 1);
    size_t len  = 0;

    for (size_t i = 0; i < phrase.len; i++)
        if (!isspace((unsigned char)phrase.data[i]))
            copy[len++] = phrase.data[i];
        else if (len > 0 && copy[len - 1] != ' ')
            copy[len++] = ' ';
    while (len > 0 && copy[len - 1] == ' ')
        len--;
    if (len >= 2 && copy[0] == '\'' && copy[len - 1] == '\'')
        return (struct span){copy + 1, len - 2};
    return (struct span){copy, len};
}

static struct span
decode_phrase(struct span phrase, struct arena *arena)
{
    struct bytes decoded = {0};
    struct span  copy;

    words_decode(SPAN(""), phrase, &decoded);
    copy = decoded.len > 0 ? tidy(bytes_span(&decoded), arena) : phrase;
    bytes_free(&decoded);
    return copy;
}

static void
take_mailboxes(const struct field *field, struct spans *texts, struct arena *arena)
{
    struct mailboxes mailboxes = {0};
    size_t           octets    = 0;

    for (size_t i = 0; i < texts->count && (octets += texts->items[i].len) <= SEARCHED_OCTETS_MAX; i++)
        mailboxes_read(&mailboxes, texts->items[i], arena);
    texts->count = octets = 0;
    for (size_t i = 0; i < mailboxes.count && octets <= SEARCHED_OCTETS_MAX; i++) {
        struct mailbox mailbox = mailboxes.items[i];
        struct span    text    = field->address ? mailbox.address : mailbox.phrase;

        octets += text.len;
        if (text.data != NULL)
            spans_add(texts, field->address || field->raw ? text : decode_phrase(text, arena));
    }
    mailboxes_free(&mailboxes);
}

/* The word at the beginning, up to `most` octets of it. */
static struct span
first_word(struct span text, size_t most)
{
    size_t len = 0;

    while (len < text.len && len < most && !isspace((unsigned char)text.data[len]))
        len++;
    return span_head(text, len);
}

/* Where the top-level domain ends that begins at `from`; 0 if there is none. */
static size_t
top_level_end(const struct registry *registry, struct span word, size_t from)
{
    size_t end = from;

    while (end < word.len && (isalnum((unsigned char)word.data[end]) || word.data[end] == '-'))
        end++;
    if (end == from || (end < word.len && (word.data[end] == '.' || word.data[end] == '_')) ||
        !registry_is_top(registry, (struct span){word.data + from, end - from}))
        return 0;
    return end;
}

/* The longest beginning of a word that ends in a top-level domain. */
static struct span
host_in_front(const struct registry *registry, struct span word)
{
    size_t most = word.len < HOST_OCTETS_MAX ? word.len : HOST_OCTETS_MAX;

    for (size_t dot = most; dot-- > 1;) {
        size_t end = word.data[dot] == '.' ? top_level_end(registry, word, dot + 1) : 0;

        if (end > 0)
            return span_head(word, end);
    }
    return (struct span){0};
}

static bool
is_host(struct span host)
{
    struct bytes ascii = {0};
    bool         valid = uri_host_to_ascii(host, &ascii) && registry_name_valid(bytes_span(&ascii));

    bytes_free(&ascii);
    return valid;
}

/* What follows the last @ that a host follows, in the first line that has one. */
static struct span
host_behind_at(const struct registry *registry, struct span text)
{
    while (text.len > 0) {
        const char *newline = memchr(text.data, '\n', text.len);
        size_t      len     = newline != NULL ? (size_t)(newline - text.data) : text.len;

        for (size_t at = len; at-- > 0;) {
            struct span rest = {text.data + at + 1, len - at - 1}, host = {0};

            if (text.data[at] == '@')
                host = host_in_front(registry, first_word(rest, WORD_OCTETS_MAX));
            if (host.len > 0)
                return host;
        }
        text = span_tail(text, newline != NULL ? len + 1 : len);
    }
    return (struct span){0};
}

static struct span
host_anywhere(const struct registry *registry, struct span text)
{
    size_t at = 0;

    while (at < text.len) {
        struct span rest = span_tail(text, at);
        struct span host = {0};

        if (at == 0 || memchr("._-", text.data[at - 1], 3) == NULL)
            host = host_in_front(registry, first_word(rest, WORD_OCTETS_MAX));
        if (host.len > 0 && is_host(host))
            return host;
        at += host.len > 0 ? host.len : 1;
    }
    return (struct span){0};
}

static struct span
find_host(const struct field *field, const struct registry *registry, struct span text)
{
    struct span host;

    if (field->address) {
        const char *at = text.len > 0 ? memrchr(text.data, '@', text.len) : NULL;

        host = at != NULL ? span_tail(text, (size_t)(at - text.data) + 1) : (struct span){0};
        return first_word(host, host.len);
    }
    text = span_head(text, text.len < HOST_TEXT_MAX ? text.len : HOST_TEXT_MAX);
    host = host_behind_at(registry, text);
    return host.len > 0 && is_host(host) ? host : host_anywhere(registry, text);
}

/* In lower case, with single dots between labels. */
static struct span
domain_of(const struct registry *registry, struct span host, struct arena *arena)
{
    char  *copy = arena_new(arena, host.len + 1);
    size_t len  = 0;

    for (size_t i = 0; i < host.len; i++)
        if (host.data[i] != '.' || (len > 0 && copy[len - 1] != '.'))
            copy[len++] = (char)tolower((unsigned char)host.data[i]);
    while (len > 0 && copy[len - 1] == '.')
        len--;
    return registry_domain(registry, (struct span){copy, len});
}

static void
take_hosts(const struct field *field, const struct registry *registry, struct spans *texts, struct arena *arena)
{
    size_t count = 0, octets = 0;

    for (size_t i = 0; i < texts->count && (octets += texts->items[i].len) <= SEARCHED_OCTETS_MAX; i++) {
        struct span host = find_host(field, registry, texts->items[i]);

        if (host.len > 0)
            texts->items[count++] = field->domain ? domain_of(registry, host, arena) : host;
    }
    texts->count = count;
}

/* "192.0.2.1" to "1.2.0.192"; of IPv6 all 32 digits, the last first (RFC 5782, 2.4). Data NULL: it cannot be. */
static struct span
reverse(struct span ip, struct arena *arena)
{
    struct network_address address;
    bool                   is_ipv4 = memchr(ip.data, ':', ip.len) == NULL;
    struct bytes           text    = {0};
    struct span            copy;

    if (span_starts_nocase(ip, SPAN("IPv6:")) || !network_address_read(ip, &address))
        return (struct span){0};
    for (int i = 15; i >= (is_ipv4 ? 12 : 0); i--)
        if (is_ipv4)
            bytes_printf(&text, "%s%u", i < 15 ? "." : "", address.octets[i]);
        else
            bytes_printf(&text, "%s%x.%x", i < 15 ? "." : "", address.octets[i] & 0xfU, address.octets[i] >> 4);
    copy = arena_copy(arena, bytes_span(&text));
    bytes_free(&text);
    return copy;
}

static struct span
find_ip(struct span text)
{
    struct network_address address;
    struct regex_found     found;

    for (size_t at = 0; at < text.len && regex_find(regex_of(&any_ip), text, at, &found); at = found.ends[0] + 1)
        if (network_address_read(regex_group(&found, 1), &address))
            return regex_group(&found, 1);
    return (struct span){0};
}

static void
take_ips(const struct field *field, struct spans *texts, struct arena *arena)
{
    size_t count = 0;

    for (size_t i = 0; i < texts->count; i++) {
        struct span ip = find_ip(texts->items[i]);

        if (ip.len > 0 && field->reverse_ip)
            ip = reverse(ip, arena);
        if (ip.len > 0)
            texts->items[count++] = ip;
    }
    texts->count = count;
}

void
field_parts_take(const struct field *field, const struct registry *registry, struct spans *texts, struct arena *arena)
{
    if (field->address || field->phrase)
        take_mailboxes(field, texts, arena);
    if (field->host)
        take_hosts(field, registry, texts, arena);
    else if (field->ip)
        take_ips(field, texts, arena);
}
