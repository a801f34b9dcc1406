/* From the top down as long as a relay can be believed; then nothing below it can. */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/mail/memo.h"

/* How many fields, and how many octets of them, are looked at. */
enum { RECEIVED_MAX = 1000, RECEIVED_OCTETS_MAX = MAIL_HEADER_MAX };

/* The way down. */
struct descent {
    const struct relay_settings *settings;
    struct relays               *relays;
    struct arena                *arena;
    bool                         trusts, internal; /* still */
    bool                         met_msa;          /* which answers for all below it */
    struct span                  sender;           /* that a field above said belongs here */
    size_t                       fields, octets;
};

struct mail_memo *
mail_memo_new(void)
{
    return memory_new(sizeof(struct mail_memo));
}

void
mail_memo_free(struct mail_memo **memo)
{
    if (*memo == NULL)
        return;
    free((*memo)->relays.items);
    arena_free(&(*memo)->arena);
    free(*memo);
    *memo = NULL;
}

/* What nobody configured is inferred: from private networks to those who proved who they are. */
static void
infer(struct descent *descent, const struct relay *relay)
{
    if (!relay->ip_private && relay->auth.len == 0)
        descent->trusts = descent->internal = false;
}

/* What is configured: trusted networks stand in for internal ones, and the other way round. */
static void
look_up(struct descent *descent, struct relay *relay)
{
    const struct relay_settings *settings = descent->settings;
    const struct networks       *trusted  = settings->trusted_set ? &settings->trusted : &settings->internal;
    const struct networks       *internal = settings->internal_set ? &settings->internal : &settings->trusted;
    bool                         proved   = relay->auth.len > 0;

    if (!proved && !networks_contain(trusted, relay->ip)) {
        descent->trusts = descent->internal = false;
        return;
    }
    if (!proved && !networks_contain(internal, relay->ip))
        descent->internal = false;
    relay->msa = descent->met_msa = networks_contain(&settings->msa, relay->ip);
}

static void
add_relay(struct descent *descent, struct relay *relay)
{
    struct relays *relays = descent->relays;

    if (descent->trusts && !descent->met_msa) {
        if (descent->settings->trusted_set || descent->settings->internal_set)
            look_up(descent, relay);
        else
            infer(descent, relay);
    }
    relay->internal                = descent->internal;
    relays->items                  = memory_resize_array(relays->items, relays->count + 1, sizeof(relays->items[0]));
    relays->items[relays->count++] = *relay;
    relays->trusted += descent->trusts;
    relays->internal += descent->internal;
}

/* The mail was fetched from a mailbox. If all above can be believed, the mail's way to that mailbox begins here. */
static void
start_again(struct relays *relays)
{
    if (relays->trusted == relays->count)
        relays->count = relays->trusted = relays->internal = 0;
}

static void
add_received(struct descent *descent, struct span value)
{
    struct relays     *relays = descent->relays;
    struct span        sender = descent->sender;
    struct relay       relay;
    enum received_kind kind;

    if (descent->fields == RECEIVED_MAX || descent->octets > RECEIVED_OCTETS_MAX)
        return;
    descent->fields++;
    descent->octets += value.len;
    kind            = received_read(value, descent->arena, &relay);
    descent->sender = kind == RECEIVED_SKIPPED ? relay.envfrom : (struct span){0};
    relays->unparseable += kind == RECEIVED_UNPARSEABLE;
    if (kind == RECEIVED_FETCHED)
        start_again(relays);
    if (kind == RECEIVED_RELAY && sender.len > 0)
        relay.envfrom = sender;
    if (kind == RECEIVED_RELAY)
        add_relay(descent, &relay);
    relays->trusted_received += descent->trusts;
    relays->internal_received += descent->internal;
}

/* Fields like X-Originating-IP are read as if they were the lowest Received fields. */
static void
add_originating(struct descent *descent, const struct mail_headers *headers, const char *name)
{
    struct span  value = mail_headers_last(headers, span_of(name));
    struct span  ip    = value.len > 0 ? received_find_address(value) : value;
    struct bytes line  = {0};

    if (ip.len == 0)
        return;
    bytes_printf(&line, "from X-Originating-IP: %.*s", SPAN_ARG(ip));
    add_received(descent, bytes_span(&line));
    bytes_free(&line);
}

static void
descend(const struct mail *mail, struct mail_memo *memo)
{
    struct descent descent = {.settings = &mail->settings->relays,
                              .relays   = &memo->relays,
                              .arena    = &memo->arena,
                              .trusts   = true,
                              .internal = true};

    for (size_t i = 0; i < mail->headers.count; i++)
        if (span_equal_nocase(mail->headers.items[i].name, SPAN("Received")))
            add_received(&descent, mail->headers.items[i].value);
    for (size_t i = 0; i < mail->settings->relays.originating_count; i++)
        add_originating(&descent, &mail->headers, mail->settings->relays.originating_ip_headers[i]);
}

const struct relays *
relays_of(const struct mail *mail)
{
    struct mail_memo *memo = mail->memo;

    if (!memo->relays_known)
        descend(mail, memo);
    memo->relays_known = true;
    return &memo->relays;
}

const struct relay *
relays_part(const struct relays *relays, enum relays_part part, size_t *count)
{
    size_t edge  = part == RELAYS_TRUSTED || part == RELAYS_UNTRUSTED ? relays->trusted : relays->internal;
    bool   above = part == RELAYS_TRUSTED || part == RELAYS_INTERNAL;

    *count = above ? edge : relays->count - edge;
    return above || relays->items == NULL ? relays->items : relays->items + edge;
}

/* A fact may hold a NUL. */
static void
add_fact(struct bytes *text, struct span name, struct span fact)
{
    bytes_add(text, name);
    bytes_add(text, fact);
}

static void
print_relay(const struct relay *relay, struct bytes *text)
{
    add_fact(text, SPAN("[ ip="), relay->ip);
    add_fact(text, SPAN(" rdns="), relay->rdns);
    add_fact(text, SPAN(" helo="), relay->helo);
    add_fact(text, SPAN(" by="), relay->by);
    add_fact(text, SPAN(" ident="), relay->ident);
    add_fact(text, SPAN(" envfrom="), relay->envfrom);
    bytes_printf(text, " intl=%d", relay->internal);
    add_fact(text, SPAN(" id="), relay->id);
    add_fact(text, SPAN(" auth="), relay->auth);
    bytes_printf(text, " msa=%d ]", relay->msa);
}

void
relays_print(const struct relays *relays, enum relays_part part, struct bytes *text)
{
    size_t              count;
    const struct relay *relay = relays_part(relays, part, &count);

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            bytes_add_char(text, ' ');
        print_relay(&relay[i], text);
    }
}
