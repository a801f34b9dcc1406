/* From a mail to the texts that a field's name stands for, and from those to one value. */
#include <stdint.h>

#include "rules/mail/envelope.h"
#include "rules/mail/field_parts.h"
#include "rules/mail/header_text.h"
#include "rules/mail/relays.h"

/* A field while it is read. */
struct reading {
    const struct field *field;
    const struct mail  *mail;
    struct spans        texts;
    struct arena        arena; /* of texts that are made for this */
};

static void
read_named(struct reading *reading, const char *name, bool raw)
{
    const struct mail_headers *headers = &reading->mail->headers;
    struct span                wanted  = span_of(name);

    for (size_t i = 0; i < headers->count; i++)
        if (span_equal_nocase(headers->items[i].name, wanted))
            spans_add(&reading->texts, raw ? headers->items[i].raw : headers->items[i].value);
}

/* A copy in which each fold is a space. */
static struct span
unfold_value(struct span raw, struct arena *arena)
{
    char  *copy = arena_new(arena, raw.len + 1);
    size_t len  = 0;

    for (size_t i = 0; i < raw.len; i++) {
        size_t white = i + 1;

        while (raw.data[i] == '\n' && white < raw.len && strchr(" \t\n\v\f\r", raw.data[white]) != NULL)
            white++;
        copy[len++] = white > i + 1 ? ' ' : raw.data[i];
        i           = white - 1;
    }
    return (struct span){copy, len};
}

/* The names' fields, one name after the other. */
static void
read_several(struct reading *reading, const char *const *names)
{
    for (; *names != NULL; names++)
        read_named(reading, *names, reading->field->raw);
    for (size_t i = 0; reading->field->raw && i < reading->texts.count; i++)
        reading->texts.items[i] = unfold_value(reading->texts.items[i], &reading->arena);
}

/* Down to the Received field that the first relay wrote which we do not believe, or from it on. */
static void
read_part(struct reading *reading, enum relays_part part)
{
    const struct relays *relays   = relays_of(reading->mail);
    bool                 trust    = part == RELAYS_TRUSTED || part == RELAYS_UNTRUSTED;
    size_t               received = trust ? relays->trusted_received : relays->internal_received;
    struct header_range  above = {.from_top = true, .last = received}, below = {.first = received, .last = SIZE_MAX};

    header_text(reading->mail, part == RELAYS_TRUSTED || part == RELAYS_INTERNAL ? above : below, reading->field->raw,
                &reading->arena, &reading->texts);
}

static void
read_relays(struct reading *reading, enum relays_part part)
{
    struct bytes text = {0};

    relays_print(relays_of(reading->mail), part, &text);
    spans_add(&reading->texts, text.len > 0 ? arena_copy(&reading->arena, bytes_span(&text)) : SPAN(""));
    bytes_free(&text);
}

static void
read_envelope_from(struct reading *reading)
{
    struct span sender = envelope_sender(reading->mail);

    if (sender.data != NULL)
        spans_add(&reading->texts, sender);
}

static void
read_source(struct reading *reading)
{
    static const char *const to_cc[]      = {"To", "Cc", NULL};
    static const char *const message_id[] = {"X-Message-Id", "Resent-Message-Id", "X-Original-Message-ID", "Message-Id",
                                             NULL};
    const struct header_range all         = {.from_top = true, .last = SIZE_MAX};
    const struct field       *field       = reading->field;

    switch (field->source) {
    case FIELD_NAMED:
        read_named(reading, field->name, field->raw || field->address || field->phrase);
        break;
    case FIELD_ALL:
        header_text(reading->mail, all, field->raw, &reading->arena, &reading->texts);
        break;
    case FIELD_ALL_TRUSTED:
    case FIELD_ALL_UNTRUSTED:
    case FIELD_ALL_INTERNAL:
    case FIELD_ALL_EXTERNAL:
        read_part(reading, field->source - FIELD_ALL_TRUSTED + RELAYS_TRUSTED);
        break;
    case FIELD_RELAYS_TRUSTED:
    case FIELD_RELAYS_UNTRUSTED:
    case FIELD_RELAYS_INTERNAL:
    case FIELD_RELAYS_EXTERNAL:
        read_relays(reading, field->source - FIELD_RELAYS_TRUSTED + RELAYS_TRUSTED);
        break;
    case FIELD_ENVELOPE_FROM:
        read_envelope_from(reading);
        break;
    case FIELD_TO_CC:
        read_several(reading, to_cc);
        break;
    case FIELD_MESSAGE_ID:
        read_several(reading, message_id);
        break;
    }
}

/* Whole headers are not taken apart further. */
static void
take_parts(struct reading *reading)
{
    const struct field *field = reading->field;
    struct spans       *texts = &reading->texts;

    if (texts->count == 0 || (field->source >= FIELD_ALL && field->source <= FIELD_ALL_EXTERNAL))
        return;
    if (!field->first && field->last)
        texts->items[0] = texts->items[texts->count - 1];
    if (field->first || field->last)
        texts->count = 1;
    field_parts_take(field, reading->mail->settings->registry, texts, &reading->arena);
}

bool
field_read(const struct field *field, const struct mail *mail, struct bytes *value)
{
    struct reading      reading = {.field = field, .mail = mail};
    const struct spans *texts   = &reading.texts;
    bool                present, lines;

    read_source(&reading);
    take_parts(&reading);
    present = texts->count > 0;
    lines   = present && texts->items[0].len > 0 && texts->items[0].data[texts->items[0].len - 1] == '\n';
    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0 && !lines)
            bytes_add_char(value, '\n');
        bytes_add(value, texts->items[i]);
    }
    spans_free(&reading.texts);
    arena_free(&reading.arena);
    return present;
}
