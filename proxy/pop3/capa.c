/* Capabilities: the server's list is sifted as it comes, and popgate's own list is made from what was kept. */
#include "proxy/pop3/capa.h"
#include "base/count.h"
#include "base/text.h"
#include "proxy/pop3/sasl.h"

enum { LINE_OCTETS = 510 }; /* at most, without CR LF (RFC 2449, 5) */

/* What may go on, as far as the offer allows: IANA's registry without what popgate does itself. */
static const char *const kept[] = {
    "TOP",  "USER",           "SASL",           "RESP-CODES", "LOGIN-DELAY", "EXPIRE",
    "UIDL", "IMPLEMENTATION", "AUTH-RESP-CODE", "UTF8",       "LANG",
};

static bool
may_go_on(struct span name)
{
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (span_equal_nocase(name, span_of(kept[i])))
            return true;
    return false;
}

/* Takes the next line, without CR LF, off `rest`. */
static struct span
next_line(struct span *rest)
{
    const char *lf   = memchr(rest->data, '\n', rest->len);
    struct span line = span_head(*rest, (size_t)(lf - rest->data) - 1);

    *rest = span_tail(*rest, line.len + 2);
    return line;
}

static void
add_line(struct bytes *lines, struct span line)
{
    bytes_add(lines, line);
    bytes_add(lines, SPAN("\r\n"));
}

static bool
has_line(const struct bytes *lines, struct span name)
{
    struct span rest = bytes_span(lines);

    while (rest.len > 0) {
        struct span line = next_line(&rest);

        if (span_equal_nocase(text_next_word(&line), name))
            return true;
    }
    return false;
}

static bool
has_word(struct span words, struct span word)
{
    while (words.len > 0)
        if (span_equal_nocase(text_next_word(&words), word))
            return true;
    return false;
}

static void
add_mechanisms(struct bytes *mechanisms, struct span words)
{
    while (words.len > 0) {
        const struct sasl_mechanism *mechanism = sasl_find(text_next_word(&words));

        if (mechanism == NULL || has_word(bytes_span(mechanisms), span_of(mechanism->name)))
            continue;
        if (mechanisms->len > 0)
            bytes_add_char(mechanisms, ' ');
        bytes_add(mechanisms, span_of(mechanism->name));
    }
}

void
capa_add(struct capa *capa, struct span line)
{
    struct span rest = line, name;

    if (capa->lines == CAPA_LINES_MAX || line.len > LINE_OCTETS || text_has_control(line))
        return;
    capa->lines++;
    name = text_next_word(&rest);
    if (span_equal_nocase(name, SPAN("PIPELINING")))
        capa->pipelining = true;
    if (span_equal_nocase(name, SPAN("STLS")))
        capa->stls = true;
    if (span_equal_nocase(name, SPAN("SASL")))
        add_mechanisms(&capa->mechanisms, rest);
    if (may_go_on(name) && !has_line(&capa->kept, name))
        add_line(&capa->kept, span_tail(line, (size_t)(name.data - line.data)));
}

static bool
is_offered(const struct capa_offer *offer, bool plaintext)
{
    return offer->login && (offer->plaintext || !plaintext);
}

/* Appends the mechanisms that are offered, each with `before` and `after` around it. */
static void
write_mechanisms(const struct capa *capa, const struct capa_offer *offer, const char *before, const char *after,
                 struct bytes *reply)
{
    struct span rest = bytes_span(&capa->mechanisms);

    while (rest.len > 0) {
        struct span word = text_next_word(&rest);

        if (is_offered(offer, sasl_find(word)->plaintext))
            bytes_printf(reply, "%s%.*s%s", before, SPAN_ARG(word), after);
    }
}

static void
write_sasl(const struct capa *capa, const struct capa_offer *offer, struct bytes *reply)
{
    struct bytes words = {0};

    write_mechanisms(capa, offer, " ", "", &words);
    if (words.len > 0)
        bytes_printf(reply, "SASL%s\r\n", words.data);
    bytes_free(&words);
}

static void
write_kept(const struct capa *capa, const struct capa_offer *offer, struct bytes *reply)
{
    struct span rest = bytes_span(&capa->kept);

    while (rest.len > 0) {
        struct span line = next_line(&rest), words = line, name = text_next_word(&words);

        if (span_equal_nocase(name, SPAN("SASL")))
            write_sasl(capa, offer, reply);
        else if (!span_equal_nocase(name, SPAN("USER")) || is_offered(offer, true))
            add_line(reply, line);
    }
}

/* What servers that are older than CAPA can do. */
static void
write_guessed(const struct capa_offer *offer, struct bytes *reply)
{
    if (is_offered(offer, true))
        add_line(reply, SPAN("USER"));
    if (offer->uidl)
        add_line(reply, SPAN("UIDL"));
    if (offer->top)
        add_line(reply, SPAN("TOP"));
}

void
capa_write(const struct capa *capa, const struct capa_offer *offer, struct bytes *reply)
{
    add_line(reply, SPAN("+OK capability list follows"));
    write_kept(capa, offer, reply);
    if (!capa->known)
        write_guessed(offer, reply);
    add_line(reply, SPAN("PIPELINING"));
    if (offer->stls)
        add_line(reply, SPAN("STLS"));
    add_line(reply, SPAN("."));
}

void
capa_write_mechanisms(const struct capa *capa, const struct capa_offer *offer, struct bytes *reply)
{
    add_line(reply, SPAN("+OK list of mechanisms follows"));
    write_mechanisms(capa, offer, "", "\r\n", reply);
    add_line(reply, SPAN("."));
}

bool
capa_has_mechanism(const struct capa *capa, struct span mechanism)
{
    return !capa->known || has_word(bytes_span(&capa->mechanisms), mechanism);
}

void
capa_free(struct capa *capa)
{
    bytes_free(&capa->kept);
    bytes_free(&capa->mechanisms);
    *capa = (struct capa){0};
}
