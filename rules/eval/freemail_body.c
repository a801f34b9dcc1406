/*
 * The mail addresses in a mail's text that are somebody's to be written to: not those inside of links, not those of
 * whom the mail quotes ("Ann <ann@example.com> wrote:"), but those of mailto: links.
 */
#include "base/text.h"
#include "rules/eval/freemail.h"

enum {
    USER_MAX    = 64, /* octets in front of the @ */
    LABEL_MAX   = 61,
    LABELS_MAX  = 5,   /* the top-level domain among them */
    LINK_MAX    = 255, /* octets of a link in front of an @, and behind */
    MAILTOS_MAX = 20,
    EMAILS_MAX  = 40
};

/* What may stand in front of an @, but for points between (RFC 5322, 3.2.3: atext). */
static bool
is_atom(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool
is_label_char(struct span text, size_t at)
{
    return at < text.len && (g_ascii_isalnum(text.data[at]) || text.data[at] == '-');
}

/* Is "mailto:" right in front of `at`? */
static bool
behind_mailto(struct span text, size_t at)
{
    return at >= 7 && span_equal_nocase((struct span){text.data + at - 7, 7}, SPAN("mailto:"));
}

/* Where the user in front of the @ at `at` begins, not before `from`: as far left as possible. `at` if nowhere. */
static size_t
find_user(struct span text, size_t from, size_t at, bool quoted)
{
    size_t start = at;

    for (size_t i = at; i > from && at - i < USER_MAX; i--) {
        char c = text.data[i - 1], before = i >= 2 ? text.data[i - 2] : ' ';

        if (c == '.' ? i == at || text.data[i] == '.' : !is_atom(c))
            break;
        if (c != '.' && !is_atom(before) && !(quoted && behind_mailto(text, i - 1)))
            start = i - 1;
    }
    return start;
}

/* Where the host that begins at `at` ends: two to five labels, the last a top-level domain. `at` if there is none. */
static size_t
find_host_end(struct span text, size_t at, const struct registry *registry)
{
    size_t start = at;

    for (unsigned labels = 1; labels <= LABELS_MAX; labels++) {
        struct span label = span_tail(text, start);
        size_t      end   = start;

        while (is_label_char(text, end))
            end++;
        label.len = end - start;
        if (label.len == 0 || label.data[0] == '-' || label.data[label.len - 1] == '-')
            return at;
        if (end == text.len || text.data[end] != '.' || end + 1 == text.len || !g_ascii_isalnum(text.data[end + 1]))
            return labels > 1 && registry_is_top(registry, label) ? end : at;
        if (label.len > LABEL_MAX)
            return at;
        start = end + 1;
    }
    return at;
}

/* The next address whose @ is at `search` or behind, and that begins at `from` or behind. With `quoted`, none right
 * behind "mailto:". */
static bool
find_address(struct span text, size_t from, size_t search, bool quoted, const struct registry *registry,
             struct span *address)
{
    while (search < text.len) {
        const char *found = memchr(text.data + search, '@', text.len - search);
        size_t      at    = found != NULL ? (size_t)(found - text.data) : text.len;
        size_t      user  = found != NULL ? find_user(text, from, at, quoted) : at;
        size_t      end   = user < at ? find_host_end(text, at + 1, registry) : at + 1;

        if (end > at + 1) {
            *address = (struct span){text.data + user, end - user};
            return true;
        }
        search = at + 1;
    }
    return false;
}

/* How many octets behind an address say that it is quoted: ">" or " wrote:"; 0 if none do. "Fax:" does not. */
static size_t
quote_length(struct span rest)
{
    static struct regex_built_in quote = {"^(?:>|\\s{1,10}(?!fax|facsi|tel|phone|e?-?mail)[a-z]{2,11}:)", "i", NULL};
    struct regex_found           found;

    return regex_find(regex_of(&quote), rest, 0, &found) ? regex_group(&found, 0).len : 0;
}

/* Copies the text with a space for each quoted address. */
static void
take_quoted_out(struct span text, const struct registry *registry, struct bytes *kept)
{
    size_t      done = 0, search = 0;
    struct span address;

    while (find_address(text, done, search, true, registry, &address)) {
        size_t start = (size_t)(address.data - text.data), end = start + address.len;
        size_t quote = quote_length(span_tail(text, end));

        search = end;
        if (quote == 0)
            continue;
        if (start > done && text.data[start - 1] == '<')
            start--;
        bytes_add(kept, (struct span){text.data + done, start - done});
        bytes_add_char(kept, ' ');
        search = done = end + quote;
    }
    bytes_add(kept, span_tail(text, done));
}

static bool
is_at_sign(struct span text, size_t at)
{
    return text.data[at] == '@' || (at + 2 < text.len && memcmp(text.data + at, "%40", 3) == 0);
}

/* The end of a link whose host begins at `at`, if there is an @ in it; `at` if there is none. */
static size_t
link_end(struct span text, size_t at)
{
    size_t end = at;

    for (size_t i = at; i < text.len && i - at <= LINK_MAX && !text_is_space(text.data[i]); i++)
        if (is_at_sign(text, i))
            end = i + (text.data[i] == '@' ? 1 : 3);
    for (size_t i = 0; end > at && i < LINK_MAX && end < text.len && !text_is_space(text.data[end]); i++)
        end++;
    return end;
}

/* Where "http" or "https" begins that ends at `at`; `at` if neither does. */
static size_t
scheme_start(struct span text, size_t from, size_t at)
{
    static const struct span schemes[] = {{"https", 5}, {"http", 4}};

    for (size_t i = 0; i < 2; i++)
        if (at >= from + schemes[i].len &&
            span_equal_nocase((struct span){text.data + at - schemes[i].len, schemes[i].len}, schemes[i]))
            return at - schemes[i].len;
    return at;
}

/* Copies the text with a space for each link that has an @ in it. */
static void
take_links_out(struct span text, struct bytes *kept)
{
    size_t done = 0, from = 0;

    while (from < text.len) {
        const char *found = memmem(text.data + from, text.len - from, "://", 3);
        size_t      colon = found != NULL ? (size_t)(found - text.data) : text.len;
        size_t      start = found != NULL ? scheme_start(text, done, colon) : colon;
        size_t      end   = start < colon ? link_end(text, colon + 3) : colon + 3;

        from = colon + 3;
        if (end == colon + 3)
            continue;
        if (start > done && text.data[start - 1] == '<')
            start--;
        bytes_add(kept, (struct span){text.data + done, start - done});
        bytes_add_char(kept, ' ');
        from = done = end;
    }
    bytes_add(kept, span_tail(text, done));
}

/* Adds the address, unless it is there already. */
static void
add_once(struct eval_run *run, struct span address, struct spans *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (span_equal_nocase(addresses->items[i], address))
            return;
    spans_add(addresses, eval_lower(run, address));
}

/* Of <a href="mailto:...">: they do not stand in the text. */
static void
add_mailtos(struct eval_run *run, struct spans *addresses)
{
    const struct uri_details *details = &run->mail->uri_details;

    for (size_t i = 0; i < details->count && addresses->count < MAILTOS_MAX; i++) {
        struct span uri = details->items[i].place.raw, address;

        if ((details->items[i].place.types & (URI_A | URI_PARSED)) != URI_A ||
            !span_starts_nocase(uri, SPAN("mailto:")))
            continue;
        uri = span_tail(uri, 7);
        if (find_address(uri, 0, 0, false, run->mail->settings->registry, &address) && address.data == uri.data)
            add_once(run, address, addresses);
    }
}

/* Returns what is left of the paragraph. */
static struct span
add_paragraph(struct eval_run *run, struct span paragraph, struct spans *addresses)
{
    const struct registry *registry = run->mail->settings->registry;
    struct bytes           linkless = {0}, text = {0};
    struct span            address;
    size_t                 from = 0;
    struct span            left = paragraph;

    take_links_out(paragraph, &linkless);
    take_quoted_out(bytes_span(&linkless), registry, &text);
    while (addresses->count < EMAILS_MAX && find_address(bytes_span(&text), from, from, false, registry, &address)) {
        from = (size_t)(address.data - text.data) + address.len;
        add_once(run, address, addresses);
    }
    if (!span_equal(bytes_span(&text), paragraph))
        left = arena_copy(&run->arena, bytes_span(&text));
    bytes_free(&linkless);
    bytes_free(&text);
    return left;
}

static bool
has_at_sign(struct span text)
{
    return memchr(text.data, '@', text.len) != NULL || memmem(text.data, text.len, "%40", 3) != NULL;
}

void
freemail_find_addresses(struct eval_run *run, struct spans *addresses)
{
    const struct spans *body = &run->mail->body;

    add_mailtos(run, addresses);
    run->body = arena_new(&run->arena, body->count * sizeof(run->body[0]));
    for (size_t i = 0; i < body->count; i++) {
        run->body[i] = body->items[i];
        if (addresses->count < EMAILS_MAX && has_at_sign(body->items[i]))
            run->body[i] = add_paragraph(run, body->items[i], addresses);
    }
}
