/* What servers write, the best first. Fields below a Received one may be from the way to a mailing list. */
#include "rules/mail/envelope.h"
#include "base/count.h"
#include "rules/mail/field.h"
#include "rules/mail/memo.h"

/* The address in the topmost field called so. Data NULL: there is none. */
static struct span
first_address(const struct mail *mail, const char *name)
{
    struct field field = {.source = FIELD_NAMED, .name = (char *)name, .address = true, .first = true};
    struct bytes value = {0};
    struct span  copy  = {0};

    if (field_read(&field, mail, &value)) {
        value.len = span_find(bytes_span(&value), '\n');
        copy      = value.len > 0 ? arena_copy(&mail->memo->arena, bytes_span(&value)) : SPAN("");
    }
    bytes_free(&value);
    return copy;
}

/* Is there a name in front of the @, or no sender at all? */
static bool
is_sender(struct span text)
{
    return text.data != NULL && (text.len == 0 || memchr(text.data + 1, '@', text.len - 1) != NULL);
}

/* What the first relay that we do not believe said to one that we do; or else whoever came first. */
static struct span
sender_in_received(const struct mail *mail)
{
    const struct relays *relays = relays_of(mail);

    if (relays->count == 0)
        return (struct span){0};
    return relays->items[relays->trusted < relays->count ? relays->trusted : relays->count - 1].envfrom;
}

/* fetchmail guesses, and takes a list's X-Sender for the envelope's. */
static bool
was_guessed(const struct mail *mail)
{
    struct span x_sender = first_address(mail, "X-Sender");

    if (x_sender.len == 0 || memchr(x_sender.data, '@', x_sender.len) == NULL)
        return false;
    for (size_t i = 0; i < mail->headers.count; i++) {
        const struct mail_header *header = &mail->headers.items[i];

        if (span_equal_nocase(header->name, SPAN("Received")) &&
            memmem(header->value.data, header->value.len, "(fetchmail", 10) != NULL)
            return true;
    }
    return false;
}

/* Is there such a field somewhere below a Received field? */
static bool
is_below_received(const struct mail *mail, const char *name)
{
    bool received = false;

    for (size_t i = 0; i < mail->headers.count; i++) {
        if (received && span_equal_nocase(mail->headers.items[i].name, span_of(name)))
            return true;
        received |= span_equal_nocase(mail->headers.items[i].name, SPAN("Received"));
    }
    return false;
}

static struct span
sender_in_fields(const struct mail *mail)
{
    static const struct {
        const char *name;
        bool        last; /* if it cannot be believed, others cannot be either */
    } fields[] = {{"X-Envelope-From", true}, {"Envelope-Sender", false}, {"Return-Path", false}};

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct span sender = first_address(mail, fields[i].name);

        if (sender.data == NULL)
            continue;
        if (!is_below_received(mail, fields[i].name))
            return sender;
        if (fields[i].last)
            break;
    }
    return (struct span){0};
}

static struct span
find_sender(const struct mail *mail)
{
    const char *named  = mail->settings->relays.envelope_sender_header;
    struct span sender = named != NULL ? first_address(mail, named) : sender_in_received(mail);

    if (is_sender(sender))
        return sender;
    if (named != NULL || was_guessed(mail))
        return (struct span){0};
    return sender_in_fields(mail);
}

struct span
envelope_sender(const struct mail *mail)
{
    if (!mail->memo->sender_known)
        mail->memo->sender = find_sender(mail);
    mail->memo->sender_known = true;
    return mail->memo->sender;
}
