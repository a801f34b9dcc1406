/*
 * VBounce: is a bounce about mail that was sent from here? It is if one of the hosts that our mail leaves by
 * (welcomelist_bounce_relays) stands in the Received fields of the mail that comes back with it.
 */
#include "base/text.h"
#include "rules/eval/address_list.h"
#include "rules/eval/eval_field.h"
#include "rules/eval/plugins.h"

enum { FIELD_MAX = 64 * 1024 /* octets of one Received field */ };

struct vbounce_settings {
    struct address_list *relays;
};

static const struct address_list *
relays_of(const struct eval_run *run)
{
    const struct vbounce_settings *settings = eval_plugin_settings(run, &vbounce_plugin);

    return settings->relays;
}

/* Can it be a host's name: is there a point in it, not only at an end? */
static bool
has_inner_point(struct span word)
{
    return word.len > 2 && memchr(word.data + 1, '.', word.len - 2) != NULL;
}

/* Is any host that stands there, white space on both sides, one of ours? Of two with only a space between, the first
 * counts. */
static bool
names_relay(struct eval_run *run, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t      end = i + 1;
        struct span word;

        if (!text_is_space(text.data[i]))
            continue;
        while (end < text.len && !text_is_space(text.data[end]))
            end++;
        word = (struct span){text.data + i + 1, end - i - 1};
        if (end == text.len || !has_inner_point(word))
            continue;
        if (address_list_has(relays_of(run), eval_lower(run, word).data))
            return true;
        i = end;
    }
    return false;
}

/* Is it a Received field, perhaps a quoted one? */
static bool
is_received(struct span line)
{
    while (line.len > 0 && (line.data[0] == '>' || line.data[0] == ' '))
        line = span_tail(line, 1);
    return span_starts_nocase(line, SPAN("Received:"));
}

static bool
text_names_relay(struct eval_run *run)
{
    const struct spans *body = &run->mail->body;

    for (size_t i = 0; i < body->count; i++)
        if (is_received(body->items[i]) && names_relay(run, body->items[i]))
            return true;
    return false;
}

/* Takes the line and those that continue it off, without their line ends. */
static struct span
take_field(struct span *rest, struct bytes *field)
{
    struct span line;

    bytes_clear(field);
    for (bool first = true; rest->len > 0 && (first || text_is_space(rest->data[0])); first = false) {
        (void)eval_next_line(rest, &line);
        if (first ? is_received(line) : field->len > 0 && field->len < FIELD_MAX)
            bytes_add(field, line);
    }
    return bytes_span(field);
}

/* In attached mails, as they came. */
static bool
body_names_relay(struct eval_run *run)
{
    struct span  rest  = span_tail(run->mail->full, run->mail->head.len);
    struct bytes field = {0};
    bool         found = false;

    while (!found && rest.len > 0)
        found = names_relay(run, take_field(&rest, &field));
    bytes_free(&field);
    return found;
}

static unsigned
have_any_bounce_relays(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return !address_list_is_empty(relays_of(run));
}

static unsigned
check_bounce_relays(struct eval_run *run, const struct eval_call *call)
{
    (void)call;
    return !address_list_is_empty(relays_of(run)) && (text_names_relay(run) || body_names_relay(run));
}

static int
read_relays(void *settings, const struct eval_directive *directive, struct span value, struct bytes *why)
{
    struct vbounce_settings *vbounce = settings;

    (void)directive;
    if (value.len == 0) {
        bytes_printf(why, "missing host");
        return -1;
    }
    for (struct span word = text_next_token(&value); word.len > 0; word = text_next_token(&value))
        (void)address_list_add(vbounce->relays, word);
    return 0;
}

static void
fill_settings(void *settings, const struct mail_settings *mail_settings)
{
    struct vbounce_settings *vbounce = settings;

    (void)mail_settings;
    vbounce->relays = address_list_new();
}

static void
clear_settings(void *settings)
{
    struct vbounce_settings *vbounce = settings;

    address_list_free(&vbounce->relays);
}

static const struct eval_function functions[] = {
    {.name = "have_any_bounce_relays", .run = have_any_bounce_relays},
    {.name = "check_welcomelist_bounce_relays", .run = check_bounce_relays},
    {.name = "check_whitelist_bounce_relays", .run = check_bounce_relays},
    {.name = NULL},
};

static const struct eval_directive directives[] = {
    {.word = "welcomelist_bounce_relays", .read = read_relays},
    {.word = "whitelist_bounce_relays", .read = read_relays},
    {.word = NULL},
};

const struct eval_plugin vbounce_plugin = {
    .name          = "VBounce",
    .functions     = functions,
    .directives    = directives,
    .settings_size = sizeof(struct vbounce_settings),
    .fill          = fill_settings,
    .clear         = clear_settings,
};
