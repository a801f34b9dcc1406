/* Names and modifiers. */
#include <ctype.h>
#include <stdlib.h>

#include "base/count.h"
#include "base/memory.h"
#include "rules/mail/field.h"

static const struct {
    const char *name;
    size_t      offset; /* of a bool in struct field */
} modifiers[] = {
    {"raw", offsetof(struct field, raw)},          {"addr", offsetof(struct field, address)},
    {"name", offsetof(struct field, phrase)},      {"host", offsetof(struct field, host)},
    {"domain", offsetof(struct field, domain)},    {"ip", offsetof(struct field, ip)},
    {"revip", offsetof(struct field, reverse_ip)}, {"first", offsetof(struct field, first)},
    {"last", offsetof(struct field, last)},
};

enum { MODIFIERS = COUNT_OF(modifiers) };

static const struct {
    const char       *name;
    bool              exactly; /* in upper and lower case as here */
    enum field_source source;
} sources[] = {
    {"ALL", true, FIELD_ALL},
    {"ALL-TRUSTED", true, FIELD_ALL_TRUSTED},
    {"ALL-INTERNAL", true, FIELD_ALL_INTERNAL},
    {"ALL-UNTRUSTED", true, FIELD_ALL_UNTRUSTED},
    {"ALL-EXTERNAL", true, FIELD_ALL_EXTERNAL},
    {"MESSAGEID", true, FIELD_MESSAGE_ID},
    {"EnvelopeFrom", false, FIELD_ENVELOPE_FROM},
    {"X-Spam-Relays-Trusted", false, FIELD_RELAYS_TRUSTED},
    {"X-Spam-Relays-Untrusted", false, FIELD_RELAYS_UNTRUSTED},
    {"X-Spam-Relays-Internal", false, FIELD_RELAYS_INTERNAL},
    {"X-Spam-Relays-External", false, FIELD_RELAYS_EXTERNAL},
    {"ToCc", false, FIELD_TO_CC},
};

enum { SOURCES = COUNT_OF(sources) };

static bool
is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.data[i]) && strchr("_.-", name.data[i]) == NULL)
            return false;
    return name.len > 0;
}

static struct span
take_word(struct span *text)
{
    struct span word = span_head(*text, span_find(*text, ':'));

    *text = span_tail(*text, word.len < text->len ? word.len + 1 : word.len);
    return word;
}

static int
parse_modifier(struct field *field, struct span word, struct bytes *why)
{
    for (size_t i = 0; i < MODIFIERS; i++) {
        if (!span_equal(word, span_of(modifiers[i].name)))
            continue;
        *(bool *)((char *)field + modifiers[i].offset) = true;
        return 0;
    }
    bytes_printf(why, "unknown modifier \":%.*s\"", SPAN_ARG(word));
    return -1;
}

static enum field_source
source_of(const char *name)
{
    for (size_t i = 0; i < SOURCES; i++)
        if ((sources[i].exactly ? strcmp(name, sources[i].name) : strcasecmp(name, sources[i].name)) == 0)
            return sources[i].source;
    return FIELD_NAMED;
}

int
field_parse(struct field *field, struct span text, struct bytes *why)
{
    struct span name = take_word(&text);

    *field = (struct field){.source = FIELD_NAMED};
    if (!is_name(name)) {
        bytes_printf(why, "\"%.*s\" is no header field's name", SPAN_ARG(name));
        return -1;
    }
    field->name   = memory_copy_span(name);
    field->source = source_of(field->name);
    while (text.len > 0)
        if (parse_modifier(field, take_word(&text), why) != 0)
            return -1;
    field->host |= field->domain;
    field->ip |= field->reverse_ip;
    return 0;
}

bool
field_equal(const struct field *a, const struct field *b)
{
    for (size_t i = 0; i < MODIFIERS; i++)
        if (*(const bool *)((const char *)a + modifiers[i].offset) !=
            *(const bool *)((const char *)b + modifiers[i].offset))
            return false;
    return a->source == b->source && (a->source != FIELD_NAMED || strcasecmp(a->name, b->name) == 0);
}

void
field_clear(struct field *field)
{
    free(field->name);
    *field = (struct field){0};
}
